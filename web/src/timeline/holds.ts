import type { HoldSpan, Timeline } from '../api/types';
import { toPixel, type TimeScale } from './TimeScale';

/** A hold as a strip draws it: ms since 1970 UTC. */
export interface DrawnHold {
  from: number;
  /** Infinity while it has no end. */
  to: number;
}

const drawn = new WeakMap<Timeline, DrawnHold[]>();

/** Holds of a timeline, those that touch as one: read once, strips draw sixty times a second. */
export function drawnHolds(timeline: Timeline): DrawnHold[] {
  let holds = drawn.get(timeline);
  if (!holds) {
    holds = [];
    const spans = timeline.holds.map(spanOfHold).sort((a, b) => a.from - b.from);
    for (const span of spans) {
      const last = holds.at(-1);
      if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
      else holds.push(span);
    }
    drawn.set(timeline, holds);
  }
  return holds;
}

/** Holds that keep one instant. */
export const holdsAt = (timeline: Timeline | undefined, ms: number): HoldSpan[] =>
  (timeline?.holds ?? []).filter((hold) => {
    const { from, to } = spanOfHold(hold);
    return from <= ms && ms < to;
  });

/** Holds that keep a part of a stretch. */
export const holdsIn = (timeline: Timeline | undefined, from: number, to: number): HoldSpan[] =>
  (timeline?.holds ?? []).filter((hold) => {
    const span = spanOfHold(hold);
    return span.from < to && from < span.to;
  });

const spanOfHold = (hold: HoldSpan): DrawnHold => ({
  from: Date.parse(hold.from),
  to: hold.to === null ? Infinity : Date.parse(hold.to),
});

/** A pin is ten seconds before to ten after, whole seconds; what has begun in a live picture may still go on. */
export function pinAround(ms: number): { from: number; to: number } {
  return { from: Math.floor((ms - pinMs) / 1000) * 1000, to: Math.ceil((ms + pinMs) / 1000) * 1000 };
}

const pinMs = 10_000;

/** A roof over what is kept: a line along the upper edge with a house where it begins, or where it comes into view. */
export function drawHolds(canvas: HTMLCanvasElement, scale: TimeScale, timeline: Timeline | undefined, colour: string) {
  const context = canvas.getContext('2d');
  if (!context || !timeline) return;
  context.fillStyle = colour;
  let right = -Infinity;
  for (const hold of drawnHolds(timeline)) {
    const from = Math.max(0, toPixel(scale, hold.from));
    const to = Math.min(scale.width, toPixel(scale, Math.min(hold.to, Number.MAX_SAFE_INTEGER)));
    if (to < 0 || from > scale.width) continue;
    context.fillRect(from, 2, Math.max(2, to - from), 2);
    // Houses that would cover each other are one.
    const x = Math.max(6, Math.min(scale.width - 6, from + 5));
    if (x - right < 12) continue;
    right = x;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x + 6, 5);
    context.lineTo(x + 4, 5);
    context.lineTo(x + 4, 10);
    context.lineTo(x - 4, 10);
    context.lineTo(x - 4, 5);
    context.lineTo(x - 6, 5);
    context.closePath();
    context.fill();
  }
}
