import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { playlistUrl } from '../api/client';
import { nodeNow } from '../api/clock';
import { AskPurpose, useIsPurposeMissing } from '../approvals/AskPurpose';
import { useFormat } from '../i18n/format';

const aroundMs = 10_000;

/** Ten seconds before an instant to ten after, over and over. Of what goes on still, what there is so far. */
export function AlarmLoop({ camera, at }: { camera: string; at: number }) {
  return useIsPurposeMissing(at - aroundMs) ? (
    <figure className="loop" data-phase="purpose">
      <AskPurpose />
    </figure>
  ) : (
    <Loop camera={camera} at={at} />
  );
}

function Loop({ camera, at }: { camera: string; at: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const element = useRef<HTMLVideoElement>(null);
  const [phase, setPhase] = useState<'loading' | 'playing' | 'none'>('loading');
  // Asked again once the ten seconds after are recorded too.
  const [complete, setComplete] = useState(nodeNow() > at + aroundMs + 2000);

  useEffect(() => {
    if (complete) return;
    const timer = window.setTimeout(() => setComplete(true), at + aroundMs + 2000 - nodeNow());
    return () => window.clearTimeout(timer);
  }, [complete, at]);

  useEffect(() => {
    const video = element.current;
    if (!video) return;
    let end: (() => void) | null = null;
    let gone = false;
    void import('hls.js/light').then(({ default: Hls }) => {
      if (gone) return;
      const hls = new Hls({ enableWorker: false, maxBufferLength: 30, stretchShortVideoTrack: true });
      end = () => hls.destroy();
      hls.on(Hls.Events.ERROR, (_event, error) => {
        if (error.fatal) setPhase('none');
      });
      hls.attachMedia(video);
      hls.loadSource(playlistUrl(camera, 'main', at - aroundMs, at + aroundMs));
    });
    return () => {
      gone = true;
      end?.();
    };
  }, [camera, at, complete]);

  return (
    <figure className="loop" data-phase={phase}>
      <video
        ref={element}
        muted
        autoPlay
        playsInline
        aria-label={t('alarms.loop')}
        onPlaying={() => setPhase('playing')}
        onEnded={(event) => {
          event.currentTarget.currentTime = 0;
          void event.currentTarget.play().catch(() => undefined);
        }}
      />
      <figcaption>
        {phase === 'none' ? t('alarms.noLoop') : t('alarms.loop')} · <bdi dir="ltr">{format.time(at)}</bdi>
      </figcaption>
    </figure>
  );
}
