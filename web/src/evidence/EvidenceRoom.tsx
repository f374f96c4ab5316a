import { ActionIcon, Button, CopyButton, Modal, Progress, Skeleton, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconDownload,
  IconKey,
  IconLock,
  IconPackage,
  IconPlus,
  IconShare,
  IconTrash,
  IconX,
} from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import type { EvidencePackage } from '../api/types';
import { isMissing, usePurposes } from '../approvals/purpose';
import { usePurposeWords } from '../approvals/words';
import { useFormat } from '../i18n/format';
import { useMay, useSession } from '../identity/session';
import { useAlarmsOf, useIncident } from '../incidents/cases';
import { Failure, Notice, Said, Why } from '../shell/Notice';
import { follow, go, usePlace } from '../shell/route';
import { toast } from '../shell/toast';
import { askedFor } from './asked';
import './evidence.css';
import type { PackageDraft } from './MakePackage';
import { isUnfinished, packageFileUrl, usePackages, useRemovePackage } from './packages';
import { stretchesOf } from './stretches';

const MakePackage = lazy(() => import('./MakePackage'));

/** A year's packages of a busy post are some hundreds; more rows than these are asked for. */
const shownAtOnce = 50;

/** The packages there are, what became of each, and how one is made: from an incident, from the timeline, or from nothing. */
export default function EvidenceRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const packages = usePackages();
  const cameras = useCameras();
  const [removing, setRemoving] = useState<EvidencePackage | null>(null);
  const [shown, setShown] = useState(shownAtOnce);
  const list = packages.data ?? [];
  const close = () => go('/evidence', { replace: true });

  if (packages.isError && !packages.data) {
    return (
      <Failure title={t('packages.failed')} error={packages.error}>
        <Button variant="default" onClick={() => void packages.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('packages.room')}</h1>
        <span className="grow" />
        <Button leftSection={<IconPlus size={16} />} onClick={() => go('/evidence?make=new')}>
          {t('packages.make')}
        </Button>
      </div>
      <p className="dim package-own">
        {t('packages.own')}{' '}
        <a href="/package-viewer" download>
          {t('packages.ownDo')}
        </a>
      </p>
      {!packages.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {packages.data && list.length === 0 && (
        <Notice icon={<IconPackage size={32} />} title={t('packages.none')} text={t('packages.noneDo')}>
          <Button variant="default" onClick={() => go('/incidents')}>
            {t('app.incidents')}
          </Button>
          <Button variant="default" onClick={() => go('/timeline')}>
            {t('app.timeline')}
          </Button>
        </Notice>
      )}
      {list.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('packages.package')}</th>
              <th scope="col">{t('packages.footage')}</th>
              <th scope="col">{t('exports.state')}</th>
              <th scope="col" className="end">
                {t('exports.size')}
              </th>
              <th scope="col">{t('exports.created')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('cameras.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.slice(0, shown).map((each) => (
              <Row key={each.id} made={each} onRemove={() => setRemoving(each)} />
            ))}
          </tbody>
        </table>
      )}
      {list.length > shown && (
        <Button variant="default" mt={8} onClick={() => setShown(shown + shownAtOnce)}>
          {t('packages.more', { count: list.length - shown })}
        </Button>
      )}
      {removing && <RemoveDialog made={removing} onClose={() => setRemoving(null)} />}
      {query.get('incident') !== null && cameras.data && (
        <FromIncident id={query.get('incident') ?? ''} onClose={close} />
      )}
      {query.get('make') !== null && cameras.data && (
        <Suspense>
          <MakePackage
            key={query.toString()}
            cameras={cameras.data}
            draft={draftOf(query, cameras.data[0]?.id)}
            onClose={close}
          />
        </Suspense>
      )}
    </div>
  );
}

