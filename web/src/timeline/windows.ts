/** Playback asks for the archive in windows on a fixed grid: neighbours are cacheable, and a seek nearby needs no request. */
export const windowMs = 30 * 60_000;

export interface PlayWindow {
  from: number;
  to: number;
}

export function windowAt(ms: number): PlayWindow {
  const from = Math.floor(ms / windowMs) * windowMs;
  return { from, to: from + windowMs };
}

export const nextWindow = (window: PlayWindow): PlayWindow => ({ from: window.to, to: window.to + windowMs });

export const contains = (window: PlayWindow, ms: number): boolean => ms >= window.from && ms < window.to;

/** Real seconds before the end at which the next window is fetched, so that playing over the edge shows no pause. */
const preloadSeconds = 12;

export function shouldPreload(window: PlayWindow, ms: number, rate: number, now: number): boolean {
  return rate > 0 && window.to < now && window.to - ms < preloadSeconds * 1000 * rate;
}

/** One piece of a loaded playlist: where it plays (seconds of the video element) and what wall time it holds (ms). */
export interface Piece {
  start: number;
  duration: number;
  wall: number;
}

/** Wall time of a position; between pieces, the end of the one before. Null for an empty list. */
export function wallOf(pieces: readonly Piece[], position: number): number | null {
  let found: Piece | undefined;
  for (const piece of pieces) {
    if (piece.start > position + 0.000_5) break;
    found = piece;
  }
  found ??= pieces[0];
  return found ? found.wall + Math.min(Math.max(0, position - found.start), found.duration) * 1000 : null;
}

/**
 * Position of a wall time; inside a gap, the start of what follows. Null past the end.
 */
export function positionOf(pieces: readonly Piece[], wall: number): { position: number; wall: number } | null {
  for (const piece of pieces) {
    if (wall < piece.wall) return { position: piece.start, wall: piece.wall };
    if (wall < piece.wall + piece.duration * 1000) {
      return { position: piece.start + (wall - piece.wall) / 1000, wall };
    }
  }
  return null;
}
