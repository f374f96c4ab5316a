import type { SceneEvent } from '../api/types';

/** How long after an event its track stays marked. */
const markedMs = 5000;
const until = new Map<string, number>();

/** Notes that a track raised something. */
export function noteRaised(event: Pick<SceneEvent, 'camera' | 'track'>): void {
  if (event.track === null) return;
  const now = performance.now();
  for (const [key, end] of until) if (end < now) until.delete(key);
  until.set(`${event.camera} ${event.track}`, now + markedMs);
}

export const isRaised = (camera: string, track: number): boolean =>
  (until.get(`${camera} ${track}`) ?? 0) > performance.now();
