import type { AnalysisHealth, Camera, HealthParts, HealthReport, Storage } from '../api/types';

/** What can be wrong; each has its words: what it is, what it means, what to do. */
export const troubleKinds = [
  'database',
  'recordingFailed',
  'volumeAlarm',
  'caretaker',
  'camera',
  'cameraPassword',
  'cameraSetting',
  'volumeWarning',
  'lost',
  'analysis',
  'overload',
  'blind',
  'clock',
  'outboxDead',
  'outboxSlow',
  'busy',
  'memory',
  'evidenceLog',
  'linkKey',
  'configuration',
] as const;
export type TroubleKind = (typeof troubleKinds)[number];

export interface Trouble {
  kind: TroubleKind;
  /** Footage is lost or will be: act now. The others: attend. */
  urgent: boolean;
  /** A camera's or volume's name; null where it is about the node. */
  about: string | null;
  /** What the node or the camera said itself. */
  said: string;
  /** The room that mends it; null: none of the page's. */
  to: string | null;
}

export interface Findings {
  report: HealthReport | null;
  parts: HealthParts | null;
  cameras: readonly Camera[];
  storage: Storage | null;
  analysis: AnalysisHealth | null;
  now: number;
}

/** Longer than this nothing waits that has somewhere to go. */
const slowMs = 600_000;
const quietBlindness = ['off', 'noPictures', 'starting'];

/** Everything that somebody should look at, the urgent first; empty when all is well. */
export function troublesOf({ report, parts, cameras, storage, analysis, now }: Findings): Trouble[] {
  const found: Trouble[] = [];
  const add = (kind: TroubleKind, urgent: boolean, about: string | null, said: string, to: string | null) =>
    found.push({ kind, urgent, about, said, to });
  const nameOf = (id: string) => cameras.find((camera) => camera.id === id)?.name ?? id;
  const camera = (id: string) => `/settings/cameras?edit=${encodeURIComponent(id)}`;

  if (report && !report.database.answers) add('database', true, null, report.database.detail, null);
  for (const recorder of report?.recording ?? []) {
    const { state, unitsLost, reason } = recorder;
    if (state === 'diskFailed') add('recordingFailed', true, nameOf(recorder.camera), reason, '/settings/storage');
    else if (unitsLost > 0) add('lost', false, nameOf(recorder.camera), '', '/settings/storage');
  }
  if (storage?.fault) add('caretaker', true, null, storage.fault, '/settings/storage');
  for (const { name, level, detail } of storage?.volumes ?? []) {
    if (level === 'alarm') add('volumeAlarm', true, name, detail, '/settings/storage');
    else if (level === 'warning') add('volumeWarning', false, name, detail, '/settings/storage');
  }
  for (const { id, name, enabled, status } of cameras) {
    if (!enabled || ['running', 'disabled', 'connecting'].includes(status.state)) continue;
    const kind =
      status.state === 'unauthorised'
        ? 'cameraPassword'
        : status.state === 'misconfigured'
          ? 'cameraSetting'
          : 'camera';
    add(kind, status.state !== 'degraded', name, status.reason, camera(id));
  }
  if (analysis && analysis.state !== 'off' && analysis.reason !== '') {
    add('analysis', false, null, analysis.reason, '/settings/rules');
  }
  if (analysis?.overloaded) add('overload', false, null, '', '/settings/rules');
  for (const { camera: id, enabled, blind, detail } of analysis?.cameras ?? []) {
    if (!enabled || blind === null || quietBlindness.includes(blind) || (blind === 'overload' && analysis?.overloaded))
      continue;
    add('blind', false, nameOf(id), detail, `/settings/rules?camera=${encodeURIComponent(id)}`);
  }
  if (report?.clock.synchronised === false) add('clock', false, null, '', null);
  if (report?.outbox) {
    const { dead, oldestWaiting } = report.outbox;
    if (dead > 0) add('outboxDead', true, null, '', '/settings/notifications');
    if (oldestWaiting !== null && now - Date.parse(oldestWaiting) > slowMs) {
      add('outboxSlow', false, null, '', '/settings/notifications');
    }
  }
  if (report?.machine) {
    const { busy, memoryBytes, availableBytes } = report.machine;
    if (busy !== null && busy > 0.9) add('busy', false, null, '', null);
    if (memoryBytes !== null && availableBytes !== null && availableBytes < memoryBytes * 0.05) {
      add('memory', false, null, '', null);
    }
  }
  const log = parts?.parts.find(({ name }) => name === 'log');
  if (log && log.state !== 'ok') add('evidenceLog', false, null, log.detail.join(' '), null);
  const links = parts?.parts.find(({ name }) => name === 'links');
  if (links && links.state !== 'ok') add('linkKey', false, null, links.detail.join(' '), null);
  const configuration = parts?.parts.find(({ name }) => name === 'configuration');
  if (configuration && configuration.state !== 'ok') {
    add('configuration', false, null, configuration.detail.join(' '), '/settings/configuration');
  }
  const order = (trouble: Trouble) => (trouble.urgent ? 0 : troubleKinds.length) + troubleKinds.indexOf(trouble.kind);
  return found.sort((a, b) => order(a) - order(b));
}
