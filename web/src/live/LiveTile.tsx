import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconCamera,
  IconCircleDashed,
  IconCircleFilled,
  IconCircleOff,
  IconEyeOff,
  IconMask,
  IconMaskOff,
  IconClockExclamation,
  IconPlayerPause,
  IconPlugConnectedX,
  IconPin,
  IconTimelineEvent,
  IconVolume,
  IconVolumeOff,
  IconVideoOff,
} from '@tabler/icons-react';
import { lazy, memo, Suspense, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar, liveUrl } from '../api/client';
import { nodeNow } from '../api/clock';
import { useEventsConnected } from '../api/events';
import { useMasks, usePutMasksBack } from '../api/queries';
import { useMay } from '../identity/session';
import { Problem } from '../api/problem';
import type { Camera, StreamKind } from '../api/types';
import { useFormat } from '../i18n/format';
import { Said } from '../shell/Notice';
import { savePicture } from '../shell/picture';
import { go } from '../shell/route';
import { useSound } from '../shell/sound';
import { toast } from '../shell/toast';
import { useBoxes } from '../overlay/boxes';
import { drawBoxes } from '../overlay/draw';
import { isRaised } from '../overlay/raised';
import { LivePlayer, type LiveState } from './LivePlayer';
import { PtzPad } from './PtzPad';
import { useZoom } from './useZoom';
import { transformOf, type Zoom } from './zoom';
import { ZoomFactor } from './ZoomFactor';

const LiftMasks = lazy(() => import('../masks/LiftMasks'));

interface Props {
  camera: Camera;
  stream: StreamKind;
  large: boolean;
  hidden: boolean;
  focused: boolean;
  /** Whether the pad that turns the camera lies on the picture; else the room has it. */
  pad: boolean;
  /** What tells it from other tiles of the wall: the camera's id, unless it is there twice. */
  tile?: string;
  /** Whether the wheel scrolls the wall, so that it zooms with Ctrl alone. */
  scrolls?: boolean;
  /** Told {@link tile}. */
  onFocus: (tile: string) => void;
  onToggle: (id: string) => void;
  onPin: (id: string) => void;
}

/** How long a hidden tab keeps its pictures: a glance at another tab costs no reconnection. */
const hiddenGraceMs = 3000;

const idle: LiveState = {
  phase: 'connecting',
  stream: null,
  substituted: false,
  masked: false,
  wall: null,
  ageSeconds: null,
  skipped: false,
  sound: false,
  analysis: null,
  cause: null,
  detail: null,
};
const never = () => () => undefined;

