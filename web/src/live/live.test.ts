import { describe, expect, it } from 'vitest';
import { backOff, catchUp, isFrozen, liveEdge } from './catchUp';
import { autoLayout, columnsOf, moveFocus, readLayout } from './layout';
import { readLiveMessage } from './protocol';

const { target } = liveEdge;

describe('catching up', () => {
  it('plays at normal speed near the target', () => {
    expect(catchUp(10, 5, 10 + target, target)).toEqual({ kind: 'play', rate: 1 });
    expect(catchUp(10, 5, 10 + target + 0.1, target)).toEqual({ kind: 'play', rate: 1 });
  });

  it('hurries a little when behind, never more than a fifth', () => {
    const slight = catchUp(10, 5, 10.7, target);
    expect(slight.kind === 'play' && slight.rate).toBeGreaterThan(1.04);
    const strong = catchUp(10, 5, 11.45, target);
    expect(strong.kind === 'play' && strong.rate).toBeLessThanOrEqual(1.2);
  });

  it('jumps to the edge when more than a second and a half behind', () => {
    expect(catchUp(10, 5, 12, target)).toEqual({ kind: 'jump', to: 12 - target });
  });

  it('jumps into the newest stretch from outside it', () => {
    expect(catchUp(0, 100, 102, target)).toEqual({ kind: 'jump', to: 102 - target });
    expect(catchUp(105, 100, 102, target)).toEqual({ kind: 'jump', to: 102 - target });
    // A stretch shorter than the target is entered at its start.
    expect(catchUp(0, 100, 100.1, target)).toEqual({ kind: 'jump', to: 100 });
  });

  it('comes back to normal speed instead of swinging around the target', () => {
    let now = 0;
    let end = 1.4;
    let rate = 1;
    for (let tick = 0; tick < 200; tick++) {
      const decision = catchUp(now, 0, end, target);
      if (decision.kind === 'jump') throw new Error('no jump was needed');
      rate = decision.rate;
      now += 0.25 * rate;
      end += 0.25;
    }
    expect(rate).toBe(1);
    expect(end - now).toBeLessThan(target + 0.2);
  });

  it('never jumps for a target that was raised by stalls', () => {
    expect(catchUp(10, 5, 11.6, liveEdge.targetCeiling).kind).toBe('play');
  });
});

describe('a picture', () => {
  it('is frozen within two seconds, but not between two of a slow camera', () => {
    expect(isFrozen(1400, 40)).toBe(false);
    expect(isFrozen(1600, 40)).toBe(true);
    expect(isFrozen(1900, 1000)).toBe(false);
    expect(isFrozen(2600, 1000)).toBe(true);
  });
});

describe('connecting again', () => {
  it('waits longer each time, up to ten seconds, spread out', () => {
    expect(backOff(0, 0.5)).toBe(500);
    expect(backOff(3, 0.5)).toBe(4000);
    expect(backOff(30, 1)).toBeLessThanOrEqual(10_000);
    expect(backOff(2, 0)).not.toBe(backOff(2, 1));
  });
});

describe('messages', () => {
  it('ignores what it does not know', () => {
    expect(readLiveMessage('{"type":"weather"}')).toBeNull();
    expect(readLiveMessage('not json')).toBeNull();
    expect(readLiveMessage('{"type":"skipped","units":3}')).toEqual({ type: 'skipped', units: 3 });
  });
});

describe('the wall', () => {
  it('fits itself to the number of cameras', () => {
    expect([0, 1, 2, 5, 10, 17, 60].map(autoLayout)).toEqual([1, 1, 4, 9, 16, 25, 25]);
    expect(readLayout('7', 3)).toBe(4);
    expect(readLayout('16', 3)).toBe(16);
  });

  it('has fewer columns on a phone', () => {
    expect(columnsOf(25, false)).toBe(5);
    expect(columnsOf(25, true)).toBe(2);
    expect(columnsOf(4, true)).toBe(1);
  });

  it('moves the focus in reading direction', () => {
    expect(moveFocus(0, 'ArrowRight', 3, 9, false)).toBe(1);
    expect(moveFocus(0, 'ArrowLeft', 3, 9, true)).toBe(1);
    expect(moveFocus(0, 'ArrowUp', 3, 9, false)).toBe(0);
    expect(moveFocus(7, 'ArrowDown', 3, 9, false)).toBe(7);
  });
});
