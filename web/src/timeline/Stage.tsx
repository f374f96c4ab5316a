import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, useRef, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { nodeNow } from '../api/clock';
import type { Camera } from '../api/types';
import type { Format } from '../i18n/format';
import { useZoom, wishZoom, zoomKey } from '../live/useZoom';
import { transformOf } from '../live/zoom';
import { ZoomFactor } from '../live/ZoomFactor';
import { PlaybackOverlay } from '../overlay/PlaybackOverlay';
import { keyName } from '../shell/keyboard';
import { Notice } from '../shell/Notice';
import { go } from '../shell/route';
import type { PlaybackPlayer, PlaybackState } from './PlaybackPlayer';

interface Props {
  frame: RefObject<HTMLDivElement | null>;
  first: RefObject<HTMLVideoElement | null>;
  second: RefObject<HTMLVideoElement | null>;
  player: PlaybackPlayer | null;
  state: PlaybackState;
  camera: Camera | null;
  format: Format;
  onRetry: () => void;
}

/** Where the recording plays: two video elements that take turns, the picture's camera and time, and what there is to say instead of a picture. */
export function Stage({ frame, first, second, player, state, camera, format, onRetry }: Props) {
  const { t } = useTranslation();
  const { zoom, reset } = useZoom(frame, 'always', camera?.id ?? '');
  return (
    // One stop of the keyboard: there, what else moves the timeline moves the picture that is zoomed.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="stage"
      ref={frame}
      role="group"
      aria-label={t('zoom.picture')}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      data-phase={state.phase}
      data-wall={state.wall}
      data-zoom={zoom.factor === 1 ? undefined : zoom.factor.toFixed(2)}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
        const wish = zoomKey(keyName(event.nativeEvent), zoom.factor > 1);
        if (wish && wishZoom(event.currentTarget, wish)) event.preventDefault();
      }}
    >
      <div className="zoomed" style={{ transform: transformOf(zoom) }}>
        {/* Recordings are watched without sound; there is nothing to caption. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video ref={first} aria-hidden tabIndex={-1} />
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video ref={second} aria-hidden tabIndex={-1} />
      </div>
      <PlaybackOverlay
        player={player}
        camera={camera && !isFar(camera.id) ? camera.id : null}
        now={nodeNow}
        zoom={zoom}
      />
      <ZoomFactor zoom={zoom} onReset={reset} />
      <StageNotes state={state} camera={camera} format={format} onRetry={onRetry} />
      {camera && state.phase !== 'empty' && (
        <div className="stage-caption">
          <span className="tile-name">
            <bdi>{camera.name}</bdi>
          </span>
          <StageClock player={player} format={format} />
        </div>
      )}
    </div>
  );
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
