import { useMemo, useSyncExternalStore } from 'react';
import { useFarTimeline, useSceneMarks, useTimelines } from '../api/queries';
import type { Camera, Timeline } from '../api/types';
import { resolutionOf } from './coverage';
import { readMarks, type Mark } from './marks';
import { day, spanOf, toTime } from './TimeScale';
import type { TimelineView } from './TimelineView';

/**
 * What all strips show, on a grid of stretches so that panning a little asks for nothing.
 * @param far of a site's camera, which is asked for alone: a link isn't made for all of them
 */
export function useStrips(view: TimelineView, cameras: Camera[], far: string | null) {
  const stretch = useSyncExternalStore(view.subscribe, () => {
    // Half a day at most, so that thirty days on it stay within the thirty-one that the node answers.
    const block = Math.min(day / 2, Math.max(10 * 60_000, 2 ** Math.ceil(Math.log2(spanOf(view.scale)))));
    const from = Math.floor(view.scale.from / block) * block;
    const to = Math.ceil(toTime(view.scale, view.scale.width) / block) * block;
    return `${from} ${to} ${resolutionOf(view.scale.perPixel)}`;
  });
  const [from = 0, to = 0, resolution = 0] = stretch.split(' ').map(Number);
  const main = useTimelines(from, to, resolution);
  const scene = useSceneMarks(from, to);
  const marks = useMemo(() => {
    const read: Record<string, Mark[]> = {};
    for (const [id, list] of Object.entries(scene.data ?? {})) read[id] = readMarks(list);
    return read;
  }, [scene.data]);
  const onlySub = cameras.filter((camera) => camera.record === 'sub').map((camera) => camera.id);
  const sub = useTimelines(from, to, resolution, 'sub', onlySub.length > 0);
  const subKey = onlySub.join(' ');
  const there = useFarTimeline(far, from, to, resolution);
  const timelines = useMemo(() => {
    if (!main.data) return main.data;
    const merged: Record<string, Timeline> = { ...main.data };
    for (const id of subKey === '' ? [] : subKey.split(' ')) {
      const other = sub.data?.[id];
      if (other) merged[id] = other;
    }
    if (far !== null && there.data) merged[far] = there.data;
    return merged;
  }, [main.data, sub.data, subKey, far, there.data]);
  return {
    timelines,
    marks,
    loading: main.isPending,
    error: main.isError ? main.error : there.isError ? there.error : null,
    refetch: () => void Promise.all([main.refetch(), ...(far === null ? [] : [there.refetch()])]),
  };
}
