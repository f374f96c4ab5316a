import type { Gap, Timeline } from '../api/types';

export type Moment =
  | { kind: 'recorded' }
  | { kind: 'gap'; gap: Gap }
  | { kind: 'future' }
  /** Before the oldest recording, or where neither a segment nor a gap is known. */
  | { kind: 'nothing' };

/** Start and end, ms since 1970 UTC. */
export type Span = readonly number[];

/** Index of the last pair that starts at or before an instant, or −1. Pairs are in order. */
export function lastStart(pairs: readonly Span[], ms: number): number {
  let low = 0;
  let high = pairs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const pair = pairs[middle];
    if (pair && (pair[0] ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function gapAt(gaps: readonly Gap[], ms: number, now: number): Gap | null {
  return gaps.find((gap) => Date.parse(gap.from) <= ms && ms < (gap.to === null ? now : Date.parse(gap.to))) ?? null;
}

/** What a camera's archive holds at one instant. */
export function momentAt(timeline: Timeline | undefined, ms: number, now: number): Moment {
  if (ms > now) return { kind: 'future' };
  if (!timeline) return { kind: 'nothing' };
  const pair = timeline.segments[lastStart(timeline.segments, ms)];
  if (pair && ms < (pair[1] ?? 0)) return { kind: 'recorded' };
  const gap = gapAt(timeline.gaps, ms, now);
  return gap ? { kind: 'gap', gap } : { kind: 'nothing' };
}

/** The first recorded instant at or after a time; null when there is none in what is known. */
export function nextRecorded(segments: readonly Span[], ms: number): number | null {
  const index = lastStart(segments, ms);
  const pair = segments[index];
  if (pair && ms < (pair[1] ?? 0)) return ms;
  return segments[index + 1]?.[0] ?? null;
}

/** Gaps someone chose, in contrast to those that happened. */
export const isChosen = (gap: Gap): boolean => gap.cause === 'operator' || gap.cause === 'policy';
