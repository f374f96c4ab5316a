import type { Format } from '../i18n/format';
import { day, spanOf, tickStep, ticks, toPixel, toTime, type TimeScale } from './TimeScale';
import type { Zone } from './zone';

/** Labels along the strips, in the site's time: days, hours, minutes, seconds, whichever the view can hold. */
export function drawRuler(canvas: HTMLCanvasElement, scale: TimeScale, zone: Zone, format: Format, now: number): void {
  const ratio = devicePixelRatio;
  const { width } = scale;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(canvas);
  const strong = style.getPropertyValue('--text').trim();
  const dim = style.getPropertyValue('--dim').trim();
  const line = style.getPropertyValue('--line').trim();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `12px ${style.fontFamily}`;
  context.textBaseline = 'middle';
  context.direction = 'ltr';

  const step = tickStep(scale.perPixel, 84);
  const small = tickStep(scale.perPixel, 14);
  context.fillStyle = line;
  for (const { ms } of ticks(scale, small, zone.offsetAt))
    context.fillRect(Math.round(toPixel(scale, ms)), height - 4, 1, 4);

  const marks = ticks(scale, step, zone.offsetAt);
  // The day at the left, where no midnight is in view to say it; labels keep clear of it.
  const needsDay = spanOf(scale) < day * 2 && !marks.some((mark) => mark.midnight);
  const today = needsDay ? format.date(Math.min(now, toTime(scale, width / 2))) : '';
  const taken = needsDay ? context.measureText(today).width + 12 : -Infinity;
  for (const { ms, midnight } of marks) {
    const at = Math.round(toPixel(scale, ms));
    context.fillStyle = midnight ? strong : line;
    context.fillRect(at, height - 8, 1, 8);
    context.fillStyle = midnight ? strong : dim;
    if (at < taken) continue;
    const text =
      midnight || step >= day
        ? format.shortDate(ms)
        : step >= 60_000
          ? format.shortTime(ms)
          : step >= 1000
            ? format.time(ms)
            : format.timeMs(ms).replace(/(\D[\d٠-٩])[\d٠-٩]{2}$/, '$1');
    context.fillText(text, at + 4, height / 2 - 2);
  }
  context.fillStyle = strong;
  context.fillText(today, 4, height / 2 - 2);
}
