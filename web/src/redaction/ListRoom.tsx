import {
  ActionIcon,
  Alert,
  Button,
  Checkbox,
  Modal,
  NativeSelect,
  Progress,
  Skeleton,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { IconAlertTriangle, IconDownload, IconEyeOff, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import type { Camera, PurposeInput, Redaction } from '../api/types';
import { usePurposes } from '../approvals/purpose';
import { isComplete, PurposeFields } from '../approvals/PurposeFields';
import { useFormat } from '../i18n/format';
import { Failure, Notice, Said, Why } from '../shell/Notice';
import { follow, go, usePlace } from '../shell/route';
import { Zone } from '../timeline/zone';
import { copyUrl, isBusy, useCreateRedaction, useDeleteRedaction, useRedactions } from './queries';

export function ListRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const list = useRedactions();
  const cameras = useCameras();
  const [removing, setRemoving] = useState<Redaction | null>(null);
  const asked = query.get('camera');
  const from = Date.parse(query.get('from') ?? '');
  const to = Date.parse(query.get('to') ?? '');

  if (list.isError && !list.data) {
    return (
      <Failure title={t('redact.failedList')} error={list.error}>
        <Button variant="default" onClick={() => void list.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('redact.title')}</h1>
      </div>
      {!list.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {list.data?.length === 0 && (
        <Notice icon={<IconEyeOff size={32} />} title={t('redact.none')} text={t('redact.noneDo')}>
          <Button variant="default" onClick={() => go('/timeline')}>
            {t('app.timeline')}
          </Button>
        </Notice>
      )}
      {list.data && list.data.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('export.camera')}</th>
              <th scope="col">{t('exports.stretch')}</th>
              <th scope="col">{t('exports.state')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('cameras.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.data.map((redaction) => (
              <Row
                key={redaction.id}
                redaction={redaction}
                camera={cameras.data?.find(({ id }) => id === redaction.camera)?.name ?? redaction.camera}
                onRemove={() => setRemoving(redaction)}
              />
            ))}
          </tbody>
        </table>
      )}
      {removing && <RemoveDialog redaction={removing} onClose={() => setRemoving(null)} />}
      {asked !== null && cameras.data && (
        <Modal
          opened
          onClose={() => go('/redact', { replace: true })}
          title={t('redact.new')}
          size={460}
          closeButtonProps={{ 'aria-label': t('app.close') }}
        >
          <NewForm cameras={cameras.data} camera={asked} from={from} to={to} />
        </Modal>
      )}
    </div>
  );
}