export const LiveTile = memo(function LiveTile({
  camera,
  stream,
  large,
  hidden,
  focused,
  pad,
  tile = camera.id,
  scrolls = false,
  onFocus,
  onToggle,
  onPin,
}: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const held = useRef<HTMLCanvasElement>(null);
  const [player, setPlayer] = useState<LivePlayer | null>(null);
  const onScreen = useOnScreen(frame);
  const shown = useTabShown();
  const { zoom, reset } = useZoom(frame, scrolls ? 'withCtrl' : 'always', camera.id);
  const hasSub = camera.sub !== null;
  const far = isFar(camera.id);

  useEffect(() => {
    if (!video.current) return;
    const element = video.current;
    const made = new LivePlayer(element, {
      url: (kind, sound) => liveUrl(camera.id, kind, sound),
      hasSub,
      now: nodeNow,
      beforeSwap: () => holdPicture(element, held.current),
    });
    setPlayer(made);
    return () => made.dispose();
  }, [camera.id, hasSub]);

  const active = camera.enabled && onScreen && shown && !hidden;
  const wanted: StreamKind = stream === 'sub' && !hasSub ? 'main' : stream;
  useEffect(() => {
    if (!player) return;
    if (active) player.play(wanted);
    else player.pause();
  }, [player, active, wanted]);

  // Browsers play AAC in a media source; what else cameras send is recorded all the same.
  const audio = camera.status.streams.find((candidate) => candidate.stream === wanted)?.audioCodec ?? null;
  const [heard, setHeard] = useSound(`live ${camera.id}`);
  useEffect(() => player?.hear(heard && active), [player, heard, active]);

  const state = useSyncExternalStore(player?.subscribe ?? never, () => player?.state ?? idle);

  useEffect(() => {
    // What is focused inside it stays so: a tool, or the pad that a camera is turned with.
    if (focused && !frame.current?.contains(document.activeElement)) frame.current?.focus({ preventScroll: false });
  }, [focused]);

  const snapshot = () => {
    const wall = player?.wallNow();
    if (!video.current || wall === null || wall === undefined) {
      toast(t('live.snapshotNone'), { wrong: true });
      return;
    }
    savePicture(video.current, camera.id, camera.name, wall).then(
      (name) => toast(t('live.snapshotSaved', { name })),
      (error: unknown) =>
        toast(error instanceof Problem ? t('live.snapshotRefused') : t('live.snapshotNone'), { wrong: true }),
    );
  };

  const phase = camera.enabled ? state.phase : 'disabled';
  // Without pictures the node's knowledge of the camera says more than this page's of its connection.
  const trouble =
    (phase === 'connecting' || phase === 'waiting' || phase === 'interrupted') &&
    ['unreachable', 'unauthorised', 'misconfigured'].includes(camera.status.state);
  // Lost between here and its site: the camera may well run, and be recorded there.
  const siteAway = phase === 'interrupted' && state.cause === 'link';
  const words = siteAway
    ? t('live.siteAway')
    : trouble
      ? t(`camera.state.${camera.status.state}`)
      : t(`live.phase.${phase}`);
  const good = phase === 'live';
  // What a node that can't be reached said last is no longer known.
  const known = useEventsConnected() !== false && phase !== 'disconnected' && !siteAway;
  const recording = t(
    known ? `recording.${camera.recording.state}` : siteAway ? 'recording.unknownThere' : 'recording.unknown',
  );
  const reason = camera.status.reason || state.detail;
  const main = camera.status.streams.find((candidate) => candidate.stream === 'main');
  const codec = main?.codec?.toUpperCase() ?? state.detail ?? '';
  const picture = state.wall !== null;
  const analysis = known ? state.analysis : null;
  // Switched off is a choice, and a missing picture says so itself.
  const blind = analysis?.blind && !['off', 'noPictures'].includes(analysis.blind) ? analysis.blind : null;

  return (
    // A tile is one stop of the keyboard; its keys are the room's.
    <div
      ref={frame}
      className="tile"
      role="group"
      hidden={hidden}
      data-camera={camera.id}
      data-tile={tile}
      data-zoom={zoom.factor === 1 ? undefined : zoom.factor.toFixed(2)}
      data-phase={phase}
      data-stream={state.stream ?? undefined}
      aria-label={t('live.tile', { camera: camera.name, state: words })}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onFocus={() => onFocus(tile)}
      onDoubleClick={() => onToggle(camera.id)}
    >
      <div className="zoomed" style={{ transform: transformOf(zoom) }}>
        <canvas ref={held} className="tile-held" aria-hidden />
        {/* Live pictures carry no speech: there is nothing to caption. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video ref={video} className="tile-video" tabIndex={-1} aria-hidden />
      </div>
      <Boxes player={player} camera={camera.id} live={good} zoom={zoom} />

      {!picture && phase !== 'live' && (
        <div className="tile-empty">
          <PhaseIcon phase={siteAway ? 'disconnected' : trouble ? 'interrupted' : phase} size={large ? 40 : 26} />
          <strong>{words}</strong>
          {siteAway ? (
            <span>{t('live.siteAwayWhat')}</span>
          ) : phase === 'unsupported' ? (
            <span>{t('live.unsupportedHelp', { codec })}</span>
          ) : (
            reason && camera.status.state !== 'running' && <Said text={reason} />
          )}
        </div>
      )}

      {picture && !good && (
        <div className={phase === 'paused' ? 'tile-state calm' : 'tile-state'} role="status">
          <PhaseIcon phase={siteAway ? 'disconnected' : trouble ? 'interrupted' : phase} size={16} />
          <span>{words}</span>
          {state.ageSeconds !== null && (
            <span className="tile-age">{t('live.ago', { duration: format.duration(state.ageSeconds * 1000) })}</span>
          )}
          {phase === 'interrupted' && reason && large && !siteAway && <Said text={reason} />}
        </div>
      )}
      {good && state.skipped && (
        <div className="tile-state">
          <IconAlertTriangle size={16} aria-hidden />
          <span>{t('live.skipped')}</span>
        </div>
      )}
      {good && blind && (
        <div className="tile-state calm tile-blind" role="status" title={analysis?.detail}>
          <IconEyeOff size={16} aria-hidden />
          <span>{t('analysis.blind')}</span>
          <span className="tile-wide">{t(`analysis.cause.${blind}`)}</span>
        </div>
      )}
      {large && state.substituted && (
        <div className="tile-note">{t('live.substituted', { codec: codec || 'H.265' })}</div>
      )}

      <div className="tile-caption">
        <span className="tile-name">
          <bdi>{camera.name}</bdi>
        </span>
        <span className="tile-facts">
          {state.masked && (
            <span className="tile-recording not" title={t('masks.shown')} data-masked>
              <IconMask size={14} aria-hidden />
              <span className="visually-hidden">{t('masks.shown')}</span>
            </span>
          )}
          {analysis && (
            <span className="tile-analysis">
              {analysis.blind
                ? t(`analysis.cause.${analysis.blind}`)
                : t('analysis.rate', {
                    given: format.number(analysis.given, 1),
                    asked: format.number(analysis.asked, 1),
                    age: format.number(Math.round(analysis.ageMs ?? 0)),
                  })}
            </span>
          )}
          {known && camera.recording.state === 'recording' ? (
            <span className="tile-recording" title={recording}>
              <IconCircleFilled size={8} aria-hidden />
              <span className="visually-hidden">{recording}</span>
            </span>
          ) : (
            <span className="tile-recording not" title={(known && camera.recording.reason) || recording}>
              {known ? <IconCircleOff size={14} aria-hidden /> : <IconCircleDashed size={14} aria-hidden />}
              <span className={large ? '' : 'tile-wide'}>{recording}</span>
            </span>
          )}
          {state.wall !== null && (
            <time className="tile-clock" dateTime={new Date(state.wall).toISOString()} dir="ltr">
              {format.time(state.wall)}
              {large && <span className="dim"> {format.zone(state.wall)}</span>}
            </time>
          )}
        </span>
      </div>

      {large && pad && camera.onvif?.status?.ptz && <PtzPad camera={camera} />}

      <ZoomFactor zoom={zoom} onReset={reset} />
      <div className="tile-tools">
        {audio !== null && (
          <Tool
            label={
              audio !== 'aac'
                ? t('live.soundUnplayable', { codec: audio.toUpperCase() })
                : heard
                  ? t('live.mute', { camera: camera.name })
                  : t('live.unmute', { camera: camera.name })
            }
            data-tool="sound"
            pressed={heard}
            disabled={audio !== 'aac'}
            onClick={() => setHeard(!heard)}
          >
            {heard ? <IconVolume size={18} /> : <IconVolumeOff size={18} />}
          </Tool>
        )}
        {!far && <MaskTool camera={camera} masked={state.masked} />}
        <Tool label={t('live.snapshot', { camera: camera.name })} data-tool="snapshot" onClick={snapshot}>
          <IconCamera size={18} />
        </Tool>
        {!far && (
          <Tool
            label={t('live.pin', { camera: camera.name })}
            data-tool="pin"
            disabled={camera.recording.state !== 'recording'}
            onClick={() => onPin(camera.id)}
          >
            <IconPin size={18} />
          </Tool>
        )}
        <Tool
          label={t('live.openTimeline', { camera: camera.name })}
          data-tool="timeline"
          onClick={() => go(`/timeline?camera=${encodeURIComponent(camera.id)}`)}
        >
          <IconTimelineEvent size={18} />
        </Tool>
        <Tool
          label={large ? t('live.reduce') : t('live.enlarge', { camera: camera.name })}
          data-tool="enlarge"
          onClick={() => onToggle(camera.id)}
        >
          {large ? <IconArrowsMinimize size={18} /> : <IconArrowsMaximize size={18} />}
        </Tool>
      </div>
    </div>
  );
});

/** Lifts the masks for a while, and puts them back, for who may. */
function MaskTool({ camera, masked }: { camera: Camera; masked: boolean }) {
  const { t } = useTranslation();
  const may = useMay()('unmask');
  const masks = useMasks(may ? camera.id : null);
  const back = usePutMasksBack(camera.id);
  const [asking, setAsking] = useState(false);
  const lifted = masks.data?.liftedUntil ?? null;
  if (!may || (!masked && lifted === null)) return null;
  return (
    <>
      <Tool
        label={lifted === null ? t('masks.lift', { camera: camera.name }) : t('masks.putBack', { camera: camera.name })}
        data-tool="masks"
        pressed={lifted !== null}
        onClick={() => (lifted === null ? setAsking(true) : back.mutate())}
      >
        {lifted === null ? <IconMask size={18} /> : <IconMaskOff size={18} />}
      </Tool>
      {asking && (
        <Suspense>
          <LiftMasks camera={camera} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  );
}

/** What is seen, over the picture that shows it; nothing where the picture isn't live. */
function Boxes(props: { player: LivePlayer | null; camera: string; live: boolean; zoom: Zoom }) {
  const { player, camera, live, zoom } = props;
  const { t } = useTranslation();
  const shown = useBoxes();
  const canvas = useRef<HTMLCanvasElement>(null);
  const zoomNow = useRef(zoom);
  useEffect(() => {
    zoomNow.current = zoom;
  }, [zoom]);
  useEffect(() => {
    const element = canvas.current;
    if (!player || !element || !shown || !live) return;
    const stop = player.onFrame((wall) =>
      drawBoxes(
        element,
        { width: player.video.videoWidth, height: player.video.videoHeight },
        player.trail.shownAt(wall),
        (box) => `${box.id} ${t(`scene.class.${box.class}`)}`,
        (id) => isRaised(camera, id),
        zoomNow.current,
      ),
    );
    return () => {
      stop();
      element.getContext('2d')?.clearRect(0, 0, element.width, element.height);
      element.dataset.boxes = '0';
    };
  }, [player, camera, shown, live, t]);
  return <canvas ref={canvas} className="overlay" aria-hidden data-overlay="live" />;
}

function Tool({
  label,
  onClick,
  pressed,
  ...rest
}: {
  label: string;
  onClick: () => void;
  pressed?: boolean;
  disabled?: boolean;
  children: React.ReactNode;
  'data-tool': string;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        {...rest}
        className="tile-tool"
        aria-label={label}
        aria-pressed={pressed}
        onClick={onClick}
        onDoubleClick={(event) => event.stopPropagation()}
      />
    </Tooltip>
  );
}

function PhaseIcon({ phase, size }: { phase: LiveState['phase'] | 'disabled'; size: number }) {
  const common = { size, 'aria-hidden': true } as const;
  switch (phase) {
    case 'late':
    case 'frozen':
      return <IconClockExclamation {...common} />;
    case 'paused':
      return <IconPlayerPause {...common} />;
    case 'disconnected':
      return <IconPlugConnectedX {...common} />;
    case 'interrupted':
    case 'unsupported':
    case 'disabled':
      return <IconVideoOff {...common} />;
    default:
      return <span className="tile-wait" aria-hidden />;
  }
}

/** Keeps the last picture under the video while a new source starts: the tile doesn't flash black. */
function holdPicture(video: HTMLVideoElement, canvas: HTMLCanvasElement | null): void {
  if (!canvas || video.videoWidth === 0 || video.readyState < 2) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
}

function useOnScreen(element: React.RefObject<Element | null>): boolean {
  const [onScreen, setOnScreen] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((entries) => setOnScreen(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: '64px',
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return onScreen;
}

function useTabShown(): boolean {
  const [shown, setShown] = useState(!document.hidden);
  useEffect(() => {
    let timer = 0;
    const onChange = () => {
      clearTimeout(timer);
      if (document.hidden) timer = window.setTimeout(() => setShown(false), hiddenGraceMs);
      else setShown(true);
    };
    document.addEventListener('visibilitychange', onChange);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onChange);
    };
  }, []);
  return shown;
}
