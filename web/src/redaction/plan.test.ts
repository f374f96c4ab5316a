import { describe, expect, it } from 'vitest';
import type { RedactionPlan, RedactionThing } from '../api/types';
import { boxAt, deedOf, drawn, indexAt, isThere, sound, withBox, withFrom, withoutKey, withTo } from './plan';

const thing: RedactionThing = {
  id: 'f1',
  kind: 'face',
  found: true,
  deed: 'cover',
  style: null,
  from: 0,
  to: 2_000_000,
  keys: [
    { at: 0, x: 0.1, y: 0.1, w: 0.2, h: 0.2 },
    { at: 1_000_000, x: 0.3, y: 0.1, w: 0.2, h: 0.4 },
  ],
};
const plan: RedactionPlan = { style: 'blur', everythingElse: false, things: [thing] };

describe('a thing of a plan', () => {
  it('goes straight from key to key and stands still beyond them', () => {
    const middle = boxAt(thing, 500_000);
    expect(middle.x).toBeCloseTo(0.2);
    expect(middle.h).toBeCloseTo(0.3);
    expect(boxAt(thing, -1).x).toBe(0.1);
    expect(boxAt(thing, 9_000_000)).toEqual({ x: 0.3, y: 0.1, w: 0.2, h: 0.4 });
  });

  it('is where it was put, at that moment and no other key is lost', () => {
    const moved = withBox(thing, 500_000, { x: 0.5, y: 0.5, w: 0.1, h: 0.1 });
    expect(moved.keys).toHaveLength(3);
    expect(boxAt(moved, 500_000)).toEqual({ x: 0.5, y: 0.5, w: 0.1, h: 0.1 });
    expect(withBox(moved, 500_000, { x: 0.6, y: 0.5, w: 0.1, h: 0.1 }).keys).toHaveLength(3);
    expect(withoutKey(moved, 500_000).keys).toEqual(thing.keys);
  });

  it('keeps its last key', () => {
    const one = { ...thing, keys: [{ at: 0, x: 0, y: 0, w: 0.1, h: 0.1 }] };
    expect(withoutKey(one, 0)).toBe(one);
  });

  it('is there from its first moment until before its last, and never for no time', () => {
    expect([isThere(thing, 0), isThere(thing, 1_999_999), isThere(thing, 2_000_000)]).toEqual([true, true, false]);
    expect(withFrom(thing, 2_000_000)).toBeNull();
    expect(withTo(thing, 0)).toBeNull();
    expect(withTo(thing, 500_000)?.to).toBe(500_000);
  });

  it('can always be taken hold of', () => {
    for (const box of [
      { x: 5, y: -7, w: 0.2, h: 0.2 },
      { x: 0.5, y: 0.5, w: 0, h: -1 },
    ]) {
      const { x, y, w, h } = sound(box);
      expect(x).toBeLessThan(1);
      expect(y).toBeLessThan(1);
      expect(x + w).toBeGreaterThan(0);
      expect(y + h).toBeGreaterThan(0);
      expect(Math.min(w, h)).toBeGreaterThan(0);
    }
  });

  it('says nothing by being kept where nothing else is covered', () => {
    expect(deedOf({ ...thing, deed: 'keep' }, plan)).toBe('none');
    expect(deedOf({ ...thing, deed: 'keep' }, { ...plan, everythingElse: true })).toBe('keep');
  });

  it('that is drawn has a name of its own and lasts', () => {
    const first = drawn(plan, 7, { x: 0.1, y: 0.1, w: 0.1, h: 0.1 }, 100);
    const second = drawn({ ...plan, things: [thing, first] }, 7, { x: 0.1, y: 0.1, w: 0.1, h: 0.1 }, 100);
    expect([first.id, second.id, second.from, second.to]).toEqual(['a1', 'a2', 0, 100]);
  });
});

describe('the picture at a moment', () => {
  it('is the last that began', () => {
    const moments = [0, 40_000, 80_000];
    expect([-5, 0, 39_999, 40_000, 900_000].map((at) => indexAt(moments, at))).toEqual([0, 0, 0, 1, 2]);
    expect(indexAt([], 5)).toBe(0);
  });
});
