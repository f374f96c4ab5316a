import type { Gap, GapCause, Timeline } from '../api/types';

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

/** Short gaps that a coarse timeline only counts, at one instant: how many, and how much they lack, ms. Null where there are none. */
export function shortGapsAt(timeline: Timeline | undefined, ms: number): { count: number; missing: number } | null {
  let count = 0;
  let missing = 0;
  for (const { groups } of timeline?.shortGaps ?? []) {
    const [, to = 0, many = 0, lacking = 0] = groups[lastStart(groups, ms)] ?? [];
    if (ms >= to) continue;
    count += many;
    missing += lacking;
  }
  return count > 0 ? { count, missing } : null;
}

/**
 * What doesn't matter on a strip, ms: a pixel's time as a power of two, so that zooming a little asks for nothing. Zero below ten seconds a pixel: there
 * every gap is told by itself.
 */
export const resolutionOf = (perPixel: number): number =>
  perPixel < 10_000 ? 0 : Math.min(86_400_000, 2 ** Math.floor(Math.log2(perPixel)));

/** A gap as a strip draws it: ms since 1970 UTC. */
export interface DrawnGap {
  from: number;
  /** Infinity while it lasts. */
  to: number;
  /** Someone chose it, in contrast to those that happened. */
  chosen: boolean;
}

const drawn = new WeakMap<Timeline, DrawnGap[]>();

/** All gaps of a timeline, those that are only counted as one each. Read once: strips draw sixty times a second. */
export function drawnGaps(timeline: Timeline): DrawnGap[] {
  let gaps = drawn.get(timeline);
  if (!gaps) {
    const isChosen = (cause: GapCause) => cause === 'operator' || cause === 'policy';
    gaps = timeline.gaps.map(({ from, to, cause }) => ({
      from: Date.parse(from),
      to: to === null ? Infinity : Date.parse(to),
      chosen: isChosen(cause),
    }));
    for (const { cause, groups } of timeline.shortGaps) {
      for (const [from = 0, to = 0] of groups) gaps.push({ from, to, chosen: isChosen(cause) });
    }
    drawn.set(timeline, gaps);
  }
  return gaps;
}
