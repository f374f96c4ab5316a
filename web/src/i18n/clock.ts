import type { TFunction } from 'i18next';
import type { Format } from './format';

/** A device's clock that is off by more makes times in the camera's own picture misleading, s. */
export const clockTolerance = 2;

/** Of another node's clock, s: what is less isn't a tenth. */
export const tenth = 0.05;

/** Another clock against the node's, in words. */
export function clockWords(
  t: TFunction,
  format: Format,
  /** Seconds that it is ahead; null: it doesn't tell its time. */
  offset: number | null,
  tolerance = clockTolerance,
): string {
  if (offset === null) return t('assistant.clockUnknown');
  if (Math.abs(offset) <= tolerance) return t('assistant.clockRight');
  const duration = format.duration(Math.abs(offset) * 1000);
  return offset > 0 ? t('assistant.clockAhead', { duration }) : t('assistant.clockBehind', { duration });
}
