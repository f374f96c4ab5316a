import { ActionIcon, Button, Menu, NativeSelect, Popover, Skeleton, TextInput, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconBracketsContain,
  IconBracketsContainEnd,
  IconBracketsContainStart,
  IconBroadcast,
  IconCalendarTime,
  IconCamera,
  IconChevronLeft,
  IconChevronRight,
  IconDeviceCctvOff,
  IconFileExport,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRewindBackward10,
  IconRewindForward10,
  IconVolume,
  IconVolumeOff,
  IconX,
  IconZoomIn,
  IconZoomOut,
} from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { fetchTimeline, useCameras, useSceneMarks, useTimelines } from '../api/queries';
import type { Camera, StreamKind, Timeline } from '../api/types';
import { useFormat, type Format } from '../i18n/format';
import { useKeys } from '../shell/keyboard';
import { Failure, Notice } from '../shell/Notice';
import { savePicture } from '../shell/picture';
import { useSound } from '../shell/sound';
import { go, setQuery, usePlace } from '../shell/route';
import { toast } from '../shell/toast';
import { resolutionOf } from './coverage';
import { ExportDialog } from './ExportDialog';
import { readMarks, type Mark } from './marks';
import { PlaybackPlayer, type PlaybackState } from './PlaybackPlayer';
import { RecentEvents } from './RecentEvents';
import { removedCameras, type Listed } from './removed';
import { shuttle, speeds } from './shuttle';
import { Strips } from './Strips';
import { day, spanOf, toTime } from './TimeScale';
import { TimelineView } from './TimelineView';
import { Zone } from './zone';

const none: PlaybackState = { phase: 'empty', wall: 0, rate: 1, skipped: null, reason: null };
const never = () => () => undefined;

/** Archive recorded less than this ago is opened a little before now, so that there is something to play. */
const openBeforeMs = 30_000;

/** An event is opened this long before it happened: what led to it is what one wants to see. */
const beforeEventMs = 10_000;

