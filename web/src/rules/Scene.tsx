import { SegmentedControl, TextInput } from '@mantine/core';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { liveUrl } from '../api/client';
import { nodeNow } from '../api/clock';
import { fetchTimeline } from '../api/queries';
import type { Camera } from '../api/types';
import { useFormat } from '../i18n/format';
import { LivePlayer } from '../live/LivePlayer';
import { MaskOutlines } from '../masks/MaskOutlines';
import { useBoxes } from '../overlay/boxes';
import { drawBoxes } from '../overlay/draw';
import { PlaybackOverlay } from '../overlay/PlaybackOverlay';
import { PlaybackPlayer } from '../timeline/PlaybackPlayer';
import { Zone } from '../timeline/zone';

const never = () => () => undefined;

/** A camera's picture to draw on, live or recorded. It never flips: left in the picture is left in every language. */
export function Scene({ camera, children }: { camera: Camera; children: ReactNode }) {
  const { t } = useTranslation();
  const format = useFormat();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const [mode, setMode] = useState<'live' | 'recorded'>('live');
  const [at, setAt] = useState(() => nodeNow() - 60_000);
  const stream = camera.status.streams.find((candidate) => candidate.stream === (camera.sub ? 'sub' : 'main'));
  const ratio = stream?.width && stream.height ? stream.width / stream.height : 16 / 9;
  return (
    <div className="scene-side">
      <div className="scene" dir="ltr" style={{ aspectRatio: String(ratio) }} data-mode={mode}>
        {mode === 'live' ? <LivePicture camera={camera} /> : <RecordedPicture camera={camera} at={at} />}
        <MaskOutlines camera={camera.id} />
        {children}
      </div>
      <div className="scene-tools">
        <SegmentedControl
          size="xs"
          aria-label={t('rules.picture')}
          value={mode}
          onChange={(next) => setMode(next === 'live' ? 'live' : 'recorded')}
          data={[
            { value: 'live', label: t('rules.live') },
            { value: 'recorded', label: t('rules.recorded') },
          ]}
        />
        {mode === 'recorded' && (
          <TextInput
            size="xs"
            type="datetime-local"
            step={1}
            aria-label={t('rules.recordedAt')}
            value={zone.toLocalText(at)}
            onChange={(event) => {
              const ms = zone.fromLocalText(event.currentTarget.value);
              if (ms !== null) setAt(Math.min(ms, nodeNow()));
            }}
          />
        )}
      </div>
    </div>
  );
}

function LivePicture({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [player, setPlayer] = useState<LivePlayer | null>(null);
  const shown = useBoxes();
  const hasSub = camera.sub !== null;
  useEffect(() => {
    if (!video.current) return;
    const made = new LivePlayer(video.current, {
      url: (kind, sound) => liveUrl(camera.id, kind, sound),
      hasSub,
      now: nodeNow,
    });
    made.play(hasSub ? 'sub' : 'main');
    setPlayer(made);
    return () => made.dispose();
  }, [camera.id, hasSub]);
  useEffect(() => {
    const element = canvas.current;
    if (!player || !element || !shown) return;
    return player.onFrame((wall) =>
      drawBoxes(
        element,
        { width: player.video.videoWidth, height: player.video.videoHeight },
        player.trail.shownAt(wall),
        (box) => `${box.id} ${t(`scene.class.${box.class}`)}`,
        () => false,
      ),
    );
  }, [player, shown, t]);
  const state = useSyncExternalStore(player?.subscribe ?? never, () => player?.state ?? null);
  const phase = state?.phase ?? 'connecting';
  return (
    <>
      {/* Live pictures carry no speech: there is nothing to caption. */}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
      <video ref={video} tabIndex={-1} aria-hidden />
      <canvas ref={canvas} className="overlay" aria-hidden />
      {phase !== 'live' && (
        <div className="scene-note" role="status">
          {t(`live.phase.${phase}`)}
        </div>
      )}
      {state?.analysis?.blind && (
        <div className="scene-note" role="status">
          {t('analysis.blind')}: {t(`analysis.cause.${state.analysis.blind}`)}
        </div>
      )}
    </>
  );
}

function RecordedPicture({ camera, at }: { camera: Camera; at: number }) {
  const { t } = useTranslation();
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const [player, setPlayer] = useState<PlaybackPlayer | null>(null);
  const stream = camera.record === 'sub' ? 'sub' : 'main';
  useEffect(() => {
    if (!first.current || !second.current) return;
    const made = new PlaybackPlayer(first.current, second.current, {
      now: nodeNow,
      timeline: (from, to) => fetchTimeline(camera.id, stream, from, to),
    });
    setPlayer(made);
    return () => made.dispose();
  }, [camera.id, stream]);
  useEffect(() => {
    if (player) void player.open(camera.id, stream, null, at);
  }, [player, camera.id, stream, at]);
  const phase = useSyncExternalStore(player?.subscribe ?? never, () => player?.state.phase ?? 'loading');
  return (
    <>
      {/* Recordings are watched without sound; there is nothing to caption. */}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
      <video ref={first} tabIndex={-1} aria-hidden />
      {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
      <video ref={second} tabIndex={-1} aria-hidden />
      <PlaybackOverlay player={player} camera={camera.id} now={nodeNow} />
      {(phase === 'loading' || phase === 'failed' || phase === 'ended' || phase === 'unsupported') && (
        <div className="scene-note" role="status">
          {phase === 'loading' ? t('timeline.loading') : t('rules.noPicture')}
        </div>
      )}
    </>
  );
}
