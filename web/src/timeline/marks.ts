import type { SceneKind, SceneMark } from '../api/types';
import { toPixel, type TimeScale } from './TimeScale';

/** A mark with its time as a number, ms since 1970 UTC. */
export interface Mark {
  at: number;
  kind: SceneKind;
  count: number;
}

export const readMarks = (marks: readonly SceneMark[]): Mark[] =>
  marks.map((mark) => ({ at: Date.parse(mark.at), kind: mark.kind, count: mark.count }));

/** How near a pointer must come to a mark to mean it, px; a finger's width is the row's. */
export const markReach = 6;

/** The mark nearest to a place on the strip, within reach; null if there is none. */
export function markAt(marks: readonly Mark[] | undefined, scale: TimeScale, pixel: number): Mark | null {
  let found: Mark | null = null;
  let best = markReach;
  for (const mark of marks ?? []) {
    const distance = Math.abs(toPixel(scale, mark.at) - pixel);
    if (distance <= best) {
      best = distance;
      found = mark;
    }
  }
  return found;
}

/** Small triangles that stand on the lower edge of a strip: a shape of their own, not only a colour. */
export function drawMarks(canvas: HTMLCanvasElement, scale: TimeScale, marks: readonly Mark[], colour: string): void {
  const context = canvas.getContext('2d');
  if (!context || marks.length === 0) return;
  const bottom = canvas.clientHeight - 1;
  context.fillStyle = colour;
  context.beginPath();
  let last = -Infinity;
  for (const mark of marks) {
    const x = Math.round(toPixel(scale, mark.at));
    // Two kinds on one pixel are one triangle.
    if (x < -6 || x > scale.width + 6 || x === last) continue;
    last = x;
    context.moveTo(x, bottom - 9);
    context.lineTo(x + 5, bottom);
    context.lineTo(x - 5, bottom);
    context.closePath();
  }
  context.fill();
}
