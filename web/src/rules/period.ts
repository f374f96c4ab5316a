import { Zone } from '../timeline/zone';

export const periods = ['hour', 'night', 'yesterday', 'day', 'week'] as const;
export type Period = (typeof periods)[number];

const hour = 3_600_000;
/** Night, by the clock on the wall: from eight in the evening to six in the morning. */
const dusk = 'T20:00:00';
const dawn = 'T06:00:00';

/** A stretch that people name, before now; days and nights are those of the site. */
export function stretchOf(period: Period, now: number, timeZone: string): { from: number; to: number } {
  const zone = new Zone(timeZone);
  const dayText = (ms: number) => zone.toLocalText(ms).slice(0, 10);
  const at = (ms: number, time: string) => zone.fromLocalText(dayText(ms) + time) ?? ms;
  switch (period) {
    case 'hour':
      return { from: now - hour, to: now };
    case 'night': {
      // The night that is on, or the last one.
      const from = at(now, dusk) <= now ? at(now, dusk) : at(now - 24 * hour, dusk);
      return { from, to: Math.min(now, at(from + 12 * hour, dawn)) };
    }
    case 'yesterday':
      return { from: at(now - 24 * hour, 'T00:00:00'), to: at(now, 'T00:00:00') };
    case 'day':
      return { from: now - 24 * hour, to: now };
    case 'week':
      return { from: now - 7 * 24 * hour, to: now };
  }
}
