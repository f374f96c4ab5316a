import { ActionIcon, Button, Modal, Progress, Skeleton, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconDownload,
  IconFileExport,
  IconTimelineEvent,
  IconTrash,
  IconX,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { exportFileUrl } from '../api/client';
import { nodeNow } from '../api/clock';
import { isUnfinished, useCameras, useDeleteExport, useExports } from '../api/queries';
import type { ExportJob } from '../api/types';
import { isMissing, usePurposes } from '../approvals/purpose';
import { usePurposeWords } from '../approvals/words';
import { useFormat } from '../i18n/format';
import { useSession } from '../identity/session';
import { Failure, Notice, Said, Why } from '../shell/Notice';
import { go } from '../shell/route';
import { toast } from '../shell/toast';

export default function ExportsRoom() {
  const { t } = useTranslation();
  const exports = useExports();
  const [removing, setRemoving] = useState<ExportJob | null>(null);
  const jobs = [...(exports.data ?? [])].sort((a, b) => b.createdAt.localeCompare(a.createdAt));

  if (exports.isError && !exports.data) {
    return (
      <Failure title={t('exports.failed')} error={exports.error}>
        <Button variant="default" onClick={() => void exports.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('exports.title')}</h1>
      </div>
      {!exports.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {exports.data && jobs.length === 0 && (
        <Notice icon={<IconFileExport size={32} />} title={t('exports.none')} text={t('exports.noneDo')}>
          <Button variant="default" onClick={() => go('/timeline')}>
            {t('app.timeline')}
          </Button>
        </Notice>
      )}
      {jobs.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('export.camera')}</th>
              <th scope="col">{t('exports.stretch')}</th>
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
            {jobs.map((job) => (
              <Row key={job.id} job={job} onRemove={() => setRemoving(job)} />
            ))}
          </tbody>
        </table>
      )}
      {removing && <RemoveDialog job={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}

function Row({ job, onRemove }: { job: ExportJob; onRemove: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cameras = useCameras();
  const purposes = usePurposes();
  const words = usePurposeWords();
  const session = useSession();
  const camera = cameras.data?.find((candidate) => candidate.id === job.camera)?.name ?? job.camera;
  const from = Date.parse(job.from);
  const to = Date.parse(job.to);
  const removeLabel = isUnfinished(job) ? t('exports.cancel') : t('exports.remove');
  return (
    <tr data-export={job.id} data-state={job.state}>
      <td>
        <bdi className="list-name">{camera}</bdi>
        <div className="dim small">{t(`camera.stream.${job.stream}`)}</div>
      </td>
      <td>
        {format.dateTime(from)} – <bdi dir="ltr">{format.time(to)}</bdi>
        {job.purpose !== '' && (
          <div className="dim small">
            <bdi>{[words(job.purpose), job.reference, job.user].filter(Boolean).join(' · ')}</bdi>
          </div>
        )}
        <div className="dim small">
          {format.duration(to - from)}
          {job.gaps.length > 0 && <span className="amber"> · {t('exports.gaps', { count: job.gaps.length })}</span>}
        </div>
      </td>
      <td>
        <span className={job.state === 'failed' ? 'state red' : job.state === 'cancelled' ? 'state dim' : 'state'}>
          {job.state === 'done' && <IconCircleCheck size={16} aria-hidden />}
          {job.state === 'failed' && <IconAlertTriangle size={16} aria-hidden />}
          {t(`exports.states.${job.state}`)}
        </span>
        {job.state === 'running' && (
          <Progress
            size="sm"
            value={job.progress * 100}
            aria-label={t('exports.progress', { percent: format.percent(job.progress) })}
          />
        )}
        {job.reason && (
          <div className="small reason">
            <Said text={job.reason} />
          </div>
        )}
        {job.expiresAt !== null && job.state === 'done' && (
          <div className="dim small" title={format.dateTime(Date.parse(job.expiresAt))}>
            {t('exports.expires', { time: format.shortDate(Date.parse(job.expiresAt)) })}
          </div>
        )}
        {job.sha256 !== null && (
          <div className="dim small digest" title={job.sha256}>
            <bdi dir="ltr" className="code">
              {t('exports.sha256', { digest: `${job.sha256.slice(0, 12)}…` })}
            </bdi>
          </div>
        )}
      </td>
      <td className="end">{job.bytes !== null && <bdi>{format.bytes(job.bytes)}</bdi>}</td>
      <td title={format.dateTime(Date.parse(job.createdAt))}>
        {format.relative(Date.parse(job.createdAt), nodeNow())}
      </td>
      <td className="list-tools">
        {job.state === 'done' && (
          <Tooltip label={t('export.downloadOf', { name: job.fileName ?? camera })}>
            {isMissing(purposes.data, 'export') && job.user !== session.data?.user?.name ? (
              // A link can't say why its file doesn't come.
              <ActionIcon
                aria-label={t('export.downloadOf', { name: job.fileName ?? camera })}
                onClick={() => toast(t('purpose.missing'), { wrong: true })}
              >
                <IconDownload size={18} />
              </ActionIcon>
            ) : (
              <ActionIcon
                component="a"
                href={exportFileUrl(job.id)}
                download={job.fileName ?? true}
                aria-label={t('export.downloadOf', { name: job.fileName ?? camera })}
              >
                <IconDownload size={18} />
              </ActionIcon>
            )}
          </Tooltip>
        )}
        <Tooltip label={t('exports.openTimeline')}>
          <ActionIcon
            aria-label={t('exports.openTimeline')}
            onClick={() =>
              go(
                `/timeline?camera=${encodeURIComponent(job.camera)}&t=${job.from}&zoom=${Math.round((to - from) / 400)}`,
              )
            }
          >
            <IconTimelineEvent size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={removeLabel}>
          <ActionIcon aria-label={removeLabel} onClick={onRemove}>
            {isUnfinished(job) ? <IconX size={18} /> : <IconTrash size={18} />}
          </ActionIcon>
        </Tooltip>
      </td>
    </tr>
  );
}

function RemoveDialog({ job, onClose }: { job: ExportJob; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteExport();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('exports.removeTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="form">
        <p>{t('exports.removeText')}</p>
        {remove.isError && (
          <p className="red" role="alert">
            <Why error={remove.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(job.id, { onSuccess: onClose })}>
            {isUnfinished(job) ? t('exports.cancel') : t('exports.remove')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
