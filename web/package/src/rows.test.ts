import { expect, it } from 'vitest';
import { Axis, merged } from './rows';

it('spans that touch are one', () => {
  expect(
    merged([
      { from: 5, to: 9 },
      { from: 0, to: 2 },
      { from: 2, to: 3 },
      { from: 6, to: 7 },
    ]),
  ).toEqual([
    { from: 0, to: 3 },
    { from: 5, to: 9 },
  ]);
});

it('an axis goes from 0 to 1, leaves out what nobody asked for, and leads back', () => {
  const day = 86_400_000_000;
  const axis = new Axis([
    { from: 3 * day, to: 3 * day + 300 },
    { from: 0, to: 100 },
    { from: 5, to: 50 },
    { from: 7, to: 7 },
  ]);
  expect(axis.pieces).toHaveLength(2);
  expect(axis.xOf(-1)).toBe(0);
  expect(axis.xOf(3 * day + 300)).toBeCloseTo(1);
  expect(axis.xOf(9 * day)).toBe(1);
  // What lies between is the break before the second piece.
  expect(axis.xOf(day)).toBe(axis.xOf(3 * day));
  for (const time of [0, 1, 50, 100, 3 * day, 3 * day + 150]) expect(axis.timeAt(axis.xOf(time))).toBeCloseTo(time, 3);
  expect(axis.timeAt(0.26)).toBe(3 * day);
  expect(new Axis([]).timeAt(0.5)).toBe(0);
});
