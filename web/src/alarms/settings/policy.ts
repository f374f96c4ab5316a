import type { AlarmSeverity, IncidentType, SceneKind } from '../../api/types';
import type { ObjectClass } from '../../rules/types';

export type Source = 'rule' | 'camera' | 'injected' | 'node';

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** A stretch of local time on some days of the week; no days: every day. */
export interface Stretch {
  days: (typeof weekdays)[number][];
  from: string;
  to: string;
}

export interface Clause {
  id: string;
  name: string;
  kinds: SceneKind[];
  sources: Source[];
  rules: string[];
  classes: ObjectClass[];
  types: IncidentType[];
  cameras: string[];
  groups: string[];
  minScore: number | null;
  schedule: string | null;
  action: 'raise' | 'ignore';
  whenDisarmed: boolean;
  type: IncidentType | null;
  severity: AlarmSeverity | null;
  opensIncident: boolean | null;
}

export interface SpecialDate {
  from: string;
  to: string | null;
  yearly: boolean;
  name: string;
}

export interface SpecialDays {
  id: string;
  name: string;
  dates: SpecialDate[];
}

export interface Schedule {
  id: string;
  name: string;
  windows: Stretch[];
  exceptions: { days: string; windows: Stretch[] }[];
}

export interface Target {
  severity: AlarmSeverity;
  acknowledgeSeconds: number | null;
  resolveSeconds: number | null;
  escalateTo: string[];
}

export interface ChecklistItem {
  id: string;
  text: string;
  key: string | null;
  required: boolean;
}

/** The alarm policy as the node keeps it (ref/alarm-policy.md). */
export interface Policy {
  zone: string | null;
  days: SpecialDays[];
  schedules: Schedule[];
  clauses: Clause[];
  merge: { seconds: number; mostSeconds: number; neighbours: string[][] };
  flood: { alarms: number; seconds: number };
  targets: Target[];
  checklists: { type: IncidentType; items: ChecklistItem[] }[];
}

export const kinds: readonly SceneKind[] = [
  'lineCrossed',
  'zoneEntered',
  'zoneLeft',
  'zoneOccupied',
  'loitering',
  'count',
  'crowd',
  'wrongWay',
  'leftBehind',
  'removed',
  'tamper',
  'streamLost',
  'motion',
  'sensor',
  'other',
  'analysisBlind',
  'recordingFailed',
  'storageTrouble',
  'requestDue',
  'requestOverdue',
  'answerOverdue',
  'handedOver',
  'handOverLate',
];

export const sources: readonly Source[] = ['rule', 'camera', 'injected', 'node'];

export const newClause = (id: string): Clause => ({
  id,
  name: '',
  kinds: [],
  sources: [],
  rules: [],
  classes: [],
  types: [],
  cameras: [],
  groups: [],
  minScore: null,
  schedule: null,
  action: 'raise',
  whenDisarmed: false,
  type: null,
  severity: null,
  opensIncident: null,
});

/** An id that none of these has: a word and the next number. */
export function freeId(word: string, taken: readonly { id: string }[]): string {
  let number = 1;
  while (taken.some(({ id }) => id === `${word}-${number}`)) number++;
  return `${word}-${number}`;
}

/** What the node says about a field and, with `within`, about what lies in it. */
export function faultAt(errors: Record<string, string[]>, path: string, within = false): string | undefined {
  const said = Object.entries(errors)
    .filter(([key]) => key === path || (within && (key.startsWith(`${path}.`) || key.startsWith(`${path}[`))))
    .flatMap(([, messages]) => messages);
  return said.length > 0 ? said.join(' ') : undefined;
}

/** Comma-separated words as they are typed, and what they mean. */
export const wordsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,،]/)
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  ),
];
