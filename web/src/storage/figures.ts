import type { CameraStorage, Volume } from '../api/types';

/** Parts of a volume, in bytes; in the order in which the bar shows them. */
export interface Shares {
  held: number;
  footage: number;
  /** Of others on the same disk. */
  other: number;
  free: number;
  /** What is there of the reserve. */
  reserve: number;
}

export const shareNames = ['held', 'footage', 'other', 'free', 'reserve'] as const;

/** Splits a volume; null where it has no size, as a bucket without a limit. The parts add up to the size. */
export function sharesOf(volume: Pick<Volume, 'capacity' | 'free' | 'used' | 'held' | 'reserve'>): Shares | null {
  const { capacity } = volume;
  if (capacity <= 0) return null;
  const left = Math.min(capacity, Math.max(0, volume.free));
  // Counted at different moments, they needn't fit.
  const used = Math.min(capacity - left, Math.max(0, volume.used));
  const held = Math.min(used, Math.max(0, volume.held));
  const reserve = Math.min(left, Math.max(0, volume.reserve));
  return { held, footage: used - held, other: capacity - left - used, free: left - reserve, reserve };
}

/** Whether a camera's footage doesn't reach as far back as was asked, by more than the forecast's own error. */
export const fallsShort = ({ retention, givesDays }: Pick<CameraStorage, 'retention' | 'givesDays'>): boolean =>
  retention.days !== null && givesDays !== null && givesDays < retention.days * 0.95;

/**
 * Reads a number as people type it: with a comma, or with the digits and the point of Arabic. Null where it is none; thousands aren't grouped, for a
 * point that groups in one language is a fraction in another.
 */
export function readNumber(text: string): number | null {
  const plain = text
    .trim()
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[,٫]/, '.');
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}
