import { describe, expect, it } from 'vitest';
import type { Alarm, Camera, SavedLayout } from '../api/types';
import { nextCalling, staysMs, type Calling } from './alarmTile';
import { asTiles, ofCamera, ofLayout } from './cells';
import { moveFocus, placesOf, rowsOf } from './layout';
import { advance, begin, heldMs, hold, step, toggle } from './tour';
import { mostZoom, pan, pointAt, transformOf, whole, zoomAt, zoomed } from './zoom';
import { zoomKey } from './useZoom';

describe('a wall with a large tile', () => {
  it('has the small ones beside and under it', () => {
    expect(placesOf(6, 3, 2)).toEqual([
      { row: 0, column: 0, span: 2 },
      { row: 0, column: 2, span: 1 },
      { row: 1, column: 2, span: 1 },
      { row: 2, column: 0, span: 1 },
      { row: 2, column: 1, span: 1 },
      { row: 2, column: 2, span: 1 },
    ]);
    expect(placesOf(8, 4, 3).filter(({ row }) => row === 3)).toHaveLength(4);
    expect(rowsOf(3, 5)).toBe(2);
  });

  it('is walked over by what lies where', () => {
    const walk = (at: number, key: string) => moveFocus(at, key, 3, 6, false, 2);
    expect(walk(0, 'ArrowDown')).toBe(3);
    expect(walk(3, 'ArrowUp')).toBe(0);
    expect(walk(4, 'ArrowUp')).toBe(0);
    expect(walk(5, 'ArrowUp')).toBe(2);
    expect(walk(2, 'ArrowUp')).toBe(1);
    expect(walk(1, 'ArrowUp')).toBe(1);
    expect(moveFocus(0, 'ArrowLeft', 3, 6, true, 2)).toBe(1);
  });
});

const alarm = (id: string, change: Partial<Alarm>): Alarm =>
  ({
    id,
    state: 'raised',
    severity: 'high',
    camera: 'gate',
    cameras: ['gate'],
    at: '2026-01-01T00:00:00Z',
    raisedAt: '2026-01-01T00:00:00Z',
    lastAt: '2026-01-01T00:00:00Z',
    ...change,
  }) as Alarm;

describe('the alarm tile', () => {
  const start = Date.parse('2026-01-01T00:00:10Z');
  const all = () => true;
  const shown = (calling: Calling | null) => calling?.alarm.id ?? null;

  it('goes to a rescue before all, then to the most urgent, of the same the newest', () => {
    const old = alarm('old', { severity: 'critical' });
    const young = alarm('young', { severity: 'critical', at: '2026-01-01T00:00:05Z' });
    const rescue = alarm('rescue', { severity: 'rescue', at: '2025-12-31T00:00:00Z' });
    expect(shown(nextCalling(null, [old, young], null, start, all))).toBe('young');
    expect(shown(nextCalling(null, [old, young, rescue], null, start, all))).toBe('rescue');
  });

  it('goes back when somebody acknowledges it, or after its time; from a rescue only by the first', () => {
    const calling = nextCalling(null, [alarm('a', {})], 60, start, all);
    expect(shown(calling)).toBe('a');
    expect(nextCalling(calling, [alarm('a', { state: 'acknowledged' })], 60, start + 1000, all)).toBeNull();
    expect(nextCalling(calling, [alarm('a', {})], 60, start + 60_000, all)).toBeNull();
    expect(shown(nextCalling(null, [alarm('r', { severity: 'rescue' })], 60, start + 3_600_000, all))).toBe('r');
    // What still goes on isn't over.
    const joined = alarm('a', { lastAt: '2026-01-01T00:01:00Z' });
    expect(shown(nextCalling(calling, [joined], 60, start + 60_000, all))).toBe('a');
  });

  it('is not chased through a burst, but gives way at once to what is more urgent', () => {
    const first = alarm('first', {});
    const second = alarm('second', { at: '2026-01-01T00:00:09Z' });
    const calling = nextCalling(null, [first], null, start, all);
    expect(nextCalling(calling, [first, second], null, start + 1000, all)).toBe(calling);
    expect(shown(nextCalling(calling, [first, second], null, start + staysMs, all))).toBe('second');
    const rescue = alarm('rescue', { severity: 'rescue' });
    expect(shown(nextCalling(calling, [first, second, rescue], null, start + 1000, all))).toBe('rescue');
  });

  it('shows a camera that its viewer may see, or nothing', () => {
    const both = alarm('a', { camera: 'far', cameras: ['far', 'gate'] });
    expect(nextCalling(null, [both], null, start, (id) => id === 'gate')?.camera).toBe('gate');
    expect(nextCalling(null, [both], null, start, () => false)).toBeNull();
  });
});

