import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { previewUrl } from '../api/client';
import { nodeNow } from '../api/clock';
import { beginPreview, endPreview } from '../api/queries';
import type { ProbeRequest } from '../api/types';
import { LivePlayer, type LiveState } from '../live/LivePlayer';
import { Said, Why } from '../shell/Notice';

const never = () => () => undefined;

/** The picture of a camera that isn't added yet, live, by a session of its own that ends with this. */
export function PreviewPicture({ request }: { request: ProbeRequest }) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const [player, setPlayer] = useState<LivePlayer | null>(null);
  const [error, setError] = useState<unknown>(null);
  // Made anew for another request: the parent gives another key.
  const [asked] = useState(request);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    let over = false;
    let made: LivePlayer | null = null;
    let id: string | null = null;
    beginPreview(asked).then(
      (preview) => {
        id = preview.id;
        if (over) {
          void endPreview(id);
          return;
        }
        made = new LivePlayer(element, {
          url: (kind) => previewUrl(preview.id, kind),
          hasSub: Boolean(asked.sub),
          now: nodeNow,
        });
        made.play('main');
        setPlayer(made);
      },
      (reason: unknown) => {
        if (!over) setError(reason);
      },
    );
    return () => {
      over = true;
      made?.dispose();
      if (id !== null) void endPreview(id);
    };
  }, [asked]);

  const state: LiveState | null = useSyncExternalStore(player?.subscribe ?? never, () => player?.state ?? null);
  const phase = state?.phase ?? 'connecting';
  return (
    <div className="preview" data-phase={error === null ? phase : 'failed'}>
      {/* Live pictures carry no speech: there is nothing to caption. */}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
      <video ref={video} tabIndex={-1} aria-label={t('assistant.picture')} />
      {(phase !== 'live' || error !== null) && (
        <div className="preview-note" role="status">
          {error !== null ? (
            <Why error={error} />
          ) : phase === 'unsupported' ? (
            t('live.unsupportedHelp', { codec: state?.detail ?? '' })
          ) : (
            <>
              <span>{t(`live.phase.${phase}`)}</span>
              {state?.detail && <Said text={state.detail} />}
            </>
          )}
        </div>
      )}
      {phase === 'live' && state?.substituted && (
        <div className="preview-note">{t('live.substituted', { codec: 'H.265' })}</div>
      )}
    </div>
  );
}
