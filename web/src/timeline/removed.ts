import type { Camera, Timeline } from '../api/types';

/** A camera as the timeline lists it. */
export type Listed = Camera & { removed?: true };

/** Cameras that aren't there any more but have recordings: known by their id alone, for names go with the camera. */
export function removedCameras(present: readonly Camera[], timelines: Record<string, Timeline> | undefined): Listed[] {
  const there = new Set(present.map((camera) => camera.id));
  return Object.entries(timelines ?? {})
    .filter(([id, timeline]) => !there.has(id) && timeline.oldest !== null)
    .map(([id]) => id)
    .sort((a, b) => a.localeCompare(b))
    .map((id) => ({
      id,
      name: id,
      enabled: false,
      source: 'api',
      main: { url: '' },
      sub: null,
      transport: 'auto',
      record: 'main',
      audio: true,
      userName: null,
      hasPassword: false,
      retention: null,
      fingerprint: null,
      onvif: null,
      site: null,
      groups: [],
      status: { state: 'disabled', reason: '', since: '1970-01-01T00:00:00.000Z', attempt: 0, streams: [] },
      recording: { state: 'off', since: '1970-01-01T00:00:00.000Z', reason: '' },
      removed: true,
    }));
}
