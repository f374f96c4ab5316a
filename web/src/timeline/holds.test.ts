import { describe, expect, it } from 'vitest';
import type { Timeline } from '../api/types';
import { drawnHolds, holdsAt, holdsIn, pinAround } from './holds';

const noon = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number) => new Date(noon + seconds * 1000).toISOString();
const held = (...spans: [number, number | null][]): Timeline => ({
  from: at(0),
  to: at(3600),
  segments: [],
  gaps: [],
  shortGaps: [],
  oldest: null,
  newest: null,
  holds: spans.map(([from, to], index) => ({
    id: `h${index}`,
    from: at(from),
    to: to === null ? null : at(to),
    reason: `reason ${index}`,
  })),
});

describe('holds on a strip', () => {
  it('that touch are one roof, in order', () => {
    expect(drawnHolds(held([50, 60], [0, 10], [10, 20], [5, 8]))).toEqual([
      { from: noon, to: noon + 20_000 },
      { from: noon + 50_000, to: noon + 60_000 },
    ]);
  });

  it('without an end go on for ever', () => {
    expect(drawnHolds(held([30, null], [40, 50]))).toEqual([{ from: noon + 30_000, to: Infinity }]);
  });

  it('are all told where several keep the same instant, and none at an end', () => {
    const timeline = held([0, 20], [10, null]);
    expect(holdsAt(timeline, noon + 15_000).map((hold) => hold.id)).toEqual(['h0', 'h1']);
    expect(holdsAt(timeline, noon + 20_000).map((hold) => hold.id)).toEqual(['h1']);
    expect(holdsAt(undefined, noon)).toEqual([]);
  });

  it('count for a stretch when they keep a part of it', () => {
    const timeline = held([0, 20], [100, 120]);
    expect(holdsIn(timeline, noon + 19_000, noon + 100_000).map((hold) => hold.id)).toEqual(['h0']);
    expect(holdsIn(timeline, noon + 20_000, noon + 100_000)).toEqual([]);
  });
});

describe('a pin', () => {
  it('is whole seconds, outward', () => {
    expect(pinAround(noon + 500)).toEqual({ from: noon - 10_000, to: noon + 11_000 });
  });
});
