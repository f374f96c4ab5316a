import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconClockOff, IconDownload, IconMask } from '@tabler/icons-react';
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { LivePlayer } from '../../live/LivePlayer';
import { Notice, Said } from '../../shell/Notice';
import { fileUrl, isOpen, keys, liveUrl, usePurpose, type Share } from './grants';

const never = () => () => undefined;

/** Answers of the node after which a live view of a grant doesn't come back. */
const final = ['ended', 'no-grant'];

/** What was given to us, shown, with what it was given for. Of what has ended no picture stays. */
export default function ShareViewer({ share, onClose }: { share: Share; onClose: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <Modal
      opened
      onClose={onClose}
      title={<bdi>{share.title}</bdi>}
      size={960}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="share" data-viewer={share.id} data-state={share.state}>
        {may('cooperate') && <Content share={share} />}
        <Facts share={share} />
      </div>
    </Modal>
  );
}

function Content({ share }: { share: Share }) {
  const { t } = useTranslation();
  // Told by the stream a moment before the list of grants is asked again.
  const [cut, setCut] = useState(false);
  const client = useQueryClient();
  if (share.what === 'live') {
    if (cut || !isOpen(share)) return <Over share={share} />;
    return (
      <LiveShare
        share={share}
        onOver={() => {
          setCut(true);
          void client.invalidateQueries({ queryKey: keys.shares });
        }}
      />
    );
  }
  if (share.card) return <Card card={share.card} />;
  if (share.file === 'fetching' && isOpen(share)) return <Notice title={t('grants.see.fetching')} />;
  if (share.file === 'failed') return <Notice title={t('grants.see.failed')} text={<Said text={share.fileFault} />} />;
  if (share.file !== 'here') return <Over share={share} />;
  return (
    <>
      {share.what === 'clip' && (
        <div className="share-picture">
          {/* What an officer gives comes without captions. */}
          {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
          <video src={fileUrl(share.id)} controls playsInline preload="metadata" aria-label={share.title} />
        </div>
      )}
      {share.what === 'still' && (
        <div className="share-picture">
          <img src={fileUrl(share.id)} alt={share.title} />
        </div>
      )}
      <div>
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} />}
          href={fileUrl(share.id)}
          download
        >
          {t('grants.see.save')}
        </Button>
      </div>
    </>
  );
}

