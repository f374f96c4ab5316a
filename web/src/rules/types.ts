import type { AlarmSeverity, IncidentType, SceneEvent } from '../api/types';

export type ObjectClass = NonNullable<SceneEvent['class']>;
export type Point = [number, number];

export const ruleTypes = [
  'line',
  'zone',
  'loitering',
  'count',
  'crowd',
  'wrongWay',
  'leftBehind',
  'removed',
  'tamper',
  'stream',
] as const;
export type RuleType = (typeof ruleTypes)[number];

export const classes: readonly ObjectClass[] = ['person', 'vehicle', 'twoWheeler', 'boat', 'animal', 'bag', 'other'];

export interface WeeklyWindow {
  days?: string[];
  from: string;
  to: string;
}

/** A rule as the node keeps it (ref/rules.md). What this page has no field for is kept as it came. */
export interface Rule {
  type: RuleType;
  id: string;
  name: string;
  enabled?: boolean;
  points?: Point[];
  way?: Point[];
  direction?: 'both' | 'leftToRight' | 'rightToLeft';
  event?: 'enter' | 'leave' | 'inside';
  classes?: ObjectClass[];
  anchor?: 'feet' | 'centre';
  dwell?: number;
  rearm?: number;
  seconds?: number;
  atLeast?: number | null;
  atMost?: number | null;
  schedule?: { windows: WeeklyWindow[] } | null;
  /** Absent: the alarm policy decides. */
  severity?: AlarmSeverity | null;
  incident?: IncidentType | null;
  [more: string]: unknown;
}

export interface GroundMark {
  at: Point;
  metres: Point;
}

export interface Ground {
  marks?: GroundMark[];
  camera?: { height: number; tilt: number; fieldOfView: number } | null;
  map?: unknown;
}

export interface Rules {
  rules: Rule[];
  ground: Ground | null;
}

/** Kinds whose place is an open line; all others have a closed border, or none. */
export const isOpen = (type: RuleType): boolean => type === 'line';
export const hasShape = (type: RuleType): boolean => type !== 'tamper' && type !== 'stream';
export const mayBeWhole = (type: RuleType): boolean =>
  ['loitering', 'count', 'crowd', 'wrongWay', 'leftBehind'].includes(type);
export const hasClasses = (type: RuleType): boolean => hasShape(type) && type !== 'removed';
export const hasSeconds = (rule: Rule): boolean =>
  ['loitering', 'leftBehind', 'removed', 'tamper', 'stream'].includes(rule.type) ||
  (rule.type === 'zone' && rule.event === 'inside');

/** Where a new rule lies until it is drawn: in the middle, where it is found. */
const line: Point[] = [
  [0.25, 0.6],
  [0.75, 0.6],
];
const square: Point[] = [
  [0.3, 0.35],
  [0.7, 0.35],
  [0.7, 0.75],
  [0.3, 0.75],
];
const usualSeconds: Partial<Record<RuleType, number>> = {
  zone: 10,
  loitering: 60,
  leftBehind: 30,
  removed: 10,
  tamper: 5,
  stream: 10,
};

/** A new rule with an id no other of the camera has. */
export function newRule(type: RuleType, name: string, taken: readonly Rule[]): Rule {
  let number = 1;
  while (taken.some((rule) => rule.id === `${type}-${number}`)) number++;
  const seconds = usualSeconds[type];
  return {
    type,
    id: `${type}-${number}`,
    name: taken.some((rule) => rule.name === name) ? `${name} ${number}` : name,
    enabled: true,
    ...(hasShape(type) && { points: type === 'line' ? line : square }),
    ...(hasClasses(type) && type !== 'leftBehind' && { classes: ['person'] satisfies ObjectClass[] }),
    ...(type === 'line' && { direction: 'both' as const }),
    ...(type === 'zone' && { event: 'enter' as const }),
    ...(type === 'count' && { atLeast: 1 }),
    ...(type === 'crowd' && { atLeast: 10 }),
    ...(type === 'wrongWay' && { way: line.map(([x, y]) => [x, y - 0.1] as Point) }),
    ...(seconds !== undefined && { seconds }),
  };
}

export const clampPoint = ([x, y]: Point): Point => [clamp(x), clamp(y)];
const clamp = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;

/** Messages of the node for one rule's field: `rules[2].points` → points. */
export function faultsOf(errors: Record<string, string[]>, index: number, field: string): string | undefined {
  const path = `rules[${index}]${field === '' ? '' : `.${field}`}`;
  const found = Object.entries(errors)
    .filter(([key]) => key === path || (field !== '' && (key.startsWith(`${path}.`) || key.startsWith(`${path}[`))))
    .flatMap(([, said]) => said);
  return found.length > 0 ? found.join(' ') : undefined;
}