/** What an address asks for: `make=new`, `make=asked&approval=…`, `make=copy&redaction=…`, or `make=stretch&camera=…&stream=…&from=…&to=…` (ms), one or several. */
function draftOf(query: URLSearchParams, firstCamera: string | undefined): PackageDraft {
  const asked = query.get('make') === 'asked' ? askedFor(query.get('approval') ?? '') : undefined;
  if (asked) {
    const copy = asked.stretches?.find(({ redaction }) => redaction != null)?.redaction;
    return {
      title: asked.title ?? '',
      incident: asked.incident ?? null,
      ...(copy != null && { copy }),
      stretches: (asked.stretches ?? [])
        .filter(({ redaction }) => redaction == null)
        .map(({ camera, stream, from, to }) => ({
          camera: camera ?? '',
          stream: stream ?? 'main',
          from: Date.parse(from ?? ''),
          to: Date.parse(to ?? ''),
        })),
      asked,
    };
  }
  const copy = query.get('make') === 'copy' ? query.get('redaction') : null;
  if (copy !== null) return { title: '', incident: null, stretches: [], copy };
  const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
  const stream = query.get('stream') === 'sub' ? 'sub' : 'main';
  const now = Math.floor(nodeNow() / 1000) * 1000;
  const isGiven = from > 0 && to > from;
  const cameras = query.getAll('camera').length > 0 ? query.getAll('camera') : firstCamera ? [firstCamera] : [];
  return {
    title: '',
    incident: null,
    stretches: cameras.map((camera) => ({
      camera,
      stream,
      from: isGiven ? from : now - 360_000,
      to: isGiven ? to : now - 60_000,
    })),
  };
}

/** The dialog with an incident's cameras and times in it. */
function FromIncident({ id, onClose }: { id: string; onClose: () => void }) {
  const incident = useIncident(id);
  const alarms = useAlarmsOf(id);
  const cameras = useCameras();
  if (!incident.data || !alarms.data || !cameras.data) return null;
  return (
    <Suspense>
      <MakePackage
        cameras={cameras.data}
        draft={{
          title: incident.data.title,
          incident: id,
          stretches: stretchesOf(incident.data, alarms.data.alarms, Math.floor(nodeNow() / 1000) * 1000),
        }}
        onClose={onClose}
      />
    </Suspense>
  );
}