function Row({ redaction, camera, onRemove }: { redaction: Redaction; camera: string; onRemove: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const from = Date.parse(redaction.from);
  const to = Date.parse(redaction.to);
  return (
    <tr data-redaction={redaction.id} data-state={redaction.state}>
      <td>
        <a className="list-name" href={`/redact/${redaction.id}`} onClick={follow}>
          <bdi>{camera}</bdi>
        </a>
        <div className="dim small">
          <bdi>{redaction.user}</bdi>
        </div>
      </td>
      <td>
        {format.dateTime(from)} – <bdi dir="ltr">{format.time(to)}</bdi>
        <div className="dim small">{format.duration(to - from)}</div>
      </td>
      <td>
        <span className={redaction.state === 'failed' ? 'state red' : 'state'}>
          {t(`redact.states.${redaction.state}`)}
        </span>
        {isBusy(redaction.state) && (
          <Progress
            size="sm"
            value={redaction.progress * 100}
            aria-label={t('exports.progress', { percent: format.percent(redaction.progress) })}
          />
        )}
        {redaction.message && (
          <div className="small reason">
            <Said text={redaction.message} />
          </div>
        )}
        <div className="dim small">
          {t('exports.expires', { time: format.shortDate(Date.parse(redaction.expiresAt)) })}
        </div>
      </td>
      <td className="list-tools">
        {redaction.state === 'done' && (
          <Tooltip label={t('redact.download')}>
            <ActionIcon
              component="a"
              href={copyUrl(redaction.id)}
              download={redaction.fileName ?? true}
              aria-label={t('redact.download')}
            >
              <IconDownload size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        <Tooltip label={t('redact.remove')}>
          <ActionIcon aria-label={t('redact.remove')} onClick={onRemove}>
            <IconTrash size={18} />
          </ActionIcon>
        </Tooltip>
      </td>
    </tr>
  );
}

function RemoveDialog({ redaction, onClose }: { redaction: Redaction; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteRedaction();
  return (
    <Modal opened onClose={onClose} title={t('redact.removeTitle')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <div className="form">
        <p>{t('redact.removeText')}</p>
        {remove.isError && (
          <p className="red" role="alert">
            <Why error={remove.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button
            color="red"
            loading={remove.isPending}
            onClick={() => remove.mutate(redaction.id, { onSuccess: onClose })}
          >
            {t('redact.remove')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function NewForm(given: { cameras: Camera[]; camera: string; from: number; to: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const start = Number.isFinite(given.from)
    ? given.from
    : Number.isFinite(given.to)
      ? given.to - 10_000
      : nodeNow() - 60_000;
  const end = Number.isFinite(given.to) ? given.to : start + 10_000;
  const [camera, setCamera] = useState(given.camera);
  const [from, setFrom] = useState<{ ms: number | null; text: string }>({ ms: start, text: zone.toLocalText(start) });
  const [to, setTo] = useState<{ ms: number | null; text: string }>({ ms: end, text: zone.toLocalText(end) });
  const [search, setSearch] = useState({ faces: true, heads: true, plates: false });
  const purposes = usePurposes();
  const asked = purposes.data?.askedFor.includes('export') ?? false;
  const [chosenPurpose, setPurpose] = useState<PurposeInput | null>(null);
  const purpose: PurposeInput = chosenPurpose ?? {
    purpose: purposes.data?.current?.purpose ?? '',
    reference: purposes.data?.current?.reference ?? '',
  };
  const create = useCreateRedaction();
  const ordered = from.ms !== null && to.ms !== null && to.ms > from.ms;
  const ready = ordered && purposes.data !== undefined && (!asked || isComplete(purposes.data, purpose));
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready || from.ms === null || to.ms === null) return;
        create.mutate(
          {
            camera,
            from: new Date(from.ms).toISOString(),
            to: new Date(to.ms).toISOString(),
            search,
            ...(asked && { purpose }),
          },
          { onSuccess: ({ id }) => go(`/redact/${id}`, { replace: true }) },
        );
      }}
    >
      <p className="dim">{t('redact.newText')}</p>
      <NativeSelect
        label={t('export.camera')}
        value={camera}
        onChange={(event) => setCamera(event.currentTarget.value)}
        data={given.cameras.map(({ id, name }) => ({ value: id, label: name }))}
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
          error={ordered ? undefined : t('export.order')}
          onChange={(event) => {
            const text = event.currentTarget.value;
            setTo({ text, ms: zone.fromLocalText(text) });
          }}
        />
      </div>
      <fieldset className="redact-search">
        <legend>{t('redact.propose')}</legend>
        {(['faces', 'heads', 'plates'] as const).map((what) => (
          <Checkbox
            key={what}
            label={t(`redact.search.${what}`)}
            checked={search[what]}
            onChange={(event) => {
              const { checked } = event.currentTarget;
              setSearch((before) => ({ ...before, [what]: checked }));
            }}
          />
        ))}
      </fieldset>
      {asked && purposes.data && <PurposeFields purposes={purposes.data} value={purpose} onChange={setPurpose} />}
      {create.isError && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('redact.failed')}>
          <Why error={create.error} />
        </Alert>
      )}
      <div className="form-end">
        <Button variant="default" onClick={() => go('/redact', { replace: true })}>
          {t('app.cancel')}
        </Button>
        <Button type="submit" loading={create.isPending} disabled={!ready} data-autofocus>
          {t('redact.begin')}
        </Button>
      </div>
    </form>
  );
}
