import { ActionIcon, Button, Modal, Skeleton, Switch, TextInput, Tooltip } from '@mantine/core';
import { IconPin, IconPinnedOff, IconTimelineEvent } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras, useHolds, useReleaseHold } from '../api/queries';
import type { Hold } from '../api/types';
import { useFormat } from '../i18n/format';
import { keep, kept } from '../i18n/preferences';
import { Failure, Notice, Why } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { toast } from '../shell/toast';

/** Cameras of a hold that are named in its row; the others are counted. */
const namedCameras = 3;

export default function HoldsRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const ended = query.get('ended') === 'true';
  const holds = useHolds(ended);
  const cameras = useCameras();
  const [releasing, setReleasing] = useState<Hold | null>(null);
  const names = useMemo(() => new Map((cameras.data ?? []).map(({ id, name }) => [id, name])), [cameras.data]);
  const list = [...(holds.data ?? [])].sort((a, b) => b.created.localeCompare(a.created));

  if (holds.isError && !holds.data) {
    return (
      <Failure title={t('holds.failed')} error={holds.error}>
        <Button variant="default" onClick={() => void holds.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('holds.title')}</h1>
        <span className="grow" />
        <Switch
          label={t('holds.showEnded')}
          checked={ended}
          onChange={(event) => setQuery({ ended: event.currentTarget.checked ? 'true' : null })}
        />
      </div>
      {!holds.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {holds.data && list.length === 0 && (
        <Notice icon={<IconPin size={32} />} title={t('holds.none')} text={t('holds.noneDo')}>
          <Button variant="default" onClick={() => go('/timeline')}>
            {t('app.timeline')}
          </Button>
        </Notice>
      )}
      {list.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('holds.what')}</th>
              <th scope="col">{t('exports.stretch')}</th>
              <th scope="col">{t('hold.reason')}</th>
              <th scope="col">{t('exports.state')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('cameras.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((hold) => (
              <Row key={hold.id} hold={hold} names={names} onRelease={() => setReleasing(hold)} />
            ))}
          </tbody>
        </table>
      )}
      {releasing && <ReleaseDialog hold={releasing} onClose={() => setReleasing(null)} />}
    </div>
  );
}

function Row({ hold, names, onRelease }: { hold: Hold; names: Map<string, string>; onRelease: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const from = Date.parse(hold.from);
  const to = hold.to === null ? null : Date.parse(hold.to);
  const more = hold.cameras.length - namedCameras;
  const show = () => {
    const span = Math.max(60_000, ((to ?? nodeNow()) - from) * 3);
    const camera = encodeURIComponent(hold.cameras[0] ?? '');
    go(`/timeline?camera=${camera}&t=${hold.from}&zoom=${Math.round(Math.min(span, 30 * 86_400_000) / 1000)}`);
  };
  return (
    <tr data-hold={hold.id} data-state={hold.ended === null ? 'held' : 'ended'}>
      <td>
        {hold.cameras.slice(0, namedCameras).map((id) => (
          <div key={id}>
            <bdi className="list-name">{names.get(id) ?? id}</bdi>
          </div>
        ))}
        {more > 0 && <div className="dim">{t('holds.more', { many: format.number(more) })}</div>}
        <div className="dim small">
          {hold.stream === null ? t('holds.bothStreams') : t(`camera.stream.${hold.stream}`)}
        </div>
      </td>
      <td>
        {format.dateTime(from)}
        {to !== null && (
          <>
            {' – '}
            {to - from < 86_400_000 ? <bdi dir="ltr">{format.time(to)}</bdi> : format.dateTime(to)}
          </>
        )}
        <div className="dim small">{to === null ? t('holds.endless') : format.duration(to - from)}</div>
      </td>
      <td>
        <bdi>{hold.reason}</bdi>
        <div className="dim small">
          <bdi>{hold.owner}</bdi>
          {' · '}
          <span title={format.dateTime(Date.parse(hold.created))}>
            {format.relative(Date.parse(hold.created), nodeNow())}
          </span>
        </div>
      </td>
      <td>
        {hold.ended === null ? (
          <>
            <span className="state">
              <IconPin size={16} aria-hidden />
              {t('holds.held')}
            </span>
            <div className="dim small">
              {hold.expires === null
                ? t('holds.neverExpires')
                : t('holds.expires', { time: format.dateTime(Date.parse(hold.expires)) })}
            </div>
          </>
        ) : (
          <>
            <span className="state dim">
              <IconPinnedOff size={16} aria-hidden />
              {hold.endedBy === 'expiry'
                ? t('holds.expired')
                : t('holds.releasedBy', { who: `⁨${hold.endedBy ?? ''}⁩` })}
            </span>
            <div className="dim small">
              {format.dateTime(Date.parse(hold.ended))}
              {hold.endedWhy !== null && (
                <>
                  {' · '}
                  <bdi>{hold.endedWhy}</bdi>
                </>
              )}
            </div>
          </>
        )}
      </td>
      <td className="list-tools">
        <Tooltip label={t('exports.openTimeline')}>
          <ActionIcon aria-label={t('exports.openTimeline')} onClick={show}>
            <IconTimelineEvent size={18} />
          </ActionIcon>
        </Tooltip>
        {hold.ended === null && (
          <Tooltip label={t('holds.release')}>
            <ActionIcon aria-label={t('holds.release')} onClick={onRelease}>
              <IconPinnedOff size={18} />
            </ActionIcon>
          </Tooltip>
        )}
      </td>
    </tr>
  );
}

function ReleaseDialog({ hold, onClose }: { hold: Hold; onClose: () => void }) {
  const { t } = useTranslation();
  const release = useReleaseHold();
  const [why, setWhy] = useState('');
  const [by, setBy] = useState(kept('owner') ?? '');
  const [tried, setTried] = useState(false);
  const submit = () => {
    setTried(true);
    if (why.trim() === '' || by.trim() === '') return;
    release.mutate(
      { id: hold.id, by: by.trim(), why: why.trim() },
      {
        onSuccess: () => {
          keep('owner', by.trim());
          toast(t('holds.released'));
          onClose();
        },
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title={t('holds.releaseTitle')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>
          <strong>
            <bdi>{hold.reason}</bdi>
          </strong>
          <br />
          {t('holds.releaseText')}
        </p>
        <TextInput
          label={t('holds.why')}
          required
          maxLength={500}
          value={why}
          error={tried && why.trim() === '' ? t('holds.whyMissing') : undefined}
          data-autofocus
          onChange={(event) => setWhy(event.currentTarget.value)}
        />
        <TextInput
          label={t('holds.by')}
          required
          maxLength={100}
          value={by}
          error={tried && by.trim() === '' ? t('hold.ownerMissing') : undefined}
          onChange={(event) => setBy(event.currentTarget.value)}
        />
        {release.isError && (
          <p className="red" role="alert">
            <Why error={release.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" color="red" loading={release.isPending}>
            {t('holds.release')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
