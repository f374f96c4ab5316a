import { describe, expect, it } from 'vitest';
import { boundsOf, fieldOfView, offset, shownNames } from './places';

const place = { latitude: 35, longitude: -6, heading: 90, angle: 60, range: 100 };

describe('places on the map', () => {
  it('are as far apart as they are said to be, in each direction', () => {
    const [north] = offset([35, -6], 0, 111.32);
    expect(north).toBeCloseTo(35.001, 6);
    const [same, east] = offset([60, 10], 90, 111.32);
    expect(same).toBeCloseTo(60, 9);
    // A degree of longitude is half as long at 60 degrees.
    expect(east).toBeCloseTo(10.002, 5);
  });

  it('show what a camera sees from where it stands, and nothing that nobody said', () => {
    const view = fieldOfView(place) ?? [];
    expect(view[0]).toEqual([35, -6]);
    expect(view.slice(1).every(([, longitude]) => longitude > -6)).toBe(true);
    expect(fieldOfView({ ...place, heading: null })).toBeNull();
    // All round: no way back to the middle.
    expect(fieldOfView({ ...place, angle: 360 })).not.toContainEqual([35, -6]);
  });

  it('fit the picture, one alone with its surroundings', () => {
    expect(boundsOf([])).toBeNull();
    const [[south, west], [north, east]] = boundsOf([[35, -6]]) ?? [
      [0, 0],
      [0, 0],
    ];
    expect(north - south).toBeGreaterThan(0.0009);
    expect(east - west).toBeGreaterThan(0.0009);
  });

  it('are named where there is room, the most important first, and no name hides a symbol', () => {
    const name = (x: number, y: number) => ({ x, y, width: 80, height: 20 });
    expect(shownNames([name(100, 100), name(300, 100)])).toEqual([true, true]);
    // Side by side: the first one counts.
    expect(shownNames([name(100, 100), name(150, 100)])).toEqual([true, false]);
    // The second stands where the first one's name would be.
    expect(shownNames([name(100, 100), name(110, 76)])).toEqual([false, true]);
  });
});
