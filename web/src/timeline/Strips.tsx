import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import type { Timeline } from '../api/types';
import { useFormat } from '../i18n/format';
import { usePreferences } from '../i18n/preferences';
import { readColours, type RowColours } from './drawRow';
import { drawRuler } from './drawRuler';
import { markAt, type Mark } from './marks';
import { Moment } from './Moment';
import { Overlay } from './Overlay';
import type { Listed } from './removed';
import { Strip } from './Strip';
import { StripTip } from './StripTip';
import { spanOf, toPixel, toTime } from './TimeScale';
import type { TimelineView } from './TimelineView';
import { Zone } from './zone';

interface Props {
  cameras: Listed[];
  timelines: Record<string, Timeline> | undefined;
  /** What happened in front of each camera. */
  marks: Record<string, Mark[]>;
  onOpenMark: (camera: string, ms: number) => void;
  view: TimelineView;
  selected: string | null;
  onSeek: (camera: string, ms: number) => void;
}

const rowHeight = 34;
const clickSlop = 4;

/** A finger that rests so long wants to look, not to move the strips (ms). */
const holdMs = 350;

interface Hover {
  camera: string;
  ms: number;
  x: number;
  y: number;
  touch: boolean;
}

interface Gesture {
  camera: string | null;
  x: number;
  moved: boolean;
  from: number;
  selecting: boolean;
  /** A finger rested: moving it looks along the strip, and the strips stay. */
  looking: boolean;
  hold?: ReturnType<typeof setTimeout>;
}

/**
 * All cameras' strips under one ruler: wheel and pinch zoom around the pointer, drag moves, click seeks, Shift-drag selects; a finger that rests first
 * looks along the strip and seeks where it is lifted.
 */
