import { describe, expect, it } from 'vitest';
import type { AnalysisHealth, Camera, HealthParts, HealthReport, Storage } from '../api/types';
import en from '../i18n/en.json';
import { troubleKinds, troublesOf, type Findings } from './troubles';

const camera = (id: string, state: string, enabled = true) =>
  ({ id, name: id.toUpperCase(), enabled, status: { state, reason: `it is ${state}` } }) as Camera;
const report = {
  database: { answers: true, detail: '' },
  clock: { synchronised: true },
  machine: { busy: 0.2, memoryBytes: 100, availableBytes: 50 },
  recording: [],
  outbox: { waiting: 0, dead: 0, oldestWaiting: null },
} as unknown as HealthReport;
const well: Findings = {
  report,
  parts: { state: 'ok', parts: [] },
  cameras: [camera('gate', 'running'), camera('off', 'disabled', false)],
  storage: { fault: null, volumes: [] } as unknown as Storage,
  analysis: { state: 'running', reason: '', overloaded: false, cameras: [] } as unknown as AnalysisHealth,
  now: Date.parse('2026-01-01T00:00:00Z'),
};
const kinds = (change: Partial<Findings>) => troublesOf({ ...well, ...change }).map(({ kind }) => kind);

describe('what is told of health', () => {
  it('is nothing while all is well, and while nothing is known yet', () => {
    expect(troublesOf(well)).toEqual([]);
    expect(kinds({ report: null, parts: null, storage: null, analysis: null, cameras: [] })).toEqual([]);
  });

  it('begins with what costs footage, and says which room mends it', () => {
    const found = troublesOf({
      ...well,
      cameras: [camera('gate', 'unauthorised')],
      report: {
        ...report,
        clock: { synchronised: false, mostErrorSeconds: null },
        recording: [{ camera: 'gate', state: 'diskFailed', unitsLost: 3, reason: 'no space' }],
      } as unknown as HealthReport,
    });
    expect(found.map(({ kind }) => kind)).toEqual(['recordingFailed', 'cameraPassword', 'clock']);
    expect(found[0]).toMatchObject({ about: 'GATE', said: 'no space', to: '/settings/storage' });
    expect(found[1]?.to).toBe('/settings/cameras?edit=gate');
  });

  it('is silent of what was chosen, and of a blindness that something else explains', () => {
    const blind = (cause: string) =>
      ({
        ...well.analysis,
        overloaded: cause === 'overload',
        cameras: [{ camera: 'gate', enabled: true, blind: cause, detail: '' }],
      }) as unknown as AnalysisHealth;
    expect(kinds({ analysis: blind('off') })).toEqual([]);
    expect(kinds({ analysis: blind('noPictures') })).toEqual([]);
    expect(kinds({ analysis: blind('unreadable') })).toEqual(['blind']);
    expect(kinds({ analysis: blind('overload') })).toEqual(['overload']);
    expect(kinds({ report: { ...report, clock: { synchronised: null, mostErrorSeconds: null } } })).toEqual([]);
  });

  it('says so when the evidence log stands still', () => {
    const log = { name: 'log', state: 'degraded', detail: ['a file is lost'] } as const;
    const found = troublesOf({ ...well, parts: { state: 'degraded', parts: [log] } as unknown as HealthParts });
    expect(found).toMatchObject([{ kind: 'evidenceLog', urgent: false, said: 'a file is lost' }]);
    const links = { name: 'links', state: 'degraded', detail: ['another passphrase'] } as const;
    expect(kinds({ parts: { state: 'degraded', parts: [links] } as unknown as HealthParts })).toEqual(['linkKey']);
  });

  it('has words for each: what it is, what it means, what to do', () => {
    const { trouble, meaning, deed } = en.health as unknown as Record<string, Record<string, string>>;
    for (const kind of troubleKinds) {
      expect([trouble?.[kind], meaning?.[kind], deed?.[kind]].every(Boolean), kind).toBe(true);
    }
  });
});
