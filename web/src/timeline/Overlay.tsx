import { useEffect, useRef } from 'react';
import { nodeNow } from '../api/clock';
import { toPixel } from './TimeScale';
import type { TimelineView } from './TimelineView';

/** Playhead, pointer of the present, and the stretch chosen: moved by transforms, without redrawing a strip. */
export function Overlay({ view }: { view: TimelineView }) {
  const playhead = useRef<HTMLDivElement>(null);
  const present = useRef<HTMLDivElement>(null);
  const band = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const draw = () => {
      const { scale, selection } = view;
      const place = (element: HTMLElement | null, ms: number) => {
        if (!element) return;
        const at = toPixel(scale, ms);
        element.style.visibility = at < -1 || at > scale.width + 1 ? 'hidden' : 'visible';
        element.style.transform = `translateX(${at}px)`;
      };
      place(playhead.current, view.playhead);
      place(present.current, nodeNow());
      if (band.current) {
        const from = selection ? Math.max(0, toPixel(scale, selection.from)) : 0;
        const to = selection ? Math.min(scale.width, toPixel(scale, selection.to)) : 0;
        band.current.style.visibility = selection && to > from ? 'visible' : 'hidden';
        band.current.style.transform = `translateX(${from}px)`;
        band.current.style.width = `${Math.max(0, to - from)}px`;
      }
    };
    draw();
    return view.subscribe(draw);
  }, [view]);
  return (
    <div className="strips-overlay" aria-hidden>
      <div className="strip-label" />
      <div className="strip-track">
        <div ref={band} className="selection" />
        <div ref={present} className="present" />
        <div ref={playhead} className="playhead" />
      </div>
    </div>
  );
}
