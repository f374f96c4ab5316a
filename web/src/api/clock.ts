/**
 * The node's clock as seen from here. Browsers at a post are often minutes off; ages and "now" are the node's,
 * or a late picture could pass for live.
 */
let offsetMs = 0;
let known = false;

/** Takes one reading: the node's time and when the request left and returned, all in ms. */
export function readClock(nodeMs: number, sentMs: number, receivedMs: number): void {
  const measured = nodeMs - (sentMs + receivedMs) / 2;
  const uncertain = (receivedMs - sentMs) / 2;
  // A slow answer says little: within its own uncertainty it does not move a known offset.
  if (!known || Math.abs(measured - offsetMs) > uncertain) offsetMs = measured;
  known = true;
}

/** Milliseconds since 1970 UTC on the node's clock. */
export function nodeNow(): number {
  return Date.now() + offsetMs;
}