export default function TimelineRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const { query } = usePlace();
  const cameras = useCameras();
  const present = useMemo(() => cameras.data ?? [], [cameras.data]);
  const wanted = query.get('camera');

  // The address is read once; from then on the view writes it.
  const [opened] = useState(() => {
    const t = Date.parse(query.get('t') ?? '');
    const zoom = Number(query.get('zoom')) * 1000;
    return { at: Number.isFinite(t) ? t : null, span: zoom > 0 ? zoom : null };
  });
  const [view] = useState(() => {
    const made = new TimelineView(opened.at ?? nodeNow() - openBeforeMs, opened.span ?? day);
    if (opened.at === null) made.show(nodeNow() - (opened.span ?? day) * 0.35);
    return made;
  });
  const { timelines, marks, error, refetch, loading } = useStrips(view, present);
  // Behind those that are there: what was removed but can still be looked back at.
  const all = useMemo((): Listed[] => [...present, ...removedCameras(present, timelines)], [present, timelines]);
  const camera = all.find((candidate) => candidate.id === wanted) ?? null;
  const { frame, first: firstVideo, second: secondVideo, player, state } = useStage(camera, view, opened.at === null);

  // No camera in the address: the first one. An empty stage helps nobody.
  const first = all[0]?.id ?? null;
  useEffect(() => {
    if (wanted === null && first !== null) setQuery({ camera: first });
  }, [wanted, first]);

  useFitOnce(view, timelines, opened.span === null && opened.at === null);
  useAddress(view, opened.at, (ms) => void player?.seek(ms));

  const seek = useCallback(
    (id: string, ms: number) => {
      view.play(ms);
      if (id === camera?.id) void player?.seek(ms);
      else setQuery({ camera: id });
    },
    [camera?.id, player, view],
  );
  const seekBy = (ms: number) => {
    const to = Math.min(nodeNow(), state.wall + ms);
    view.play(to);
    void player?.seek(to);
  };
  const seekTo = (ms: number) => {
    view.play(ms);
    if (ms < view.scale.from || ms > toTime(view.scale, view.scale.width)) view.show(ms);
    void player?.seek(ms);
  };

  const [heard, setHeard] = useSound('playback');
  useEffect(() => player?.hear(heard), [player, heard]);
  const names = useMemo(() => new Map(all.map((each) => [each.id, each.name])), [all]);
  const openEvent = (id: string, ms: number) => {
    player?.play();
    if (ms < view.scale.from || ms > toTime(view.scale, view.scale.width)) view.show(ms);
    seek(id, ms - beforeEventMs);
  };

  const [exporting, setExporting] = useState<{ from: number; to: number } | null>(null);
  const [going, setGoing] = useState(false);
  const selection = useSyncExternalStore(view.subscribe, () => view.selection);
  const openExport = () => {
    const at = state.wall || view.playhead;
    setExporting(selection ?? { from: at - 30_000, to: Math.min(nodeNow(), at + 30_000) });
  };
  const mark = (end: 'from' | 'to') => {
    const at = state.wall || view.playhead;
    const other = end === 'from' ? selection?.to : selection?.from;
    if (end === 'from') view.select({ from: at, to: other !== undefined && other > at ? other : at + 10_000 });
    else view.select({ from: other !== undefined && other < at ? other : at - 10_000, to: at });
  };

  const snapshot = () => {
    if (!player || !camera) return;
    savePicture(player.video, camera.name, state.wall).then(
      (name) => toast(t('live.snapshotSaved', { name })),
      () => toast(t('live.snapshotNone'), { wrong: true }),
    );
  };
  const full = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else frame.current?.requestFullscreen().catch(() => undefined);
  };
  const zoomBy = (factor: number) => view.zoom(factor, view.scale.width / 2);

  useKeys((key, event) => {
    const running = state.phase === 'playing';
    const inStrips = event.target instanceof Element && event.target.closest('button, a') === null;
    switch (key) {
      case ' ':
        if (!inStrips) return false;
        player?.toggle();
        return true;
      case 'ArrowLeft':
        seekBy(event.shiftKey ? -10_000 : -1000);
        return true;
      case 'ArrowRight':
        seekBy(event.shiftKey ? 10_000 : 1000);
        return true;
      case 'ArrowUp':
      case 'ArrowDown': {
        const at = all.findIndex((candidate) => candidate.id === camera?.id) + (key === 'ArrowUp' ? -1 : 1);
        const next = all[at];
        if (next) setQuery({ camera: next.id });
        return true;
      }
      case ',':
      case '.':
        player?.step(key === ',' ? -1 : 1);
        return true;
      case 'Home':
      case 'End': {
        const own = camera ? timelines?.[camera.id] : undefined;
        const edge = key === 'Home' ? own?.oldest : own?.newest;
        if (edge) seekTo(Date.parse(edge) - (key === 'End' ? 1000 : 0));
        return true;
      }
      case 'PageUp':
      case 'PageDown':
        view.pan(view.scale.width * 0.9 * (key === 'PageUp' ? -1 : 1));
        return true;
      case '+':
      case '=':
        zoomBy(0.5);
        return true;
      case '-':
      case '_':
        zoomBy(2);
        return true;
      case 'j':
      case 'l':
        player?.setRate(shuttle(state.rate, running, key === 'l' ? 1 : -1));
        player?.play();
        return true;
      case 'k':
        player?.pause();
        player?.setRate(1);
        return true;
      case 'i':
        mark('from');
        return true;
      case 'o':
        mark('to');
        return true;
      case 'e':
        openExport();
        return true;
      case 'd':
        setGoing(true);
        return true;
      case 's':
        snapshot();
        return true;
      case 'm':
        setHeard(!heard);
        return true;
      case 'f':
        full();
        return true;
      case 'Escape':
        if (!selection) return false;
        view.select(null);
        return true;
      default:
        return false;
    }
  });

  if (cameras.isError && !cameras.data) {
    return (
      <Failure title={t('timeline.failed')} error={cameras.error}>
        <Button variant="default" onClick={() => void cameras.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  if (cameras.data && !loading && all.length === 0) {
    return <Notice icon={<IconDeviceCctvOff size={32} />} title={t('timeline.none')} text={t('live.noneDo')} />;
  }

  const running = state.phase === 'playing';
  return (
    <div className="timeline">
      <h1 className="visually-hidden">{t('timeline.title')}</h1>
      <div className="stage" ref={frame} data-phase={state.phase} data-wall={state.wall}>
        {/* Recordings are watched without sound; there is nothing to caption. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video ref={firstVideo} aria-hidden tabIndex={-1} />
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video ref={secondVideo} aria-hidden tabIndex={-1} />
        <StageNotes state={state} camera={camera} format={format} onRetry={() => void player?.seek(view.playhead)} />
        {camera && state.phase !== 'empty' && (
          <div className="stage-caption">
            <span className="tile-name">
              <bdi>{camera.name}</bdi>
            </span>
            <StageClock player={player} format={format} />
          </div>
        )}
      </div>

      <div className="transport" dir="ltr" role="toolbar" aria-label={t('timeline.play')} aria-orientation="horizontal">
        <div className="transport-keys">
          <Tool label={t('timeline.backSecond')} onClick={() => seekBy(-10_000)}>
            <IconRewindBackward10 size={20} />
          </Tool>
          <Tool label={t('timeline.back')} onClick={() => player?.step(-1)}>
            <IconChevronLeft size={20} />
          </Tool>
          <ActionIcon
            className="play"
            variant="filled"
            color="signal"
            size={36}
            aria-label={running ? t('timeline.pause') : t('timeline.play')}
            disabled={!camera}
            onClick={() => player?.toggle()}
          >
            {running ? <IconPlayerPauseFilled size={20} /> : <IconPlayerPlayFilled size={20} />}
          </ActionIcon>
          <Tool label={t('timeline.forward')} onClick={() => player?.step(1)}>
            <IconChevronRight size={20} />
          </Tool>
          <Tool label={t('timeline.forwardSecond')} onClick={() => seekBy(10_000)}>
            <IconRewindForward10 size={20} />
          </Tool>
          <NativeSelect
            className="speed"
            size="xs"
            aria-label={t('timeline.speed')}
            value={String(state.rate)}
            onChange={(event) => player?.setRate(Number(event.currentTarget.value))}
            data={[...(state.rate < 0 ? [state.rate] : []), ...speeds].map((rate) => ({
              value: String(rate),
              label:
                rate < 0
                  ? t('timeline.backwards', { rate: format.number(-rate) })
                  : t('timeline.speedIs', { rate: new Intl.NumberFormat(format.locale).format(rate) }),
            }))}
          />
        </div>
        <GoTo opened={going} setOpened={setGoing} at={state.wall || view.playhead} format={format} onGo={seekTo} />
        <div className="transport-keys">
          <Tool label={t('timeline.markIn')} onClick={() => mark('from')}>
            <IconBracketsContainStart size={18} />
          </Tool>
          <Tool label={t('timeline.markOut')} onClick={() => mark('to')}>
            <IconBracketsContainEnd size={18} />
          </Tool>
          {selection && (
            <Tool label={t('timeline.clear')} onClick={() => view.select(null)}>
              <IconX size={18} />
            </Tool>
          )}
          <Tooltip
            label={
              selection
                ? t('timeline.selected', {
                    from: format.time(selection.from),
                    to: format.time(selection.to),
                    duration: format.duration(selection.to - selection.from),
                  })
                : t('keys.export')
            }
          >
            <Button
              size="compact-sm"
              variant={selection ? 'filled' : 'default'}
              leftSection={selection ? <IconBracketsContain size={16} /> : <IconFileExport size={16} />}
              disabled={!camera}
              onClick={openExport}
            >
              {t('timeline.export')}
              {selection && ` · ${format.duration(selection.to - selection.from)}`}
            </Button>
          </Tooltip>
          <Tool
            label={heard ? t('timeline.mute') : t('timeline.unmute')}
            pressed={heard}
            onClick={() => setHeard(!heard)}
          >
            {heard ? <IconVolume size={18} /> : <IconVolumeOff size={18} />}
          </Tool>
          <Tool label={t('timeline.snapshot')} onClick={snapshot}>
            <IconCamera size={18} />
          </Tool>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconBroadcast size={16} />}
            disabled={!camera || camera.removed === true}
            onClick={() => camera && go(`/live?camera=${encodeURIComponent(camera.id)}`)}
          >
            {t('timeline.goLive')}
          </Button>
        </div>
      </div>

      <div className="strips-panel">
        <div className="strips-tools">
          <ZoomMenu view={view} format={format} />
          <RecentEvents names={names} onOpen={openEvent} />
          <span className="grow dim hint wide-only">{t('timeline.hint')}</span>
          {error !== null && (
            <Button
              size="compact-sm"
              color="red"
              variant="light"
              leftSection={<IconAlertTriangle size={16} />}
              onClick={() => refetch()}
            >
              {t('timeline.failed')} · {t('app.retry')}
            </Button>
          )}
          <span className="grow" />
          <Tool label={t('timeline.zoomOut')} onClick={() => zoomBy(2)}>
            <IconZoomOut size={18} />
          </Tool>
          <Tool label={t('timeline.zoomIn')} onClick={() => zoomBy(0.5)}>
            <IconZoomIn size={18} />
          </Tool>
          <Button size="compact-sm" variant="default" onClick={() => view.show(nodeNow() - spanOf(view.scale) * 0.35)}>
            {t('timeline.now')}
          </Button>
        </div>
        {cameras.data ? (
          <Strips
            cameras={all}
            timelines={loading ? undefined : timelines}
            marks={marks}
            onOpenMark={openEvent}
            view={view}
            selected={camera?.id ?? null}
            onSeek={seek}
          />
        ) : (
          <div className="strips room-skeleton">
            {Array.from({ length: 4 }, (_, index) => (
              <Skeleton key={index} height={22} />
            ))}
          </div>
        )}
      </div>

      {exporting && camera && (
        <ExportDialog
          cameras={all}
          camera={camera.id}
          from={Math.floor(exporting.from)}
          to={Math.floor(exporting.to)}
          onClose={() => setExporting(null)}
        />
      )}
    </div>
  );
}

function Tool(props: { label: string; pressed?: boolean; onClick: () => void; children: ReactNode }) {
  const { label, pressed, onClick, children } = props;
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} aria-pressed={pressed} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

/** What all strips show, on a grid of stretches so that panning a little asks for nothing. */
function useStrips(view: TimelineView, cameras: Camera[]) {
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
  const timelines = useMemo(() => {
    if (!main.data || !sub.data || subKey === '') return main.data;
    const merged: Record<string, Timeline> = { ...main.data };
    for (const id of subKey.split(' ')) {
      const other = sub.data[id];
      if (other) merged[id] = other;
    }
    return merged;
  }, [main.data, sub.data, subKey]);
  return {
    timelines,
    marks,
    loading: main.isPending,
    error: main.isError ? main.error : null,
    refetch: () => void main.refetch(),
  };
}

/** Which recorded stream this browser can play; null with the codec when none. */
function playable(camera: Camera): { stream: StreamKind } | { codec: string } {
  const can = (kind: StreamKind) => {
    const codec = camera.status.streams.find((candidate) => candidate.stream === kind)?.codecString;
    return codec === null || codec === undefined || MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);
  };
  const kinds: StreamKind[] = camera.record === 'sub' ? ['sub'] : camera.record === 'both' ? ['main', 'sub'] : ['main'];
  const stream = kinds.find(can);
  if (stream) return { stream };
  const codec = camera.status.streams.find((candidate) => candidate.stream === kinds[0])?.codec;
  return { codec: (codec ?? '').toUpperCase() };
}

/** The player on its two video elements, opened on the camera that is selected. */
function useStage(camera: Camera | null, view: TimelineView, autoplay: boolean) {
  const frame = useRef<HTMLDivElement>(null);
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const source = useRef<{ id: string; stream: StreamKind } | null>(null);
  const [player, setPlayer] = useState<PlaybackPlayer | null>(null);

  useEffect(() => {
    if (!first.current || !second.current) return;
    const made = new PlaybackPlayer(first.current, second.current, {
      now: nodeNow,
      timeline: (from, to) => {
        const { id, stream } = source.current ?? { id: '', stream: 'main' as const };
        return fetchTimeline(id, stream, from, to);
      },
    });
    if (autoplay) made.play();
    const stop = made.onFrame((wall) => view.play(wall));
    setPlayer(made);
    return () => {
      stop();
      made.dispose();
    };
  }, [view, autoplay]);

  const choice = camera ? playable(camera) : null;
  const id = camera?.id ?? null;
  const stream = choice && 'stream' in choice ? choice.stream : null;
  const codec = choice && 'codec' in choice ? choice.codec : '';
  const fps = camera?.status.streams.find((candidate) => candidate.stream === stream)?.fps ?? null;
  const latestFps = useRef(fps);
  useEffect(() => {
    latestFps.current = fps;
  });
  useEffect(() => {
    if (!player || id === null) return;
    if (stream === null) {
      player.unsupported(codec);
      return;
    }
    source.current = { id, stream };
    void player.open(id, stream, latestFps.current, view.playhead);
  }, [player, id, stream, codec, view]);

  const state = useSyncExternalStore(player?.subscribe ?? never, () => player?.state ?? none);
  return { frame, first, second, player, state };
}

/** A young archive is shown whole rather than as a sliver at the end of a day. */
function useFitOnce(view: TimelineView, timelines: Record<string, Timeline> | undefined, wanted: boolean) {
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
function useAddress(view: TimelineView, opened: number | null, onSeek: (ms: number) => void) {
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

/** The exact time of the picture on screen, written sixty times a second past React. */
function StageClock({ player, format }: { player: PlaybackPlayer | null; format: Format }) {
  const time = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    if (!player) return;
    const write = () => {
      const { wall } = player.state;
      if (!time.current || wall === 0) return;
      time.current.textContent = `${format.date(wall)}  ${format.timeMs(wall)}`;
      time.current.dateTime = new Date(wall).toISOString();
    };
    write();
    return player.subscribe(write);
  }, [player, format]);
  return (
    <span className="tile-facts">
      <bdi>
        <time ref={time} className="tile-clock" />
      </bdi>
      <span className="dim">{format.zone(player?.state.wall || nodeNow())}</span>
    </span>
  );
}

function StageNotes(props: { state: PlaybackState; camera: Camera | null; format: Format; onRetry: () => void }) {
  const { state, camera, format, onRetry } = props;
  const { t } = useTranslation();
  if (!camera || state.phase === 'empty') {
    return <Notice title={t('timeline.choose')} text={t('timeline.chooseDo')} />;
  }
  const skipped = state.skipped;
  return (
    <>
      {state.phase === 'loading' && (
        <div className="stage-note" role="status">
          <span className="tile-wait" aria-hidden />
          {t('timeline.loading')}
        </div>
      )}
      {skipped !== null && (
        <div className="stage-note gap" role="status">
          <span className="swatch gap" aria-hidden />
          {skipped === 'unknown'
            ? t('timeline.skippedUnknown')
            : t('timeline.skipped', {
                duration: format.duration(
                  (skipped.to === null ? nodeNow() : Date.parse(skipped.to)) - Date.parse(skipped.from),
                ),
                cause: t(`timeline.cause.${skipped.cause}`),
              })}
        </div>
      )}
      {state.phase === 'ended' && (
        <div className="stage-note" role="status">
          {t('timeline.ended')}
          <Button size="compact-sm" onClick={() => go(`/live?camera=${encodeURIComponent(camera.id)}`)}>
            {t('timeline.goLive')}
          </Button>
        </div>
      )}
      {state.phase === 'unsupported' && (
        <Notice
          alert
          icon={<IconAlertTriangle size={28} className="amber" />}
          title={t('timeline.unsupported', { codec: state.reason ?? '' })}
        />
      )}
      {state.phase === 'failed' && (
        <Notice
          alert
          icon={<IconAlertTriangle size={28} className="amber" />}
          title={t('timeline.playFailed')}
          text={t('timeline.playFailedDo')}
        >
          <Button variant="default" onClick={onRetry}>
            {t('app.retry')}
          </Button>
        </Notice>
      )}
    </>
  );
}

function GoTo(props: {
  opened: boolean;
  setOpened: (opened: boolean) => void;
  at: number;
  format: Format;
  onGo: (ms: number) => void;
}) {
  const { opened, setOpened, at, format, onGo } = props;
  const { t } = useTranslation();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const [text, setText] = useState<string | null>(null);
  const value = text ?? zone.toLocalText(at);
  return (
    <Popover
      opened={opened}
      onChange={(next) => {
        setOpened(next);
        setText(null);
      }}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          className="transport-clock"
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconCalendarTime size={16} />}
          onClick={() => {
            setText(null);
            setOpened(!opened);
          }}
          title={t('timeline.goTo')}
        >
          <span className="visually-hidden">{t('timeline.goTo')}: </span>
          <span className="clock-date">{format.shortDate(at)}</span>
          <bdi dir="ltr">{format.time(at)}</bdi>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className="form-line"
          onSubmit={(event) => {
            event.preventDefault();
            const ms = zone.fromLocalText(value);
            if (ms === null) return;
            setOpened(false);
            onGo(Math.min(ms, nodeNow()));
          }}
        >
          <TextInput
            type="datetime-local"
            step={1}
            label={`${t('timeline.goTo')} (${format.timeZone})`}
            value={value}
            onChange={(event) => setText(event.currentTarget.value)}
            data-autofocus
          />
          <Button type="submit">{t('timeline.goToDo')}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function ZoomMenu({ view, format }: { view: TimelineView; format: Format }) {
  const { t } = useTranslation();
  const span = useSyncExternalStore(view.subscribe, () => Math.round(spanOf(view.scale)));
  const choices = [
    ['timeline.minute', 60_000],
    ['timeline.hour', 3_600_000],
    ['timeline.day', day],
    ['timeline.week', 7 * day],
    ['timeline.month', 30 * day],
  ] as const;
  return (
    <Menu position="top-start">
      <Menu.Target>
        <Button size="compact-sm" variant="subtle" color="gray">
          {t('timeline.span', { duration: format.duration(span) })}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([words, ms]) => (
          <Menu.Item key={words} onClick={() => view.show(view.playhead, ms)}>
            {t(words)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
