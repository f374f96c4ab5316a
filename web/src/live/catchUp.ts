/** How the player stays near the live edge. All times in seconds of media. */
export const liveEdge = {
  /** Kept behind the newest picture: hides network jitter, still feels immediate. */
  target: 0.35,
  /** A stall raises the target by this much, up to the ceiling; it falls back while playing well. */
  targetStep: 0.15,
  targetCeiling: 1.2,
  /** Further behind than this, a jump is less disturbing than half a minute of fast motion. */
  jumpBeyond: 1.5,
  /** Inside this band around the target the speed stays 1: nobody sees speed changes that don't happen. */
  slack: 0.12,
};

export type CatchUp = { kind: 'play'; rate: number } | { kind: 'jump'; to: number };

/**
 * Decides from where playback is and what is buffered.
 * @param now current position
 * @param end end of the newest buffered range
 * @param start start of that range
 * @param target distance wanted between the two
 */
export function catchUp(now: number, start: number, end: number, target: number): CatchUp {
  const behind = end - now;
  // Outside the newest range (a reconnection, a hole, a late start): nothing there will ever play.
  if (now < start || behind < 0) return { kind: 'jump', to: Math.max(start, end - target) };
  if (behind > Math.max(liveEdge.jumpBeyond, target + 1)) return { kind: 'jump', to: Math.max(start, end - target) };
  const excess = behind - target;
  if (excess > liveEdge.slack) return { kind: 'play', rate: Math.min(1.2, 1.05 + (excess - liveEdge.slack) * 0.2) };
  if (excess < -liveEdge.slack && behind < 0.15) return { kind: 'play', rate: 0.95 };
  return { kind: 'play', rate: 1 };
}

/** Pause before the next attempt to connect, in ms: 0.5 s doubling to 8 s, spread so that 25 tiles don't knock at once. */
export function backOff(attempt: number, random: number): number {
  return Math.min(8000, 500 * 2 ** Math.min(attempt, 5)) * (0.75 + random * 0.5);
}

/** Later than this, a picture is called late; without a new one for this long, frozen. Both leave room to say so within 2 s. */
export const lateAfterMs = 2000;
export const frozenAfterMs = 1500;

/**
 * Frozen, from the time since the last new picture and the usual distance between two of them:
 * a camera at one picture in two seconds isn't frozen between them.
 */
export function isFrozen(sinceLastMs: number, usualMs: number): boolean {
  return sinceLastMs > Math.max(frozenAfterMs, usualMs * 2.5);
}