export function Strips({ cameras, timelines, marks, view, selected, onSeek, onOpenMark }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { scheme } = usePreferences();
  const scroller = useRef<HTMLDivElement>(null);
  const track = useRef<HTMLDivElement>(null);
  const ruler = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [colours, setColours] = useState<RowColours | null>(null);
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);

  useEffect(() => {
    // After the style sheet of the new theme applies.
    const frame = requestAnimationFrame(() => scroller.current && setColours(readColours(scroller.current)));
    return () => cancelAnimationFrame(frame);
  }, [scheme]);

  useEffect(() => {
    const element = track.current;
    if (!element) return;
    const observer = new ResizeObserver(() => view.resize(element.clientWidth));
    observer.observe(element);
    view.resize(element.clientWidth);
    return () => observer.disconnect();
  }, [view]);

  useEffect(() => {
    const draw = () => {
      if (ruler.current) drawRuler(ruler.current, view.scale, zone, format, nodeNow());
    };
    draw();
    return view.onFrame(draw);
  }, [view, zone, format, colours]);

  // The strips move under a pointer that rests: while playing, by the keys, by the wheel.
  useEffect(() => {
    if (!hover) return;
    let { scale } = view;
    return view.subscribe(() => {
      const at = pixelOf({ clientX: hover.x }, track.current);
      if (scale === view.scale || at === null) return;
      scale = view.scale;
      setHover({ ...hover, ms: toTime(scale, at) });
    });
  }, [hover, view]);

  // The present moves on: once a second is enough for the eye.
  useEffect(() => {
    const timer = setInterval(() => view.put(view.scale), 1000);
    return () => clearInterval(timer);
  }, [view]);

  // React's wheel listener is passive and couldn't keep the page from scrolling.
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      const at = pixelOf(event, track.current);
      if (at === null || at < 0 || at > view.scale.width) return;
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(event.deltaX || event.deltaY);
      else view.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240))), at);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [view]);

  // eslint-disable-next-line react-hooks/incompatible-library -- the list is read in render only, as it is meant to be
  const rows = useVirtualizer({
    count: cameras.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 4,
  });

  useEffect(() => {
    const index = cameras.findIndex((camera) => camera.id === selected);
    if (index >= 0) rows.scrollToIndex(index, { align: 'auto' });
    // Only a change of the selection scrolls, not every new list.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected]);

  const pointers = useRef(new Map<number, { x: number }>());
  const gesture = useRef<Gesture | null>(null);
  const endGesture = () => {
    clearTimeout(gesture.current?.hold);
    gesture.current = null;
  };

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const at = pixelOf(event, track.current);
    if (event.button !== 0 || at === null || at < 0 || at > view.scale.width) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, { x: at });
    endGesture();
    const going: Gesture = {
      camera: cameraAt(event),
      x: at,
      moved: pointers.current.size > 1,
      from: toTime(view.scale, at),
      selecting: event.shiftKey,
      looking: false,
    };
    gesture.current = going;
    setHover(null);
    if (event.pointerType !== 'touch' || going.moved || going.camera === null) return;
    const { camera, from } = going;
    const { clientX, clientY } = event;
    going.hold = setTimeout(() => {
      if (gesture.current !== going || going.moved) return;
      going.looking = true;
      setHover({ camera, ms: from, x: clientX, y: clientY, touch: true });
    }, holdMs);
  };

  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const at = pixelOf(event, track.current);
    if (at === null) return;
    const known = pointers.current.get(event.pointerId);
    const going = gesture.current;
    if (!known || !going) {
      const camera = cameraAt(event);
      const inside = at >= 0 && at <= view.scale.width && event.pointerType === 'mouse';
      setHover(
        camera !== null && inside
          ? { camera, ms: toTime(view.scale, at), x: event.clientX, y: event.clientY, touch: false }
          : null,
      );
      return;
    }
    if (going.looking && going.camera !== null) {
      const inside = Math.max(0, Math.min(view.scale.width, at));
      going.from = toTime(view.scale, inside);
      setHover({ camera: going.camera, ms: going.from, x: event.clientX, y: event.clientY, touch: true });
      return;
    }
    if (pointers.current.size === 2) {
      const [a, b] = [...pointers.current.values()];
      if (a && b) {
        const before = Math.abs(a.x - b.x);
        known.x = at;
        const after = Math.abs(a.x - b.x);
        if (before > 8 && after > 8) view.zoom(before / after, (a.x + b.x) / 2);
      }
      return;
    }
    if (Math.abs(at - going.x) > clickSlop) going.moved = true;
    if (going.selecting) view.select({ from: going.from, to: toTime(view.scale, at) });
    else if (going.moved) view.pan(known.x - at);
    known.x = at;
  };

  const onPointerUp = (event: PointerEvent<HTMLDivElement>) => {
    const known = pointers.current.delete(event.pointerId);
    const going = gesture.current;
    if (!known || !going || pointers.current.size > 0) return;
    endGesture();
    if (going.looking) setHover(null);
    if (event.type === 'pointerup' && !going.moved && !going.selecting) {
      const camera = going.camera ?? selected;
      const mark =
        camera === null || going.looking ? null : markAt(marks[camera], view.scale, toPixel(view.scale, going.from));
      if (camera !== null && mark !== null) onOpenMark(camera, mark.at);
      else if (camera !== null) onSeek(camera, Math.min(going.from, nodeNow()));
    }
  };

  return (
    <div
      ref={scroller}
      className="strips"
      role="region"
      aria-label={t('timeline.strips')}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
      onPointerLeave={() => setHover(null)}
      onContextMenu={(event) => {
        if (gesture.current) event.preventDefault();
      }}
    >
      <div className="strips-head">
        <div className="strip-label" />
        <div className="strip-track" ref={track}>
          <canvas ref={ruler} className="ruler" aria-hidden />
        </div>
      </div>
      <div className="strips-body" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const camera = cameras[item.index];
          return (
            camera && (
              <div key={camera.id} className="strip-place" style={{ top: item.start, height: item.size }}>
                <Strip
                  camera={camera}
                  timeline={timelines?.[camera.id]}
                  marks={marks[camera.id]}
                  view={view}
                  selected={camera.id === selected}
                  first={selected === null && item.index === 0}
                  colours={colours}
                  format={format}
                  onSeek={onSeek}
                />
              </div>
            )
          );
        })}
      </div>
      <Overlay view={view} />
      {hover && (
        <StripTip place={() => hover} above={hover.touch ? 36 : 16}>
          <Moment
            camera={hover.camera}
            mark={markAt(marks[hover.camera], view.scale, toPixel(view.scale, hover.ms))}
            timeline={timelines?.[hover.camera]}
            ms={hover.ms}
            format={format}
            span={spanOf(view.scale)}
          />
        </StripTip>
      )}
    </div>
  );
}

function pixelOf(event: { clientX: number }, track: HTMLElement | null): number | null {
  return track ? event.clientX - track.getBoundingClientRect().left : null;
}

function cameraAt(event: { clientY: number; clientX: number }): string | null {
  for (const element of document.elementsFromPoint(event.clientX, event.clientY)) {
    const strip = element.closest<HTMLElement>('[data-strip]');
    if (strip) return strip.dataset.strip ?? null;
  }
  return null;
}
