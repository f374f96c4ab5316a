import { Button, Skeleton } from '@mantine/core';
import { IconAlertTriangle, IconDeviceCctvOff, IconWalk, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { nodeNow } from '../api/clock';
import { Problem } from '../api/problem';
import { useCameras } from '../api/queries';
import { PurposeGate } from '../approvals/PurposeGate';
import { useFormat } from '../i18n/format';
import { boxesShown, setBoxes } from '../overlay/boxes';
import { useKeys } from '../shell/keyboard';
import { Failure, Notice } from '../shell/Notice';
import { savePicture } from '../shell/picture';
import { go, setQuery, usePlace } from '../shell/route';
import { useSound } from '../shell/sound';
import { toast } from '../shell/toast';
import { asCamera, useFarCameras } from '../sites/sites';
import { useAddress, useFitOnce } from './address';
import { pinAround } from './holds';
import { RecentEvents } from './RecentEvents';
import { removedCameras, type Listed } from './removed';
import { shuttle } from './shuttle';
import { Stage } from './Stage';
import { Strips } from './Strips';
import { day, spanOf, toTime } from './TimeScale';
import { TimelineView } from './TimelineView';
import { Tool } from './Tool';
import { Transport } from './Transport';
import { useStage } from './useStage';
import { useStrips } from './useStrips';
import { ZoomMenu } from './ZoomMenu';

const HoldDialog = lazy(() => import('../holds/HoldDialog'));
const ExportDialog = lazy(async () => ({ default: (await import('./ExportDialog')).ExportDialog }));

/** Archive recorded less than this ago is opened a little before now, so that there is something to play. */
const openBeforeMs = 30_000;

/** An event is opened this long before it happened: what led to it is what one wants to see. */
const beforeEventMs = 10_000;

/** What was recorded, shown to who says for what they look back. */
export default function TimelineRoom() {
  return (
    <PurposeGate what="past">
      <Recorded />
    </PurposeGate>
  );
}

function Recorded() {
  const { t } = useTranslation();
  const format = useFormat();
  const { query } = usePlace();
  const cameras = useCameras();
  const present = useMemo(() => cameras.data ?? [], [cameras.data]);
  const wanted = query.get('camera');
  const farCameras = useFarCameras();
  const far = useMemo(
    () => (farCameras.data ?? []).map(asCamera).find(({ id }) => id === wanted),
    [farCameras.data, wanted],
  );

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
  const { timelines, marks, error, refetch, loading } = useStrips(view, present, far?.id ?? null);
  // Before those here the one of a site that was asked for, behind them what was removed but can still be looked back at.
  const all = useMemo((): Listed[] => {
    const there = far ? [far, ...present] : present;
    return [...there, ...removedCameras(there, timelines)];
  }, [far, present, timelines]);
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
    if (player) view.play(player.seekBy(ms));
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
  const [holding, setHolding] = useState<{ from: number; to: number } | null>(null);
  const openHold = () => setHolding(selection ?? pinAround(state.wall || view.playhead));
  const mark = (end: 'from' | 'to' | null) => {
    if (end === null) {
      view.select(null);
      return;
    }
    const at = state.wall || view.playhead;
    const other = end === 'from' ? selection?.to : selection?.from;
    if (end === 'from') view.select({ from: at, to: other !== undefined && other > at ? other : at + 10_000 });
    else view.select({ from: other !== undefined && other < at ? other : at - 10_000, to: at });
  };

  const snapshot = () => {
    if (!player || !camera) return;
    savePicture(player.video, camera.id, camera.name, state.wall).then(
      (name) => toast(t('live.snapshotSaved', { name })),
      (error: unknown) =>
        toast(error instanceof Problem ? t('live.snapshotRefused') : t('live.snapshotNone'), { wrong: true }),
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
        if (event.shiftKey) {
          if (camera && !isFar(camera.id)) openHold();
          return true;
        }
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
        if (camera && isFar(camera.id)) return false;
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
      case 'b':
        setBoxes(!boxesShown());
        toast(t(boxesShown() ? 'analysis.boxesOn' : 'analysis.boxesOff'));
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

  return (
    <div className="timeline">
      <h1 className="visually-hidden">{t('timeline.title')}</h1>
      <Stage
        frame={frame}
        first={firstVideo}
        second={secondVideo}
        player={player}
        state={state}
        camera={camera}
        format={format}
        onRetry={() => void player?.seek(view.playhead)}
      />

      <Transport
        player={player}
        state={state}
        camera={camera}
        at={state.wall || view.playhead}
        selection={selection}
        heard={heard}
        going={going}
        setGoing={setGoing}
        format={format}
        onSeekBy={seekBy}
        onSeekTo={seekTo}
        onMark={mark}
        onExport={openExport}
        onHold={openHold}
        onHear={setHeard}
        onSnapshot={snapshot}
      />

      <div className="strips-panel">
        <div className="strips-tools">
          <ZoomMenu view={view} format={format} />
          <RecentEvents names={names} onOpen={openEvent} />
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconWalk size={14} />}
            disabled={!camera || camera.removed === true || isFar(camera.id)}
            onClick={() => camera && go(`/settings/rules?camera=${encodeURIComponent(camera.id)}&tab=motion`)}
          >
            {t('motion.search')}
          </Button>
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

      <Suspense>
        {holding && camera && (
          <HoldDialog
            cameras={all}
            camera={camera.id}
            from={Math.floor(holding.from)}
            to={Math.ceil(holding.to)}
            onClose={() => setHolding(null)}
          />
        )}
        {exporting && camera && (
          <ExportDialog
            cameras={all}
            camera={camera.id}
            from={Math.floor(exporting.from)}
            to={Math.floor(exporting.to)}
            onClose={() => setExporting(null)}
          />
        )}
      </Suspense>
    </div>
  );
}