function LiveShare({ share, onOver }: { share: Share; onOver: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const video = useRef<HTMLVideoElement>(null);
  const [player, setPlayer] = useState<LivePlayer | null>(null);
  useEffect(() => {
    if (!video.current) return;
    const made = new LivePlayer(video.current, { url: () => liveUrl(share.id), hasSub: false, now: nodeNow });
    made.play('main');
    setPlayer(made);
    return () => made.dispose();
  }, [share.id]);
  const state = useSyncExternalStore(player?.subscribe ?? never, () => player?.state ?? null);
  const over = state?.cause != null && final.includes(state.cause);
  useEffect(() => {
    if (over) onOver();
  }, [over, onOver]);

  const phase = state?.phase ?? 'connecting';
  // Lost between the two nodes: the camera may well run.
  const words = state?.cause === 'link' ? t('grants.see.away') : t(`live.phase.${phase}`);
  const wall = state?.wall ?? null;
  return (
    <div className="tile share-picture" data-phase={phase} role="group" aria-label={`${share.title}: ${words}`}>
      {/* Live pictures carry no speech: there is nothing to caption. */}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
      <video ref={video} className="tile-video" tabIndex={-1} aria-hidden />
      {wall === null && phase !== 'live' && (
        <div className="tile-empty" role="status">
          <strong>{words}</strong>
          {state?.detail && <Said text={state.detail} />}
        </div>
      )}
      {wall !== null && phase !== 'live' && (
        <div className="tile-state" role="status">
          <span>{words}</span>
          {state?.ageSeconds != null && (
            <span className="tile-age">{t('live.ago', { duration: format.duration(state.ageSeconds * 1000) })}</span>
          )}
        </div>
      )}
      <div className="tile-caption">
        <span className="tile-name">
          <bdi>{[share.title, share.site].filter(Boolean).join(' · ')}</bdi>
        </span>
        <span className="tile-facts">
          {share.masked && (
            <span className="tile-recording" title={t('grants.masked')}>
              <IconMask size={14} aria-hidden />
              <span className="visually-hidden">{t('grants.masked')}</span>
            </span>
          )}
          {wall !== null && (
            <time className="tile-clock" dateTime={new Date(wall).toISOString()} dir="ltr">
              {format.time(wall)} <span className="dim">{format.zone(wall)}</span>
            </time>
          )}
        </span>
      </div>
    </div>
  );
}

/** In place of the picture: that there is none any more, and why. */
function Over({ share }: { share: Share }) {
  const { t } = useTranslation();
  const format = useFormat();
  const why = share.why !== '' && <bdi dir="auto">{share.why}</bdi>;
  const ended = share.ended ?? share.expires;
  const time = format.dateTime(Date.parse(ended));
  return (
    <div className="share-over" role="alert">
      <Notice
        icon={<IconClockOff size={32} />}
        title={
          share.state === 'revoked'
            ? t('grants.see.revoked', { time })
            : share.state === 'expired'
              ? t('grants.see.expired', { time })
              : isOpen(share)
                ? t(share.what === 'live' ? 'grants.see.cut' : 'grants.see.deleted')
                : t('grants.see.ended', { time })
        }
        text={why || undefined}
      />
    </div>
  );
}

function Facts({ share }: { share: Share }) {
  const { t } = useTranslation();
  const format = useFormat();
  const purpose = usePurpose();
  const rows: [string, ReactNode][] = [
    [
      t('grants.see.from'),
      <bdi key="from">{share.partner.endsWith(share.site) ? share.partner : `${share.partner} · ${share.site}`}</bdi>,
    ],
    [t('grants.purpose'), <bdi key="purpose">{purpose(share)}</bdi>],
  ];
  if (share.agreement !== '')
    rows.push([
      t('grants.see.agreement'),
      <bdi key="agreement">
        {share.agreement} · {t('grants.clause', { clause: share.clause })}
      </bdi>,
    ]);
  if (share.from !== null && share.to !== null)
    rows.push([
      t('grants.see.stretch'),
      `${format.dateTime(Date.parse(share.from))} – ${format.time(Date.parse(share.to))}`,
    ]);
  if (isOpen(share))
    rows.push([
      t('grants.see.until'),
      `${format.dateTime(Date.parse(share.expires))} · ${format.relative(Date.parse(share.expires), nodeNow())}`,
    ]);
  if (share.keepUntil !== null) rows.push([t('grants.see.keep'), format.dateTime(Date.parse(share.keepUntil))]);
  rows.push([
    t('grants.see.conditions'),
    [
      t(share.masked ? 'grants.masked' : 'grants.unmasked'),
      share.handling.toUpperCase(),
      t(`grants.see.onward.${share.onward}`),
    ].join(' · '),
  ]);
  if (share.watermark !== '') rows.push([t('grants.see.watermark'), <bdi key="watermark">{share.watermark}</bdi>]);
  return (
    <>
      <dl className="share-facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="dim small">{t('grants.see.noted')}</p>
    </>
  );
}

function Card({ card }: { card: NonNullable<Share['card']> }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <dl className="share-facts">
      <div>
        <dt>{t('grants.kind')}</dt>
        <dd>
          {t(`alarms.type.${card.type}`)} · {t(`alarms.severity.${card.severity}`)}
        </dd>
      </div>
      <div>
        <dt>{t('grants.where')}</dt>
        <dd>
          <bdi>{[card.site, ...card.cameras].join(' · ')}</bdi>
        </dd>
      </div>
      <div>
        <dt>{t('grants.lastSeen')}</dt>
        <dd>
          {format.dateTime(Date.parse(card.lastAt))}
          {card.position && (
            <>
              {' '}
              <bdi dir="ltr">
                {card.position.latitude.toFixed(5)}, {card.position.longitude.toFixed(5)}
              </bdi>
            </>
          )}
        </dd>
      </div>
      {card.note !== '' && (
        <div>
          <dt>{t('grants.note')}</dt>
          <dd>
            <bdi>{card.note}</bdi>
          </dd>
        </div>
      )}
    </dl>
  );
}
