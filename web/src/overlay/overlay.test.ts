import { describe, expect, it } from 'vitest';
import { fit } from './draw';
import { ObjectTrail } from './ObjectTrail';
import type { TrackJson } from './types';

const track = (id: number, x: number): TrackJson => ({
  id,
  class: 'person',
  box: [x, 0.5, 0.1, 0.2],
  score: 0.9,
  coasting: false,
});

describe('boxes over a picture', () => {
  it('lie between two results where the picture does', () => {
    const trail = new ObjectTrail();
    trail.add({ at: 1000, tracks: [track(1, 0.1)] });
    trail.add({ at: 1200, tracks: [track(1, 0.3)] });
    expect(trail.shownAt(1100)[0]?.box[0]).toBeCloseTo(0.2);
    expect(trail.shownAt(999)).toEqual([]);
  });

  it('fade, and are gone before they could pass for live', () => {
    const trail = new ObjectTrail();
    trail.add({ at: 1000, tracks: [track(1, 0.1)] });
    expect(trail.shownAt(1300)[0]?.opacity).toBe(1);
    const old = trail.shownAt(1500)[0]?.opacity ?? 0;
    expect(old).toBeGreaterThan(0);
    expect(old).toBeLessThan(1);
    expect(trail.shownAt(2100)).toEqual([]);
  });

  it('go on the way they went while a result is late', () => {
    const trail = new ObjectTrail();
    trail.add({ at: 1000, tracks: [track(1, 0.1)] });
    trail.add({ at: 1200, tracks: [track(1, 0.2)] });
    expect(trail.shownAt(1400)[0]?.box[0]).toBeCloseTo(0.3);
  });

  it('go on the way to a result that no longer has them', () => {
    const trail = new ObjectTrail();
    trail.add({ at: 1000, tracks: [track(1, 0.1)] });
    trail.add({ at: 1200, tracks: [track(2, 0.3)] });
    expect(trail.shownAt(1150)[0]).toMatchObject({ id: 1 });
    expect(trail.shownAt(1150)[0]?.opacity).toBeCloseTo(0.25);
  });

  it('are not drawn through a time of which nothing is known', () => {
    const trail = new ObjectTrail();
    trail.add({ at: 1000, tracks: [track(1, 0.1)] });
    trail.add({ at: 9000, tracks: [track(1, 0.9)] });
    expect(trail.shownAt(5000)).toEqual([]);
  });

  it('begin anew when the clock goes back', () => {
    const trail = new ObjectTrail();
    trail.add({ at: 100_000, tracks: [track(1, 0.1)] });
    trail.add({ at: 1000, tracks: [track(2, 0.2)] });
    expect(trail.shownAt(1000)[0]?.id).toBe(2);
    expect(trail.shownAt(100_000)).toEqual([]);
  });

  it('lie on the picture, not on the bars beside it', () => {
    expect(fit(1000, 500, { width: 400, height: 400 })).toEqual({ x: 250, y: 0, width: 500, height: 500 });
  });
});
