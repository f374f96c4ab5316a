import { useEffect, useRef } from 'react';
import { nodeNow } from '../api/clock';
import type { Timeline } from '../api/types';
import { setQuery, usePlace } from '../shell/route';
import { day, spanOf } from './TimeScale';
import type { TimelineView } from './TimelineView';

/** A young archive is shown whole rather than as a sliver at the end of a day. */
export function useFitOnce(view: TimelineView, timelines: Record<string, Timeline> | undefined, wanted: boolean) {
  const done = useRef(!wanted);
  useEffect(() => {
    if (done.current || !timelines) return;
    done.current = true;
    const oldest = Object.values(timelines)
      .map((timeline) => (timeline.oldest === null ? Infinity : Date.parse(timeline.oldest)))
      .reduce((a, b) => Math.min(a, b), Infinity);
    const age = nodeNow() - oldest;
    if (Number.isFinite(age) && age < day / 2) {
      const span = Math.max(10 * 60_000, age * 1.3);
      view.show(nodeNow() - span * 0.35, span);
    }
  }, [view, timelines]);
}

/** Keeps the address in step, so that a link or a reload leads to the same moment; follows it when someone else changes it. */
export function useAddress(view: TimelineView, opened: number | null, onSeek: (ms: number) => void) {
  const { query } = usePlace();
  const written = useRef<string | null>(opened === null ? null : query.get('t'));
  useEffect(() => {
    let timer = 0;
    const write = () => {
      timer = 0;
      if (location.pathname !== '/timeline') return;
      const t = new Date(Math.round(view.playhead)).toISOString();
      written.current = t;
      setQuery({ t, zoom: String(Math.round(spanOf(view.scale) / 100) / 10) });
    };
    const stop = view.subscribe(() => {
      timer ||= window.setTimeout(write, 800);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [view]);

  const t = query.get('t');
  useEffect(() => {
    const ms = Date.parse(t ?? '');
    if (t === written.current || !Number.isFinite(ms)) return;
    written.current = t;
    view.play(ms);
    view.show(ms);
    onSeek(ms);
    // Only the address itself is followed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [t]);
}