function Row({ made, onRemove }: { made: EvidencePackage; onRemove: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cameras = useCameras();
  const purposes = usePurposes();
  const words = usePurposeWords();
  const session = useSession();
  const may = useMay();
  const names = [...new Set(made.stretches.map(({ camera }) => camera))].map(
    (id) => cameras.data?.find((camera) => camera.id === id)?.name ?? id,
  );
  const from = Math.min(...made.stretches.map((stretch) => Date.parse(stretch.from)));
  const to = Math.max(...made.stretches.map((stretch) => Date.parse(stretch.to)));
  const removeLabel = t(isUnfinished(made) ? 'packages.cancel' : 'packages.remove', { name: made.title });
  const download = t('export.downloadOf', { name: made.fileName ?? made.title });
  // The node asks everybody but who asked for it what they want it for.
  const needsPurpose = isMissing(purposes.data, 'export') && made.createdBy !== session.data?.user?.name;
  return (
    <tr data-package={made.id} data-state={made.state}>
      <td>
        <bdi className="list-name">{made.title}</bdi>
        <div className="dim small">
          <bdi>
            {[made.purpose === '' ? '' : words(made.purpose), made.reference, made.createdBy]
              .filter(Boolean)
              .join(' · ')}
          </bdi>
          {made.agreedBy !== null && (
            <>
              {' · '}
              {t('packages.agreedBy', { name: `\u2068${made.agreedBy}\u2069` })}
            </>
          )}
        </div>
        {made.incident !== null && (
          <a className="small" href={`/incidents?incident=${made.incident}`} onClick={follow}>
            {t('packages.ofIncident')}
          </a>
        )}
      </td>
      <td>
        <bdi>{format.list(names)}</bdi>
        <div className="dim small">
          {format.dateTime(from)} –{' '}
          <bdi dir="ltr">{to - from < 86_400_000 ? format.time(to) : format.dateTime(to)}</bdi>
        </div>
        <div className="dim small">
          {t('packages.stretches', { count: made.stretches.length })}
          {made.stretches.some(({ masks }) => masks > 0) && ` · ${t('packages.maskedIn')}`}
          {made.gaps > 0 && <span className="amber"> · {t('exports.gaps', { count: made.gaps })}</span>}
        </div>
      </td>
      <td>
        <span className={made.state === 'failed' ? 'state red' : made.state === 'expired' ? 'state dim' : 'state'}>
          {made.state === 'ready' && <IconCircleCheck size={16} aria-hidden />}
          {made.state === 'failed' && <IconAlertTriangle size={16} aria-hidden />}
          {t(`packages.states.${made.state}`)}
          {made.encrypted && (
            <Tooltip label={t('packages.encrypted')}>
              <IconLock size={16} aria-label={t('packages.encrypted')} />
            </Tooltip>
          )}
        </span>
        {made.state === 'preparing' && (
          <Progress
            size="sm"
            value={made.progress * 100}
            aria-label={t('exports.progress', { percent: format.percent(made.progress) })}
          />
        )}
        {made.message !== null && (
          <div className="small reason">
            <Said text={made.message} />
          </div>
        )}
        {made.state === 'ready' && !made.encrypted && <div className="small">{t('packages.checked')}</div>}
        {made.expires !== null && made.state === 'ready' && (
          <div className="dim small" title={format.dateTime(Date.parse(made.expires))}>
            {t('exports.expires', { time: format.shortDate(Date.parse(made.expires)) })}
          </div>
        )}
        {made.sha256 !== null && (
          <div className="dim small digest" title={made.sha256}>
            <bdi dir="ltr" className="code">
              {t('exports.sha256', { digest: `${made.sha256.slice(0, 12)}…` })}
            </bdi>
          </div>
        )}
      </td>
      <td className="end">{made.bytes !== null && <bdi>{format.bytes(made.bytes)}</bdi>}</td>
      <td title={format.dateTime(Date.parse(made.created))}>{format.relative(Date.parse(made.created), nodeNow())}</td>
      <td className="list-tools">
        {made.key !== null && (
          <CopyButton value={made.key}>
            {({ copied, copy }) => (
              <Tooltip label={t(copied ? 'packages.keyCopied' : 'packages.copyKey')}>
                <ActionIcon aria-label={t('packages.copyKey')} onClick={copy}>
                  <IconKey size={18} />
                </ActionIcon>
              </Tooltip>
            )}
          </CopyButton>
        )}
        {made.state === 'ready' && (
          <Tooltip label={download}>
            {needsPurpose ? (
              <ActionIcon aria-label={download} onClick={() => toast(t('purpose.missing'), { wrong: true })}>
                <IconDownload size={18} />
              </ActionIcon>
            ) : (
              <ActionIcon
                component="a"
                href={packageFileUrl(made.id)}
                download={made.fileName ?? true}
                aria-label={download}
              >
                <IconDownload size={18} />
              </ActionIcon>
            )}
          </Tooltip>
        )}
        {made.state === 'ready' && may('release') && (
          <Tooltip label={t('disclosures.add')}>
            <ActionIcon
              aria-label={`${t('disclosures.add')}: ${made.title}`}
              onClick={() => go(`/disclosures?package=${encodeURIComponent(made.id)}`)}
            >
              <IconShare size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        <Tooltip label={removeLabel}>
          <ActionIcon aria-label={removeLabel} onClick={onRemove}>
            {isUnfinished(made) ? <IconX size={18} /> : <IconTrash size={18} />}
          </ActionIcon>
        </Tooltip>
      </td>
    </tr>
  );
}

function RemoveDialog({ made, onClose }: { made: EvidencePackage; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemovePackage();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('packages.removeTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="form">
        <p>
          <bdi>{made.title}</bdi>
        </p>
        <p>{t('packages.removeText')}</p>
        {remove.isError && (
          <p className="red" role="alert">
            <Why error={remove.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(made.id, { onSuccess: onClose })}>
            {t('packages.removeDo')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