describe('a tour', () => {
  const seconds = [5, 10];

  it('stays at each step for its time and goes round', () => {
    let state = advance(begin, 4999, seconds);
    expect(state.at).toBe(0);
    state = advance(state, 1, seconds);
    expect(state.at).toBe(1);
    expect(advance(state, 10_000, seconds).at).toBe(0);
    expect(step(begin, -1, 2).at).toBe(1);
  });

  it('waits for who touches the wall, and goes on by itself', () => {
    const held = hold(begin);
    expect(advance(held, heldMs - 1, seconds)).toMatchObject({ at: 0, held: 1 });
    expect(advance(advance(held, heldMs, seconds), 5000, seconds).at).toBe(1);
  });

  it('that was paused goes on when somebody says so, and not before', () => {
    const paused = toggle(begin);
    expect(advance(paused, 1e9, seconds)).toBe(paused);
    expect(toggle(paused)).toMatchObject({ paused: false, held: 0 });
    // A wall that somebody looks at goes on with the same key.
    expect(toggle(hold(begin))).toMatchObject({ paused: false, held: 0 });
  });
});

describe('digital zoom', () => {
  it('keeps the point under the pointer where it is', () => {
    const zoom = zoomAt(whole, 3, 0.4, 0.6);
    expect(pointAt(zoom, 0.4, 0.6)[0]).toBeCloseTo(0.4);
    expect(pointAt(zoomAt(zoom, 5, 0.7, 0.2), 0.7, 0.2)[1]).toBeCloseTo(pointAt(zoom, 0.7, 0.2)[1]);
  });

  it('shows nothing but the picture, and all of it in the end', () => {
    expect(zoomAt(whole, 100).factor).toBe(mostZoom);
    expect(pan(zoomAt(whole, 4), 10, -10)).toEqual({ factor: 4, x: 0.125, y: 0.875 });
    expect(zoomAt(zoomAt(whole, 4, 0, 0), 0.1)).toEqual(whole);
    expect(transformOf(whole)).toBeUndefined();
  });

  it('moves what is drawn over the picture with it', () => {
    const zoom = zoomAt(whole, 2, 0, 0);
    expect(zoomed({ x: 0, y: 0, width: 100, height: 50 }, zoom, 200, 100)).toEqual({
      x: 0,
      y: 0,
      width: 200,
      height: 100,
    });
    expect(transformOf(zoom)).toBe('translate(0%, 0%) scale(2)');
  });

  it('has keys, of which arrows count where there is something outside', () => {
    expect(zoomKey('+', false)).toBe('in');
    expect(zoomKey('ArrowLeft', false)).toBeNull();
    expect(zoomKey('ArrowLeft', true)).toEqual({ dx: 0.2, dy: 0 });
    expect(zoomKey('-', false)).toBeNull();
  });
});

describe('a kept layout', () => {
  const cameras = ['gate', 'far'].map((id) => ({ id, name: id }) as Camera);
  const layout = {
    size: 4,
    tiles: [
      { kind: 'camera', camera: 'gate', seconds: null },
      { kind: 'camera', camera: 'gate', seconds: null },
      { kind: 'alarm', camera: 'far', seconds: 60 },
      { kind: 'camera', camera: 'gone', seconds: null },
    ],
  } as unknown as SavedLayout;

  it('gives each place a key of its own, and a camera the same one on every wall', () => {
    const cells = ofLayout(layout, cameras);
    expect(cells.map(({ kind }) => kind)).toEqual(['camera', 'camera', 'alarm', 'empty']);
    expect(new Set(cells.map(({ key }) => key)).size).toBe(4);
    expect(cells[0]?.key).toBe(ofCamera(cameras[0] as Camera).key);
  });

  it('is what it was made of', () => {
    expect(asTiles(ofLayout(layout, cameras)).slice(0, 3)).toEqual(layout.tiles.slice(0, 3));
  });
});
