/** The stretch of time a strip shows. Pure; pixels are CSS pixels from the left, left to right in every language. */
export interface TimeScale {
  /** Left edge, ms since 1970 UTC. */
  from: number;
  /** Milliseconds a pixel. */
  perPixel: number;
  /** Pixels. */
  width: number;
}

export const day = 86_400_000;
export const longestSpan = 30 * day;
export const shortestSpan = 1000;

export const spanOf = (scale: TimeScale): number => scale.perPixel * scale.width;
export const toPixel = (scale: TimeScale, ms: number): number => (ms - scale.from) / scale.perPixel;
export const toTime = (scale: TimeScale, pixel: number): number => scale.from + pixel * scale.perPixel;

/** The same time stays under the pointer. A factor above 1 shows more time. */
export function zoom(scale: TimeScale, factor: number, pixel: number): TimeScale {
  const fixed = toTime(scale, pixel);
  const span = Math.min(longestSpan, Math.max(shortestSpan, spanOf(scale) * factor));
  const perPixel = span / scale.width;
  return { ...scale, perPixel, from: fixed - pixel * perPixel };
}

export const pan = (scale: TimeScale, pixels: number): TimeScale => ({
  ...scale,
  from: scale.from + pixels * scale.perPixel,
});

/** Another width keeps the stretch of time, not the scale: what was in view stays in view. */
export const resize = (scale: TimeScale, width: number): TimeScale => ({
  ...scale,
  perPixel: spanOf(scale) / width,
  width,
});

export function centre(scale: TimeScale, ms: number, span = spanOf(scale)): TimeScale {
  const held = Math.min(longestSpan, Math.max(shortestSpan, span));
  return { from: ms - held / 2, perPixel: held / scale.width, width: scale.width };
}

/**
 * Turns the page while playing: the playhead may run to nine tenths of the width, then continues at one tenth,
 * or as far along as the present allows: nobody wants a page of future.
 * A playhead that is out of view was left there by the viewer and isn't followed.
 */
export function follow(scale: TimeScale, playhead: number, before: number, now: number): TimeScale {
  const wasIn = before >= scale.from && before <= toTime(scale, scale.width);
  const at = toPixel(scale, playhead);
  if (!wasIn || (at >= 0 && at <= scale.width * 0.9)) return scale;
  const span = spanOf(scale);
  return { ...scale, from: Math.min(playhead - span * 0.1, now - span * 0.85) };
}

/** Distances between two labels, ms. */
const steps = [
  100,
  200,
  500,
  1000,
  2000,
  5000,
  10_000,
  15_000,
  30_000,
  60_000,
  120_000,
  300_000,
  600_000,
  900_000,
  1_800_000,
  3_600_000,
  7_200_000,
  10_800_000,
  21_600_000,
  43_200_000,
  day,
  2 * day,
  5 * day,
  10 * day,
];

export function tickStep(perPixel: number, apart: number): number {
  return steps.find((step) => step / perPixel >= apart) ?? 10 * day;
}

export interface Tick {
  ms: number;
  /** Starts a day of the site. */
  midnight: boolean;
}

/**
 * Where to put labels, aligned to the site's clock, not to UTC.
 * @param offsetAt the zone's distance from UTC at an instant, ms; it changes inside a view when summer time begins
 */
export function ticks(scale: TimeScale, step: number, offsetAt: (ms: number) => number): Tick[] {
  const end = toTime(scale, scale.width);
  const result: Tick[] = [];
  let last = -Infinity;
  for (let ms = scale.from - step; ms <= end + step && result.length < 500; ms += step) {
    const local = Math.floor((ms + offsetAt(ms)) / step) * step;
    // The offset that holds where the tick lands, which may be on the other side of a change.
    let at = local - offsetAt(ms);
    at = local - offsetAt(at);
    if (at > last && at >= scale.from && at <= end) {
      result.push({ ms: at, midnight: local % day === 0 });
      last = at;
    }
  }
  return result;
}
