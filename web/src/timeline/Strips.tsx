import { useDirection } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { IconCircleFilled, IconCircleOff } from '@tabler/icons-react';
import { memo, useEffect, useMemo, useRef, useState, useSyncExternalStore, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import type { Timeline } from '../api/types';
import { useFormat, type Format } from '../i18n/format';
import { usePreferences } from '../i18n/preferences';
import { momentAt } from './coverage';
import { drawMarks, markAt, type Mark } from './marks';
import type { Listed } from './removed';
import { drawRow, readColours, type RowColours } from './drawRow';
import { drawRuler } from './drawRuler';
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

interface Hover {
  camera: string;
  ms: number;
  x: number;
  y: number;
}

/** All cameras' strips under one ruler: wheel and pinch zoom around the pointer, drag moves, click seeks, Shift-drag selects. */
export function Strips({ cameras, timelines, marks, view, selected, onSeek, onOpenMark }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { scheme } = usePreferences();
  const { dir } = useDirection();
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
    return view.subscribe(draw);
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
  const gesture = useRef<{ camera: string | null; x: number; moved: boolean; from: number; selecting: boolean } | null>(
    null,
  );

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const at = pixelOf(event, track.current);
    if (event.button !== 0 || at === null || at < 0 || at > view.scale.width) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, { x: at });
    gesture.current = {
      camera: cameraAt(event),
      x: at,
      moved: pointers.current.size > 1,
      from: toTime(view.scale, at),
      selecting: event.shiftKey,
    };
    setHover(null);
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
        camera !== null && inside ? { camera, ms: toTime(view.scale, at), x: event.clientX, y: event.clientY } : null,
      );
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
    gesture.current = null;
    if (event.type === 'pointerup' && !going.moved && !going.selecting) {
      const camera = going.camera ?? selected;
      const mark = camera === null ? null : markAt(marks[camera], view.scale, toPixel(view.scale, going.from));
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
        <div
          className="strip-tip"
          style={{
            left: dir === 'rtl' || hover.x > innerWidth - 260 ? undefined : hover.x + 14,
            right: dir === 'rtl' || hover.x > innerWidth - 260 ? innerWidth - hover.x + 14 : undefined,
            top: hover.y + 16,
          }}
        >
          <Moment
            mark={markAt(marks[hover.camera], view.scale, toPixel(view.scale, hover.ms))}
            timeline={timelines?.[hover.camera]}
            ms={hover.ms}
            format={format}
            span={spanOf(view.scale)}
          />
        </div>
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

/** Playhead, pointer of the present, and the stretch chosen: moved by transforms, without redrawing a strip. */
function Overlay({ view }: { view: TimelineView }) {
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

interface StripProps {
  camera: Listed;
  timeline: Timeline | undefined;
  marks: Mark[] | undefined;
  view: TimelineView;
  selected: boolean;
  first: boolean;
  colours: RowColours | null;
  format: Format;
  onSeek: (camera: string, ms: number) => void;
}

const Strip = memo(function Strip({
  camera,
  timeline,
  marks,
  view,
  selected,
  first,
  colours,
  format,
  onSeek,
}: StripProps) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [focus, setFocus] = useState(false);
  // Whole seconds: a screen reader has no use for sixty values a second.
  const second = useSyncExternalStore(view.subscribe, () => (selected ? Math.floor(view.playhead / 1000) : 0));

  useEffect(() => {
    if (!colours) return;
    const draw = () => {
      if (!canvas.current) return;
      drawRow(canvas.current, view.scale, timeline, nodeNow(), colours, selected);
      if (marks) drawMarks(canvas.current, view.scale, marks, colours.mark);
    };
    draw();
    // Playing moves only the playhead; a strip is redrawn when the stretch in view changes.
    let drawn = view.scale;
    return view.subscribe(() => {
      if (view.scale === drawn && spanOf(drawn) > 600_000) return;
      drawn = view.scale;
      draw();
    });
  }, [view, timeline, marks, colours, selected]);

  const recording = camera.removed ? t('timeline.removed') : t(`recording.${camera.recording.state}`);
  return (
    <div
      className={`strip${selected ? ' selected' : ''}${camera.removed ? ' removed' : ''}`}
      data-strip={camera.id}
      title={camera.removed ? t('timeline.removed') : undefined}
    >
      <button
        type="button"
        className="strip-label"
        tabIndex={-1}
        aria-pressed={selected}
        onClick={() => onSeek(camera.id, view.playhead)}
      >
        {camera.recording.state === 'recording' ? (
          <IconCircleFilled size={8} className="dim" aria-label={recording} />
        ) : (
          <IconCircleOff size={12} className={camera.removed ? 'dim' : 'amber'} aria-label={recording} />
        )}
        <bdi>{camera.name}</bdi>
      </button>
      <div
        className="strip-track"
        role="slider"
        tabIndex={selected || first ? 0 : -1}
        aria-label={t('timeline.strip', { camera: camera.name })}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.floor(nodeNow() / 1000)}
        aria-valuenow={selected ? second : Math.floor(view.playhead / 1000)}
        aria-valuetext={t('timeline.at', {
          time: format.dateTime(selected ? second * 1000 : view.playhead),
          what: whatIs(t, format, timeline, selected ? second * 1000 : view.playhead),
        })}
        onFocus={(event) => setFocus(event.currentTarget.matches(':focus-visible'))}
        onBlur={() => setFocus(false)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !selected) {
            event.preventDefault();
            onSeek(camera.id, view.playhead);
          }
        }}
      >
        <canvas ref={canvas} aria-hidden />
        {focus && selected && (
          <div className="strip-tip inside">
            <Moment timeline={timeline} ms={second * 1000} format={format} span={spanOf(view.scale)} />
          </div>
        )}
      </div>
    </div>
  );
});

type Translate = ReturnType<typeof useTranslation>['t'];

function whatIs(t: Translate, format: Format, timeline: Timeline | undefined, ms: number): string {
  const now = nodeNow();
  const moment = momentAt(timeline, ms, now);
  if (moment.kind !== 'gap') return t(`timeline.${moment.kind}`);
  const to = moment.gap.to === null ? now : Date.parse(moment.gap.to);
  return t('timeline.gapLasts', {
    duration: format.duration(to - Date.parse(moment.gap.from)),
    cause: t(`timeline.cause.${moment.gap.cause}`),
  });
}

function Moment({
  mark = null,
  timeline,
  ms,
  format,
  span,
}: {
  mark?: Mark | null;
  timeline: Timeline | undefined;
  ms: number;
  format: Format;
  span: number;
}) {
  const { t } = useTranslation();
  const moment = momentAt(timeline, ms, nodeNow());
  return (
    <>
      <strong>
        {span > 2 * 86_400_000 && `${format.shortDate(ms)} `}
        <bdi dir="ltr">{span < 60_000 ? format.timeMs(ms) : format.time(ms)}</bdi>
      </strong>
      {mark !== null && (
        <span>
          ▲ <bdi dir="ltr">{format.time(mark.at)}</bdi> {t(`scene.kind.${mark.kind}`)}
          {mark.count > 1 && ` · ${t('scene.times', { count: mark.count })}`}
        </span>
      )}
      <span>{whatIs(t, format, timeline, ms)}</span>
      {moment.kind === 'gap' && moment.gap.detail && (
        <bdi lang="en" className="dim">
          {moment.gap.detail}
        </bdi>
      )}
    </>
  );
}
