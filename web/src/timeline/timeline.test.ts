import { describe, expect, it } from 'vitest';
import type { Timeline } from '../api/types';
import { drawnGaps, gapAt, lastStart, momentAt, nextRecorded, resolutionOf, shortGapsAt } from './coverage';
import { shuttle } from './shuttle';
import {
  centre,
  day,
  follow,
  longestSpan,
  pan,
  resize,
  shortestSpan,
  spanOf,
  ticks,
  tickStep,
  toPixel,
  toTime,
  zoom,
} from './TimeScale';
import { contains, nextWindow, positionOf, shouldPreload, wallOf, windowAt, windowMs } from './windows';
import { Zone } from './zone';

const noon = Date.UTC(2026, 10, 22, 12);
const scale = centre({ from: 0, perPixel: 1, width: 1000 }, noon, day);

describe('the scale', () => {
  it('maps pixels and times onto each other', () => {
    expect(toTime(scale, toPixel(scale, noon))).toBe(noon);
    expect(toPixel(scale, noon)).toBe(500);
  });

  it('keeps the time under the pointer while zooming', () => {
    const under = toTime(scale, 200);
    expect(toPixel(zoom(scale, 0.3, 200), under)).toBeCloseTo(200, 6);
  });

  it('ends at one second and at thirty days', () => {
    expect(spanOf(zoom(scale, 1e-9, 500))).toBeCloseTo(shortestSpan, 6);
    expect(spanOf(zoom(scale, 1e9, 500))).toBeCloseTo(longestSpan, 0);
  });

  it('keeps what is in view when the window changes its size', () => {
    expect(spanOf(resize(scale, 400))).toBe(day);
    expect(resize(scale, 400).from).toBe(scale.from);
    expect(pan(scale, 10).from).toBe(scale.from + (10 * day) / 1000);
  });

  it('turns the page under a playhead, unless the viewer looked away', () => {
    const before = toTime(scale, 899);
    const after = toTime(scale, 901);
    const later = after + 30 * day;
    expect(toPixel(follow(scale, after, before, later), after)).toBeCloseTo(100, 6);
    expect(toPixel(follow(scale, after, before, after), after)).toBeCloseTo(850, 6);
    expect(follow(scale, toTime(scale, 400), toTime(scale, 399), later)).toBe(scale);
    expect(follow(scale, toTime(scale, 5000), toTime(scale, 4999), later)).toBe(scale);
  });
});

describe('ticks', () => {
  it('stand on whole units of the site, a readable distance apart', () => {
    const step = tickStep(scale.perPixel, 84);
    expect(step).toBe(3 * 3_600_000);
    expect(step / scale.perPixel).toBeGreaterThanOrEqual(84);
    const madrid = new Zone('Europe/Madrid');
    const marks = ticks(scale, step, madrid.offsetAt);
    expect(marks.every(({ ms }) => (ms + 3_600_000) % step === 0)).toBe(true);
    expect(marks.filter((mark) => mark.midnight)).toHaveLength(1);
  });

  it('stay on midnight over a change to summer time', () => {
    const madrid = new Zone('Europe/Madrid');
    const march = centre(scale, Date.UTC(2026, 2, 29, 12), 4 * day);
    const midnights = ticks(march, day, madrid.offsetAt).map(({ ms }) => new Date(ms).toISOString());
    expect(midnights).toContain('2026-03-28T23:00:00.000Z');
    expect(midnights).toContain('2026-03-29T22:00:00.000Z');
  });

  it('stay few at every zoom', () => {
    for (let span = shortestSpan; span <= longestSpan; span *= 1.7) {
      const view = centre(scale, noon, span);
      const count = ticks(view, tickStep(view.perPixel, 84), () => 0).length;
      expect(count).toBeLessThanOrEqual(13);
      expect(count).toBeGreaterThanOrEqual(2);
    }
  });
});

describe('a zone', () => {
  it('reads and writes the clock of the site', () => {
    const zone = new Zone('Africa/Casablanca');
    const text = zone.toLocalText(noon);
    expect(zone.fromLocalText(text)).toBe(noon);
    expect(zone.fromLocalText('soon')).toBeNull();
    expect(new Zone('Asia/Kolkata').toLocalText(noon)).toBe('2026-11-22T17:30:00');
  });

  it('reads times near a change of the clock', () => {
    const zone = new Zone('Europe/Madrid');
    for (const utc of [Date.UTC(2026, 2, 29, 0, 30), Date.UTC(2026, 2, 29, 1, 30), Date.UTC(2026, 9, 25, 2, 30)]) {
      expect(zone.fromLocalText(zone.toLocalText(utc))).toBe(utc);
    }
  });
});

const timeline: Timeline = {
  from: new Date(noon).toISOString(),
  to: new Date(noon + 100_000).toISOString(),
  segments: [
    [noon, noon + 20_000],
    [noon + 30_000, noon + 60_000],
  ],
  gaps: [
    {
      from: new Date(noon + 20_000).toISOString(),
      to: new Date(noon + 30_000).toISOString(),
      cause: 'network',
      detail: '',
    },
    { from: new Date(noon + 60_000).toISOString(), to: null, cause: 'camera', detail: '' },
  ],
  shortGaps: [],
  holds: [],
  oldest: null,
  newest: null,
};

