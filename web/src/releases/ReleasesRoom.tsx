import { Badge, Button, Modal, Skeleton, TextInput } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import { usePurposeWords } from '../approvals/words';
import { useFormat } from '../i18n/format';
import { useMay } from '../identity/session';
import { Failure, Notice, Why } from '../shell/Notice';
import { go, usePlace } from '../shell/route';
import { toast } from '../shell/toast';
import './releases.css';
import { useReleases, useRevokeRelease, type Release } from './releases';

const ReleaseDialog = lazy(() => import('./ReleaseDialog'));

const colours = { open: 'green', expired: 'gray', revoked: 'red', gone: 'gray' } as const;

/** What was handed to people outside, each time it was fetched, and the way to hand something over or take it back. */
export default function ReleasesRoom() {
  const { t } = useTranslation();
  const may = useMay();
  const releases = useReleases();
  const { query } = usePlace();
  const asked = query.get('package');
  const [revoking, setRevoking] = useState<Release | null>(null);
  const close = () => go('/disclosures', { replace: true });

  if (releases.isError && !releases.data) {
    return (
      <Failure title={t('disclosures.failed')} error={releases.error}>
        <Button variant="default" onClick={() => void releases.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('disclosures.title')}</h1>
        <span className="grow" />
        {may('release') && (
          <Button leftSection={<IconSend size={16} />} onClick={() => go('/disclosures?package=')}>
            {t('disclosures.add')}
          </Button>
        )}
      </div>
      <p className="dim release-about">{t('disclosures.about')}</p>
      {!releases.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {releases.data?.length === 0 && (
        <Notice icon={<IconSend size={32} />} title={t('disclosures.none')} text={t('disclosures.noneDo')} />
      )}
      {releases.data && releases.data.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('disclosures.recipient')}</th>
              <th scope="col">{t('disclosures.package')}</th>
              <th scope="col">{t('disclosures.state')}</th>
              <th scope="col">{t('disclosures.fetched')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('cameras.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {releases.data.map((release) => (
              <Row key={release.id} release={release} onRevoke={() => setRevoking(release)} />
            ))}
          </tbody>
        </table>
      )}
      {asked !== null && may('release') && (
        <Suspense>
          <ReleaseDialog given={asked} onClose={close} />
        </Suspense>
      )}
      {revoking && <RevokeDialog release={revoking} onClose={() => setRevoking(null)} />}
    </div>
  );
}

function Row({ release, onRevoke }: { release: Release; onRevoke: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const words = usePurposeWords();
  const cameras = useCameras();
  const name = (id: string) => cameras.data?.find((camera) => camera.id === id)?.name ?? id;
  return (
    <tr data-release={release.id} data-state={release.state}>
      <td>
        <bdi className="list-name">{release.recipient}</bdi>
        <div className="dim small">
          <bdi>{release.organisation}</bdi>
        </div>
        <div className="dim small">
          <bdi>{release.legalBasis}</bdi>
        </div>
      </td>
      <td>
        <bdi>{release.title}</bdi>
        <div className="dim small">
          <bdi>{format.list(release.cameras.map(name))}</bdi> · {format.dateTime(Date.parse(release.from))}
        </div>
        <div className="dim small">
          {release.purpose !== '' && (
            <bdi>{[words(release.purpose), release.reference].filter(Boolean).join(' · ')}</bdi>
          )}
        </div>
      </td>
      <td>
        <Badge variant="light" color={colours[release.state]}>
          {t(`disclosures.states.${release.state}`)}
        </Badge>
        <div className="dim small">
          {release.state === 'open' &&
            t('disclosures.openUntil', { time: format.dateTime(Date.parse(release.expires)) })}
          {release.revokedWhy !== null && (
            <bdi>{[release.revokedBy, release.revokedWhy].filter(Boolean).join(': ')}</bdi>
          )}
        </div>
        <div className="dim small">
          <bdi>
            {release.agreedBy === null
              ? release.by
              : t('disclosures.byTwo', { one: release.by, two: release.agreedBy })}
          </bdi>
        </div>
      </td>
      <td>
        {release.fetches.length === 0 ? (
          <span className="dim">{t('disclosures.notFetched')}</span>
        ) : (
          <>
            {t('disclosures.times', { count: release.fetches.length })}
            <ul className="release-fetches dim small">
              {release.fetches.slice(-3).map((fetch, index) => (
                <li key={index} title={fetch.agent}>
                  {format.relative(Date.parse(fetch.at), nodeNow())} · <bdi dir="ltr">{fetch.address}</bdi>
                  {!fetch.isWhole && fetch.ended !== null && ` · ${t('disclosures.cutOff')}`}
                </li>
              ))}
            </ul>
          </>
        )}
      </td>
      <td className="list-tools">
        {release.state === 'open' && may('release') && (
          <Button variant="default" size="compact-sm" onClick={onRevoke}>
            {t('disclosures.revoke')}
          </Button>
        )}
      </td>
    </tr>
  );
}

function RevokeDialog({ release, onClose }: { release: Release; onClose: () => void }) {
  const { t } = useTranslation();
  const revoke = useRevokeRelease();
  const [reason, setReason] = useState('');
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('disclosures.revokeTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          revoke.mutate(
            { id: release.id, reason: reason.trim() },
            {
              onSuccess: () => {
                toast(t('disclosures.revoked'));
                onClose();
              },
            },
          );
        }}
      >
        <p>{t('disclosures.revokeText')}</p>
        <TextInput
          label={t('disclosures.reason')}
          required
          maxLength={500}
          dir="auto"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
        {revoke.isError && (
          <p className="red" role="alert">
            <Why error={revoke.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" color="red" disabled={reason.trim() === ''} loading={revoke.isPending}>
            {t('disclosures.revoke')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
