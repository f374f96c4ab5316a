import type { MapPlace } from '../api/types';

const metresPerDegree = 111_320;

/** Where one comes to from a point of the earth; good for the few kilometres that a camera sees. */
export function offset(
  [latitude, longitude]: readonly [number, number],
  degrees: number,
  metres: number,
): [number, number] {
  const turned = (degrees * Math.PI) / 180;
  const north = (Math.cos(turned) * metres) / metresPerDegree;
  const east = (Math.sin(turned) * metres) / (metresPerDegree * Math.max(0.01, Math.cos((latitude * Math.PI) / 180)));
  return [latitude + north, longitude + east];
}

/** Outline of what a camera sees, or null where that isn't known. */
export function fieldOfView(place: MapPlace): [number, number][] | null {
  const { latitude, longitude, heading, angle, range } = place;
  if (heading === null || angle === null || range === null) return null;
  const centre = [latitude, longitude] as const;
  const steps = Math.max(2, Math.ceil(angle / 6));
  const arc = Array.from({ length: steps + 1 }, (_, step) =>
    offset(centre, heading - angle / 2 + (angle * step) / steps, range),
  );
  return angle >= 360 ? arc : [[latitude, longitude], ...arc];
}

/** South-west and north-east corner of all points, a little wider than they lie; null without points. */
export function boundsOf(points: readonly (readonly [number, number])[]): [[number, number], [number, number]] | null {
  const [first] = points;
  if (!first) return null;
  let [south, west] = first;
  let [north, east] = first;
  for (const [latitude, longitude] of points) {
    south = Math.min(south, latitude);
    north = Math.max(north, latitude);
    west = Math.min(west, longitude);
    east = Math.max(east, longitude);
  }
  // About 50 m at least, so that one camera isn't shown at the highest zoom.
  const high = Math.max(0.0005, (north - south) * 0.1);
  const wide = Math.max(0.0005, (east - west) * 0.1);
  return [
    [south - high, west - wide],
    [north + high, east + wide],
  ];
}

/** A name over its symbol on the map, CSS px of the map. */
export interface Label {
  x: number;
  y: number;
  width: number;
  height: number;
}

const half = 12;
const above = 14;

/**
 * Which names are written: in this order, each that lies over no name already written and over no other symbol. One that isn't is still said on pointing
 * at its symbol, and by moving closer.
 * @param labels of symbols at (x, y), the most important first
 */
export function shownNames(labels: readonly Label[]): boolean[] {
  const written: { left: number; top: number; right: number; bottom: number }[] = [];
  return labels.map(({ x, y, width, height }, index) => {
    const box = { left: x - width / 2, top: y - above - height, right: x + width / 2, bottom: y - above };
    const overName = written.some(
      (other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom,
    );
    const overSymbol = labels.some(
      (other, i) =>
        i !== index &&
        box.left < other.x + half &&
        other.x - half < box.right &&
        box.top < other.y + half &&
        other.y - half < box.bottom,
    );
    if (overName || overSymbol) return false;
    written.push(box);
    return true;
  });
}
