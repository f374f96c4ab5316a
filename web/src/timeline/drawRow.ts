import type { Timeline } from '../api/types';
import { drawnGaps, lastStart } from './coverage';
import { toPixel, toTime, type TimeScale } from './TimeScale';

/** Colours of a strip, read from the style sheet so that both themes share one drawing. */
export interface RowColours {
  recorded: string;
  recordedStrong: string;
  gap: string;
  gapBack: string;
  chosen: string;
  nothing: string;
  mark: string;
  hold: string;
}

export function readColours(element: Element): RowColours {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    recorded: read('--strip-recorded'),
    recordedStrong: read('--strip-recorded-strong'),
    gap: read('--strip-gap'),
    gapBack: read('--strip-gap-back'),
    chosen: read('--strip-chosen'),
    nothing: read('--strip-nothing'),
    mark: read('--strip-mark'),
    hold: read('--strip-hold'),
  };
}

const hatches = new Map<string, CanvasPattern>();

/** Made once for each colour: every strip draws with it. */
function hatchOf(
  context: CanvasRenderingContext2D,
  colour: string,
  back: string,
  chosen: boolean,
): CanvasPattern | string {
  const key = `${colour} ${back} ${chosen} ${devicePixelRatio}`;
  const known = hatches.get(key);
  if (known) return known;
  const made = hatch(context, colour, back, chosen);
  if (typeof made !== 'string') {
    if (hatches.size >= 16) hatches.clear();
    hatches.set(key, made);
  }
  return made;
}

/** Diagonal lines; gaps that someone chose lean the other way, so that the difference isn't colour alone. */
function hatch(
  context: CanvasRenderingContext2D,
  colour: string,
  back: string,
  chosen: boolean,
): CanvasPattern | string {
  const size = 8;
  const tile = document.createElement('canvas');
  const ratio = devicePixelRatio;
  tile.width = tile.height = Math.round(size * ratio);
  const pen = tile.getContext('2d');
  if (!pen) return colour;
  pen.scale(tile.width / size, tile.height / size);
  pen.fillStyle = back;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(chosen ? shift + size : shift, -0.5);
    pen.lineTo(chosen ? shift - 0.5 : shift + size + 0.5, size);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, 'repeat');
  if (!pattern) return colour;
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/**
 * Draws one camera's strip from its merged spans: bars for what is recorded, hatching for gaps, an empty track where
 * nothing is known, nothing at all in the future. Cost grows with what is in view, at most one bar a pixel.
 */
export function drawRow(
  canvas: HTMLCanvasElement,
  scale: TimeScale,
  timeline: Timeline | undefined,
  now: number,
  colours: RowColours,
  selected: boolean,
): void {
  const ratio = devicePixelRatio;
  const width = scale.width;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);

  const until = Math.min(width, toPixel(scale, now));
  const middle = height / 2;
  if (until > 0) {
    context.fillStyle = colours.nothing;
    context.fillRect(0, middle - 0.5, until, 1);
  }
  if (!timeline) return;

  const top = selected ? 6 : 8;
  const bar = height - top * 2;
  const end = toTime(scale, width);

  const inView = drawnGaps(timeline).filter((gap) => gap.to >= scale.from && gap.from <= end);
  for (const chosen of [false, true]) {
    context.fillStyle = hatchOf(context, chosen ? colours.chosen : colours.gap, colours.gapBack, chosen);
    for (const gap of inView) {
      if (gap.chosen !== chosen) continue;
      const left = Math.max(0, toPixel(scale, gap.from));
      // Never thinner than 2 px: a gap of one second must show on a day's strip.
      context.fillRect(left, top, Math.max(2, Math.min(width, toPixel(scale, Math.min(now, gap.to))) - left), bar);
    }
  }

  context.fillStyle = selected ? colours.recordedStrong : colours.recorded;
  let left = NaN;
  let right = NaN;
  const flush = () => {
    if (right >= left) context.fillRect(left, top, Math.max(1, right - left), bar);
  };
  const spans = timeline.segments;
  for (let i = Math.max(0, lastStart(spans, scale.from)); i < spans.length; i++) {
    const [begins = Infinity, ends = 0] = spans[i] ?? [];
    if (begins > end) break;
    if (ends < scale.from) continue;
    const from = Math.max(0, toPixel(scale, begins));
    const to = Math.min(width, toPixel(scale, ends));
    if (from - right < 0.5) {
      right = Math.max(right, to);
    } else {
      flush();
      left = from;
      right = to;
    }
  }
  flush();
  // A gap narrower than a pixel was painted over by the bars around it: mark it on top.
  context.fillStyle = colours.gap;
  for (const gap of inView) {
    if ((Math.min(now, gap.to) - gap.from) / scale.perPixel >= 2) continue;
    context.fillRect(toPixel(scale, gap.from) - 0.5, top, 1.5, bar);
  }
}
