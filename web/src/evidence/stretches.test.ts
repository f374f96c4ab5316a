import { describe, expect, it } from 'vitest';
import { joined, stretchesOf } from './stretches';

const at = (ms: number) => new Date(ms).toISOString();
const main = (camera: string, from: number, to: number) => ({ camera, stream: 'main' as const, from, to });

describe('the footage of an incident', () => {
  it('is what each of its cameras saw around its alarms, and what was pinned', () => {
    const alarms = [
      { camera: 'a', cameras: ['a', 'b'], at: at(100_000), lastAt: at(120_000) },
      { camera: 'a', cameras: ['a'], at: at(160_000), lastAt: at(160_000) },
      { camera: '', cameras: [], at: at(0), lastAt: at(0) },
    ];
    const pins = [{ cameras: ['c'], from: at(50_000), to: at(70_000) }] as never;
    expect(stretchesOf({ pins }, alarms, 10_000_000)).toEqual([
      main('c', 50_000, 70_000),
      main('a', 90_000, 190_000),
      main('b', 90_000, 150_000),
    ]);
  });

  it('doesn’t reach into the future', () => {
    const alarms = [{ camera: 'a', cameras: ['a'], at: at(100_000), lastAt: at(120_000) }];
    expect(stretchesOf({ pins: [] }, alarms, 125_000)).toEqual([main('a', 90_000, 125_000)]);
    expect(stretchesOf({ pins: [] }, alarms, 80_000)).toEqual([]);
  });
});

it('stretches of one stream that overlap are one; those of two aren’t', () => {
  const sub = { ...main('a', 5, 15), stream: 'sub' as const };
  expect(joined([main('a', 10, 20), main('a', 0, 10), sub, main('a', 30, 40)])).toEqual([
    main('a', 0, 20),
    sub,
    main('a', 30, 40),
  ]);
});
