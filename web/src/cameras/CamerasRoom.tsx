import { ActionIcon, Button, Modal, Skeleton, TextInput, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleOff,
  IconDeviceCctvOff,
  IconEye,
  IconFileText,
  IconLoader,
  IconMask,
  IconPencil,
  IconPlus,
  IconRulerMeasure,
  IconSearch,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras, useDeleteCamera, useSetCameraTime } from '../api/queries';
import type { Camera, CameraState } from '../api/types';
import { clockTolerance, clockWords } from '../i18n/clock';
import { useFormat } from '../i18n/format';
import { Failure, Notice, Said, Why } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { follow } from '../shell/route';
import { toast } from '../shell/toast';
import { AddCamera } from './AddCamera';
import { CameraForm } from './CameraForm';

export default function CamerasRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const { query } = usePlace();
  const cameras = useCameras();
  const [removing, setRemoving] = useState<Camera | null>(null);
  const all = cameras.data ?? [];
  const editing = query.get('edit');
  const wanted = (query.get('find') ?? '').trim().toLocaleLowerCase();
  const shown = all.filter((camera) =>
    [camera.id, camera.name, camera.site ?? '', ...camera.groups].some((text) =>
      text.toLocaleLowerCase().includes(wanted),
    ),
  );
  const edited = all.find((camera) => camera.id === editing) ?? null;
  const open = (id: string) => setQuery({ edit: id }, { replace: false });

  if (cameras.isError && !cameras.data) {
    return (
      <Failure title={t('cameras.failed')} error={cameras.error}>
        <Button variant="default" onClick={() => void cameras.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }

  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => open('find')}>
      {t('cameras.add')}
    </Button>
  );
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('cameras.title')}</h1>
        {all.length > 0 && (
          <span className="dim">
            {t('cameras.summary', {
              running: format.number(all.filter((camera) => camera.status.state === 'running').length),
              all: format.number(all.length),
              recording: format.number(all.filter((camera) => camera.recording.state === 'recording').length),
            })}
          </span>
        )}
        <span className="grow" />
        {all.length > 0 && (
          <TextInput
            type="search"
            aria-label={t('cameras.find')}
            placeholder={t('cameras.find')}
            leftSection={<IconSearch size={16} />}
            value={query.get('find') ?? ''}
            onChange={(event) => setQuery({ find: event.currentTarget.value || null })}
          />
        )}
        {all.length > 0 && add}
      </div>

      {!cameras.data && Array.from({ length: 5 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {cameras.data && all.length === 0 && (
        <Notice icon={<IconDeviceCctvOff size={32} />} title={t('cameras.none')} text={t('cameras.noneDo')}>
          {add}
        </Notice>
      )}
      {all.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('cameras.name')}</th>
              <th scope="col">{t('cameras.state')}</th>
              <th scope="col">{t('cameras.streams')}</th>
              <th scope="col">{t('cameras.recordingColumn')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('cameras.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((camera) => (
              <Row
                key={camera.id}
                camera={camera}
                onOpen={() => open(camera.id)}
                onRemove={() => setRemoving(camera)}
              />
            ))}
          </tbody>
        </table>
      )}

      {all.length > 0 && shown.length === 0 && (
        <p className="dim" role="status">
          {t('cameras.nothingFound', { text: query.get('find') })}
        </p>
      )}

      {editing === 'find' && (
        <AddCamera
          onClose={() => setQuery({ edit: null }, { replace: false })}
          onByHand={() => setQuery({ edit: 'new' })}
        />
      )}
      {(editing === 'new' || edited) && (
        <CameraForm key={editing} camera={edited} onClose={() => setQuery({ edit: null }, { replace: false })} />
      )}
      {removing && <RemoveDialog camera={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}

function Row({ camera, onOpen, onRemove }: { camera: Camera; onOpen: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { state, reason, since, attempt, streams } = camera.status;
  const fixed = camera.source === 'file';
  const lost = streams.reduce((sum, stream) => sum + stream.packetsLost, 0);
  return (
    <tr data-camera={camera.id} data-state={state}>
      <td>
        <a href={`/live?camera=${encodeURIComponent(camera.id)}`} className="list-name" onClick={follow}>
          <bdi>{camera.name}</bdi>
        </a>
        <div className="dim small">
          <bdi dir="ltr" className="code">
            {camera.main.url}
          </bdi>
          {(camera.site !== null || camera.groups.length > 0) && (
            <div>
              <bdi>{[camera.site, ...camera.groups].filter(Boolean).join(' · ')}</bdi>
            </div>
          )}
          {fixed && (
            <span className="from-file" title={t('cameras.fromFileWhy')}>
              <IconFileText size={14} aria-hidden /> {t('cameras.fromFile')}
            </span>
          )}
        </div>
      </td>
      <td>
        <span className={`state ${tone(state)}`}>
          <StateIcon state={state} />
          {t(`camera.state.${state}`)}
        </span>
        <div className="dim small" title={format.dateTime(Date.parse(since))}>
          {t('cameras.since', { time: format.relative(Date.parse(since), nodeNow()) })}
          {attempt > 0 && ` · ${t('cameras.attempt', { count: attempt })}`}
        </div>
        {reason && (
          <div className="small reason">
            <Said text={reason} />
          </div>
        )}
      </td>
      <td>
        {streams.map((stream) => (
          <div key={stream.stream} className="stream">
            <span className="dim">{t(`camera.stream.${stream.stream}`)}</span>
            <bdi dir="ltr">
              {[
                stream.codec?.toUpperCase(),
                stream.width !== null && stream.height !== null && `${stream.width}×${stream.height}`,
              ]
                .filter(Boolean)
                .join(' ')}
            </bdi>
            {stream.fps !== null && <span>{t('cameras.fps', { fps: format.number(stream.fps, 1) })}</span>}
            {stream.bitrate !== null && <bdi>{format.bitrate(stream.bitrate)}</bdi>}
          </div>
        ))}
        {camera.onvif && <OnvifLine camera={camera} />}
        {lost > 0 && <div className="small amber">{t('cameras.lost', { count: lost })}</div>}
      </td>
      <td>
        <span
          className={
            camera.recording.state === 'recording'
              ? 'state'
              : camera.recording.state === 'off'
                ? 'state dim'
                : 'state amber'
          }
        >
          {t(`recording.${camera.recording.state}`)}
        </span>
        {camera.recording.reason && (
          <div className="small reason">
            <Said text={camera.recording.reason} />
          </div>
        )}
      </td>
      <td className="list-tools">
        <Tooltip label={t('cameras.rules', { camera: camera.name })}>
          <ActionIcon
            aria-label={t('cameras.rules', { camera: camera.name })}
            onClick={() => go(`/settings/rules?camera=${encodeURIComponent(camera.id)}`)}
          >
            <IconRulerMeasure size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('masks.of', { camera: camera.name })}>
          <ActionIcon
            aria-label={t('masks.of', { camera: camera.name })}
            onClick={() => go(`/settings/masks?camera=${encodeURIComponent(camera.id)}`)}
          >
            <IconMask size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip
          label={fixed ? t('cameras.view', { camera: camera.name }) : t('cameras.edit', { camera: camera.name })}
        >
          <ActionIcon
            aria-label={fixed ? t('cameras.view', { camera: camera.name }) : t('cameras.edit', { camera: camera.name })}
            onClick={onOpen}
          >
            {fixed ? <IconEye size={18} /> : <IconPencil size={18} />}
          </ActionIcon>
        </Tooltip>
        {!fixed && (
          <Tooltip label={t('cameras.remove', { camera: camera.name })}>
            <ActionIcon aria-label={t('cameras.remove', { camera: camera.name })} onClick={onRemove}>
              <IconTrash size={18} />
            </ActionIcon>
          </Tooltip>
        )}
      </td>
    </tr>
  );
}

/** How the camera's ONVIF service is doing, and its clock. */
function OnvifLine({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const format = useFormat();
  const setTime = useSetCameraTime();
  const status = camera.onvif?.status;
  if (!status) return null;
  const running = status.state === 'running';
  const offset = status.clockOffsetSeconds;
  const wrong = running && offset !== null && Math.abs(offset) > clockTolerance;
  const said = running ? (status.receivesEvents ? '' : status.eventsReason) : status.reason;
  return (
    <div className="stream onvif">
      <span className="dim">ONVIF</span>
      <span className={running ? '' : 'amber'}>{t(`onvif.state.${status.state}`)}</span>
      {running && <span className={wrong ? 'amber' : 'dim'}>{clockWords(t, format, offset)}</span>}
      {wrong && (
        <Button
          size="compact-xs"
          variant="default"
          loading={setTime.isPending}
          onClick={() =>
            setTime.mutate(camera.id, {
              onSuccess: () => toast(t('onvif.timeSet', { camera: camera.name })),
              onError: () => toast(t('onvif.timeNotSet', { camera: camera.name }), { wrong: true }),
            })
          }
        >
          {t('onvif.setTime')}
        </Button>
      )}
      {status.identityEventsDropped > 0 && (
        <span className="dim" title={t('onvif.droppedHelp')}>
          {t('onvif.dropped', { count: status.identityEventsDropped })}
        </span>
      )}
      {said !== '' && (
        <div className="small reason">
          <Said text={said} />
        </div>
      )}
    </div>
  );
}

function tone(state: CameraState): string {
  switch (state) {
    case 'running':
      return '';
    case 'disabled':
    case 'connecting':
      return 'dim';
    case 'degraded':
      return 'amber';
    default:
      return 'red';
  }
}

function StateIcon({ state }: { state: CameraState }) {
  switch (state) {
    case 'running':
      return <IconCircleCheck size={16} aria-hidden />;
    case 'disabled':
      return <IconCircleOff size={16} aria-hidden />;
    case 'connecting':
      return <IconLoader size={16} aria-hidden />;
    default:
      return <IconAlertTriangle size={16} aria-hidden />;
  }
}

function RemoveDialog({ camera, onClose }: { camera: Camera; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteCamera();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('form.removeTitle', { camera: camera.name })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="form">
        <p>{t('form.removeText')}</p>
        {remove.isError && (
          <p className="red" role="alert">
            {t('form.removeFailed')}: <Why error={remove.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('app.cancel')}
          </Button>
          <Button
            color="red"
            loading={remove.isPending}
            onClick={() =>
              remove.mutate(camera.id, {
                onSuccess: () => {
                  toast(t('cameras.removed', { camera: camera.name }));
                  onClose();
                  go('/settings/cameras');
                },
              })
            }
          >
            {t('form.removeDo')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