describe('coverage', () => {
  const now = noon + 90_000;

  it('says what there is at a moment', () => {
    expect(momentAt(timeline, noon + 5000, now).kind).toBe('recorded');
    expect(momentAt(timeline, noon + 25_000, now)).toMatchObject({ kind: 'gap', gap: { cause: 'network' } });
    expect(momentAt(timeline, noon + 80_000, now)).toMatchObject({ kind: 'gap', gap: { cause: 'camera' } });
    expect(momentAt(timeline, noon - 1, now).kind).toBe('nothing');
    expect(momentAt(timeline, now + 1, now).kind).toBe('future');
    expect(momentAt(undefined, noon, now).kind).toBe('nothing');
    expect(gapAt(timeline.gaps, noon, now)).toBeNull();
  });

  it('finds where recording goes on', () => {
    expect(nextRecorded(timeline.segments, noon + 5000)).toBe(noon + 5000);
    expect(nextRecorded(timeline.segments, noon + 25_000)).toBe(noon + 30_000);
    expect(nextRecorded(timeline.segments, noon + 60_000)).toBeNull();
    expect(lastStart(timeline.segments, noon - 1)).toBe(-1);
  });
});

describe('a coarse timeline', () => {
  const hour = 3_600_000;
  const coarse: Timeline = {
    ...timeline,
    shortGaps: [
      { cause: 'network', groups: [[noon + 1000, noon + 9000, 3, 2500]] },
      { cause: 'operator', groups: [[noon + 2000, noon + 3000, 1, 1000]] },
    ],
  };

  it('is no finer than a pixel, and the same while one zooms a little', () => {
    for (let perPixel = 10_000; perPixel < (30 * 24 * hour) / 300; perPixel *= 1.1) {
      const resolution = resolutionOf(perPixel);
      expect(resolution).toBeLessThanOrEqual(perPixel);
      expect(resolution * 2).toBeGreaterThan(perPixel);
    }
    expect(resolutionOf(hour / 1400)).toBe(0);
  });

  it('draws what it only counts, and says how much that is', () => {
    expect(drawnGaps(coarse)).toHaveLength(4);
    expect(drawnGaps(coarse)).toBe(drawnGaps(coarse));
    expect(drawnGaps(coarse).filter((gap) => gap.chosen)).toEqual([
      { from: noon + 2000, to: noon + 3000, chosen: true },
    ]);
    expect(shortGapsAt(coarse, noon + 2500)).toEqual({ count: 4, missing: 3500 });
    expect(shortGapsAt(coarse, noon + 9000)).toBeNull();
  });
});

describe('playback windows', () => {
  it('lie on a grid', () => {
    const window = windowAt(noon + 12_345);
    expect(window.from % windowMs).toBe(0);
    expect(contains(window, noon + 12_345)).toBe(true);
    expect(contains(window, window.to)).toBe(false);
    expect(nextWindow(window).from).toBe(window.to);
  });

  it('fetch the next one in time at every speed, and none from the future', () => {
    const window = windowAt(noon);
    const later = window.to + 1;
    expect(shouldPreload(window, window.to - 11_000, 1, later)).toBe(true);
    expect(shouldPreload(window, window.to - 60_000, 1, later)).toBe(false);
    expect(shouldPreload(window, window.to - 60_000, 16, later)).toBe(true);
    expect(shouldPreload(window, window.to - 1000, -1, later)).toBe(false);
    expect(shouldPreload(window, window.to - 1000, 1, window.to - 500)).toBe(false);
  });

  const pieces = [
    { start: 0, duration: 10, wall: noon },
    { start: 10, duration: 10, wall: noon + 10_000 },
    // 40 s are missing here.
    { start: 20, duration: 5, wall: noon + 60_000 },
  ];

  it('map positions to wall time and back, across a gap', () => {
    expect(wallOf(pieces, 12.5)).toBe(noon + 12_500);
    expect(wallOf(pieces, 21)).toBe(noon + 61_000);
    expect(wallOf([], 3)).toBeNull();
    expect(positionOf(pieces, noon + 12_500)).toEqual({ position: 12.5, wall: noon + 12_500 });
    expect(positionOf(pieces, noon + 62_000)).toEqual({ position: 22, wall: noon + 62_000 });
  });

  it('show what follows a gap, and nothing past the end', () => {
    expect(positionOf(pieces, noon + 30_000)).toEqual({ position: 20, wall: noon + 60_000 });
    expect(positionOf(pieces, noon + 66_000)).toBeNull();
  });
});

describe('shuttling', () => {
  it('starts in the direction pressed, then doubles to sixteen', () => {
    expect(shuttle(1, false, 1)).toBe(1);
    expect(shuttle(1, true, 1)).toBe(2);
    expect(shuttle(16, true, 1)).toBe(16);
    expect(shuttle(8, true, -1)).toBe(-1);
    expect(shuttle(-1, true, -1)).toBe(-2);
  });
});
