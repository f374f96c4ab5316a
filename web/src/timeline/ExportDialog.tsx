import { Alert, Button, Modal, NativeSelect, Progress, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconDownload, IconPin } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { exportFileUrl } from '../api/client';
import { nodeNow } from '../api/clock';
import { fetchTimeline, keys, useCreateExport, useExports } from '../api/queries';
import type { Camera, PurposeInput, StreamKind } from '../api/types';
import { approvalOf } from '../api/approvalOf';
import { ApprovalNeeded } from '../approvals/ApprovalNeeded';
import { usePurposes } from '../approvals/purpose';
import { isComplete, PurposeFields } from '../approvals/PurposeFields';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { follow } from '../shell/route';
import { holdsIn } from './holds';
import { Zone } from './zone';

interface Props {
  cameras: Camera[];
  camera: string;
  from: number;
  to: number;
  onClose: () => void;
}

/** One end of the stretch: what the field holds, and the time it means, ms since 1970 UTC. */
interface Edge {
  ms: number | null;
  text: string;
}

export function ExportDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('export.title')}
      size={460}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <ExportForm {...props} />
    </Modal>
  );
}

function ExportForm({ cameras, camera: given, from: givenFrom, to: givenTo, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const [camera, setCamera] = useState(given);
  const chosen = cameras.find((candidate) => candidate.id === camera);
  const [wanted, setWanted] = useState<StreamKind>('main');
  // The choice is there only where both are recorded.
  const stream: StreamKind = chosen?.record === 'both' ? wanted : chosen?.record === 'sub' ? 'sub' : 'main';
  // Text fields hold whole seconds; a mark set on a picture keeps its milliseconds until the field is changed.
  const [from, setFrom] = useState<Edge>({ ms: givenFrom, text: zone.toLocalText(givenFrom) });
  const [to, setTo] = useState<Edge>({ ms: givenTo, text: zone.toLocalText(givenTo) });
  const purposes = usePurposes();
  const asked = purposes.data?.askedFor.includes('export') ?? false;
  // As one begins with: what one looks back for, unless something else is chosen.
  const [chosenPurpose, setPurpose] = useState<PurposeInput | null>(null);
  const purpose: PurposeInput = chosenPurpose ?? {
    purpose: purposes.data?.current?.purpose ?? '',
    reference: purposes.data?.current?.reference ?? '',
  };
  const ready = purposes.data !== undefined && (!asked || isComplete(purposes.data, purpose));
  const create = useCreateExport();
  const jobs = useExports();
  const job = jobs.data?.find((candidate) => candidate.id === create.data?.id) ?? create.data;

  const ordered = from.ms !== null && to.ms !== null && to.ms > from.ms;
  const future = to.ms !== null && to.ms > nodeNow() + 1000;
  const gaps = useQuery({
    queryKey: [...keys.stretch, camera, stream, from.ms, to.ms],
    queryFn: () => fetchTimeline(camera, stream, from.ms ?? 0, to.ms ?? 0),
    enabled: ordered && !future,
  });
  const holds = ordered ? holdsIn(gaps.data, from.ms ?? 0, to.ms ?? 0) : [];
  const missing = gaps.data?.gaps.length ?? 0;

  if (job) {
    return (
      <div className="form" data-export={job.state}>
        <p>
          <bdi>{chosen?.name ?? job.camera}</bdi>
          <br />
          {format.dateTime(Date.parse(job.from))} – <bdi dir="ltr">{format.time(Date.parse(job.to))}</bdi>
        </p>
        {job.state === 'done' ? (
          <Button
            component="a"
            href={exportFileUrl(job.id)}
            download={job.fileName ?? true}
            leftSection={<IconDownload size={16} />}
          >
            {t('export.download')}
            {job.bytes !== null && ` (${format.bytes(job.bytes)})`}
          </Button>
        ) : job.state === 'failed' || job.state === 'cancelled' ? (
          <Alert
            color="red"
            variant="light"
            icon={<IconAlertTriangle size={18} />}
            title={t(`exports.states.${job.state}`)}
          >
            {job.reason && <bdi lang="en">{job.reason}</bdi>}
          </Alert>
        ) : (
          <>
            <Progress
              value={job.progress * 100}
              aria-label={t('exports.progress', { percent: format.percent(job.progress) })}
            />
            <p className="dim" role="status">
              {t(`exports.states.${job.state}`)} · {t('exports.progress', { percent: format.percent(job.progress) })}
            </p>
          </>
        )}
        <div className="form-end">
          <a href="/exports" onClick={follow}>
            {t('export.seeAll')}
          </a>
          <Button variant="default" onClick={onClose}>
            {t('app.close')}
          </Button>
        </div>
      </div>
    );
  }

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ordered || future || !ready || from.ms === null || to.ms === null) return;
        create.mutate({
          camera,
          stream,
          from: new Date(from.ms).toISOString(),
          to: new Date(to.ms).toISOString(),
          ...(asked && { purpose }),
        });
      }}
    >
      <NativeSelect
        label={t('export.camera')}
        value={camera}
        onChange={(event) => setCamera(event.currentTarget.value)}
        data={cameras.map(({ id, name }) => ({ value: id, label: name }))}
      />
      <div className="form-pair">
        <TextInput
          type="datetime-local"
          step={1}
          required
          label={t('export.from')}
          value={from.text}
          onChange={(event) => {
            const text = event.currentTarget.value;
            setFrom({ text, ms: zone.fromLocalText(text) });
          }}
        />
        <TextInput
          type="datetime-local"
          step={1}
          required
          label={t('export.to')}
          value={to.text}
          error={!ordered ? t('export.order') : future ? t('export.tooFuture') : undefined}
          onChange={(event) => {
            const text = event.currentTarget.value;
            setTo({ text, ms: zone.fromLocalText(text) });
          }}
        />
      </div>
      <p className="dim">
        {ordered && t('export.length', { duration: format.duration((to.ms ?? 0) - (from.ms ?? 0)) })}
        {' · '}
        {format.timeZone}
      </p>
      {chosen?.record === 'both' && (
        <NativeSelect
          label={t('export.stream')}
          value={stream}
          onChange={(event) => setWanted(event.currentTarget.value === 'sub' ? 'sub' : 'main')}
          data={(['main', 'sub'] as const).map((kind) => ({ value: kind, label: t(`camera.stream.${kind}`) }))}
        />
      )}
      {asked && purposes.data && <PurposeFields purposes={purposes.data} value={purpose} onChange={setPurpose} />}
      {holds.length > 0 && (
        <Alert color="gray" variant="light" icon={<IconPin size={18} />} title={t('export.held')}>
          <ul className="plain">
            {holds.map((hold) => (
              <li key={hold.id}>
                <bdi>{hold.reason}</bdi>
              </li>
            ))}
          </ul>
        </Alert>
      )}
      {missing > 0 && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />}>
          {t('export.gapsInside', { count: missing })}
        </Alert>
      )}
      <ApprovalNeeded error={create.error} />
      {create.isError && !approvalOf(create.error) && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('export.failed')}>
          <Why error={create.error} />
        </Alert>
      )}
      {ordered && !future && (
        <p className="small">
          <a
            href={`/evidence?make=stretch&camera=${encodeURIComponent(camera)}&stream=${stream}&from=${from.ms ?? 0}&to=${to.ms ?? 0}`}
            onClick={follow}
          >
            {t('packages.ofThis')}
          </a>
        </p>
      )}
      <div className="form-end">
        {ordered && !future && (
          <a
            href={`/redact?${new URLSearchParams({
              camera,
              from: new Date(from.ms ?? 0).toISOString(),
              to: new Date(to.ms ?? 0).toISOString(),
            }).toString()}`}
            onClick={follow}
          >
            {t('export.redact')}
          </a>
        )}
        <Button variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={create.isPending} disabled={!ordered || future || !ready} data-autofocus>
          {t('export.start')}
        </Button>
      </div>
    </form>
  );
}
