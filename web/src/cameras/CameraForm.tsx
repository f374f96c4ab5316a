import { Alert, Button, Checkbox, Drawer, NativeSelect, PasswordInput, Switch, TextInput } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleOff,
  IconFileText,
  IconPlugConnected,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { useCameras, useProbe, useSaveCamera, useStorage } from '../api/queries';
import type { Camera, RecordChoice, Transport } from '../api/types';
import { useFormat } from '../i18n/format';
import { limitWords } from '../storage/limitWords';
import { readNumber } from '../storage/figures';
import { Said, Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { CameraDevice } from './CameraDevice';

interface Fields {
  name: string;
  site: string;
  /** Names with commas between them. */
  groups: string;
  main: string;
  sub: string;
  userName: string;
  password: string;
  forget: boolean;
  transport: Transport;
  record: RecordChoice;
  audio: boolean;
  fingerprint: string;
  onvif: string;
  enabled: boolean;
  /** Limits of its own, as typed: days, and gigabytes. */
  ownLimits: boolean;
  days: string;
  gigabytes: string;
}

const transports: readonly Transport[] = ['auto', 'tcp', 'udp'];
const records: readonly RecordChoice[] = ['main', 'sub', 'both', 'none'];

const fresh: Fields = {
  name: '',
  site: '',
  groups: '',
  main: '',
  sub: '',
  userName: '',
  password: '',
  forget: false,
  transport: 'auto',
  record: 'main',
  audio: true,
  fingerprint: '',
  onvif: '',
  enabled: true,
  ownLimits: false,
  days: '',
  gigabytes: '',
};

const gigabyte = 1e9;

/** Arabic has a comma of its own. */
const splitGroups = (text: string) =>
  text
    .split(/[,،]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');

const isSecure = (url: string) => /^\s*rtsps:/i.test(url);
const isRtsp = (url: string) => /^rtsps?:\/\/[^\s/]+/i.test(url);

export function CameraForm({ camera, onClose }: { camera: Camera | null; onClose: () => void }) {
  const { t } = useTranslation();
  const fixed = camera?.source === 'file';
  const title =
    camera === null
      ? t('form.addTitle')
      : fixed
        ? t('form.viewTitle', { camera: camera.name })
        : t('form.editTitle', { camera: camera.name });
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={460}
      title={title}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Form camera={camera} fixed={fixed} onClose={onClose} />
      {camera && <CameraDevice camera={camera} />}
    </Drawer>
  );
}

function Form({ camera, fixed, onClose }: { camera: Camera | null; fixed: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const save = useSaveCamera();
  const defaults = useStorage().data?.retention;
  const cameras = useCameras().data ?? [];
  const sites = [...new Set(cameras.flatMap(({ site }) => site ?? []))].sort();
  const [tried, setTried] = useState(false);
  const [fields, setFields] = useState<Fields>(() =>
    camera === null
      ? fresh
      : {
          name: camera.name,
          site: camera.site ?? '',
          groups: camera.groups.join(', '),
          main: camera.main.url,
          sub: camera.sub?.url ?? '',
          userName: camera.userName ?? '',
          password: '',
          forget: false,
          transport: camera.transport,
          record: camera.record,
          audio: camera.audio,
          fingerprint: camera.fingerprint ?? '',
          onvif: camera.onvif?.url ?? '',
          enabled: camera.enabled,
          ownLimits: camera.retention !== null,
          days: camera.retention?.days?.toString() ?? '',
          gigabytes: camera.retention?.bytes ? String(camera.retention.bytes / gigabyte) : '',
        },
  );
  const put = (patch: Partial<Fields>) => setFields((before) => ({ ...before, ...patch }));

  const server = save.error instanceof Problem ? save.error.errors : {};
  const noLimit = fields.days.trim() === '' && fields.gigabytes.trim() === '';
  const limitFault = (text: string) =>
    !tried || !fields.ownLimits
      ? undefined
      : noLimit
        ? t('form.limitMissing')
        : text.trim() !== '' && !(readNumber(text) ?? 0)
          ? t('form.limitWrong')
          : undefined;
  const wrong = {
    name: tried && fields.name.trim() === '' ? t('form.nameMissing') : server.name?.[0],
    site: server.site?.[0],
    groups: server.groups?.[0],
    main:
      tried && fields.main.trim() === ''
        ? t('form.urlMissing')
        : tried && !isRtsp(fields.main.trim())
          ? t('form.urlWrong')
          : (server['main.url']?.[0] ?? server.main?.[0]),
    sub:
      tried && fields.sub.trim() !== '' && !isRtsp(fields.sub.trim())
        ? t('form.urlWrong')
        : (server['sub.url']?.[0] ?? server.sub?.[0]),
    userName: server.userName?.[0],
    password: server.password?.[0],
    fingerprint: server.fingerprint?.[0],
    onvif: server['onvif.url']?.[0],
    days: limitFault(fields.days) ?? server['retention.days']?.[0],
    gigabytes: limitFault(fields.gigabytes) ?? server['retention.bytes']?.[0],
  };
  // A certificate is shown over TLS only.
  const secure = isSecure(fields.main) || isSecure(fields.sub) || /^\s*https:/i.test(fields.onvif);

  const submit = () => {
    setTried(true);
    const name = fields.name.trim();
    const main = fields.main.trim();
    const sub = fields.sub.trim();
    const onvif = fields.onvif.trim();
    if (name === '' || !isRtsp(main) || (sub !== '' && !isRtsp(sub))) return;
    const days = readNumber(fields.days);
    const gigabytes = readNumber(fields.gigabytes);
    const isLimit = (text: string, value: number | null) => text.trim() === '' || (value ?? 0) > 0;
    if (fields.ownLimits && (noLimit || !isLimit(fields.days, days) || !isLimit(fields.gigabytes, gigabytes))) return;
    save.mutate(
      {
        id: camera?.id ?? null,
        input: {
          name,
          site: fields.site.trim(),
          groups: splitGroups(fields.groups),
          enabled: fields.enabled,
          main: { url: main },
          sub: sub === '' ? null : { url: sub },
          transport: fields.transport,
          record: fields.record,
          audio: fields.audio,
          // An object without limits takes those it has away.
          retention: fields.ownLimits
            ? { days, bytes: gigabytes === null ? null : Math.round(gigabytes * gigabyte) }
            : { days: null, bytes: null },
          fingerprint: secure ? fields.fingerprint.trim() || null : null,
          onvif:
            onvif === '' ? null : { url: onvif, profile: onvif === camera?.onvif?.url ? camera.onvif.profile : null },
          userName: fields.userName.trim() || null,
          password: fields.password !== '' ? fields.password : fields.forget ? '' : null,
        },
      },
      {
        onSuccess: () => {
          toast(t('cameras.saved', { camera: name }));
          onClose();
        },
      },
    );
  };

  return (
    <form
      className="form"
      noValidate
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {fixed && (
        <Alert color="gray" variant="light" icon={<IconFileText size={18} />} title={t('cameras.fromFile')}>
          {t('cameras.fromFileWhy')}
        </Alert>
      )}
      <TextInput
        label={t('form.name')}
        description={t('form.nameHelp')}
        value={fields.name}
        error={wrong.name}
        maxLength={100}
        readOnly={fixed}
        data-autofocus={!fixed}
        onChange={(event) => put({ name: event.currentTarget.value })}
      />
      <div className="form-pair">
        <TextInput
          label={t('form.site')}
          description={t('form.siteHelp')}
          value={fields.site}
          error={wrong.site}
          readOnly={fixed}
          list="known-sites"
          onChange={(event) => put({ site: event.currentTarget.value })}
        />
        <TextInput
          label={t('form.groups')}
          description={t('form.groupsHelp')}
          value={fields.groups}
          error={wrong.groups}
          readOnly={fixed}
          onChange={(event) => put({ groups: event.currentTarget.value })}
        />
      </div>
      <datalist id="known-sites">
        {sites.map((site) => (
          <option key={site} value={site} />
        ))}
      </datalist>
      <TextInput
        label={t('form.main')}
        description={t('form.mainHelp')}
        classNames={{ input: 'ltr-input' }}
        dir="ltr"
        placeholder="rtsp://192.168.1.20/stream1"
        value={fields.main}
        error={wrong.main}
        readOnly={fixed}
        spellCheck={false}
        onChange={(event) => put({ main: event.currentTarget.value })}
      />
      <TextInput
        label={t('form.sub')}
        description={t('form.subHelp')}
        classNames={{ input: 'ltr-input' }}
        dir="ltr"
        value={fields.sub}
        error={wrong.sub}
        readOnly={fixed}
        spellCheck={false}
        onChange={(event) => put({ sub: event.currentTarget.value })}
      />
      {secure && (
        <TextInput
          label={t('form.fingerprint')}
          description={t('form.fingerprintHelp')}
          classNames={{ input: 'ltr-input' }}
          dir="ltr"
          value={fields.fingerprint}
          error={wrong.fingerprint}
          readOnly={fixed}
          spellCheck={false}
          onChange={(event) => put({ fingerprint: event.currentTarget.value })}
        />
      )}
      <div className="form-pair">
        <TextInput
          label={t('form.userName')}
          value={fields.userName}
          error={wrong.userName}
          readOnly={fixed}
          autoComplete="off"
          onChange={(event) => put({ userName: event.currentTarget.value })}
        />
        {!fixed && (
          <PasswordInput
            label={t('form.password')}
            description={camera?.hasPassword ? t('form.passwordKept') : undefined}
            value={fields.password}
            error={wrong.password}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-hidden': true }}
            onChange={(event) => put({ password: event.currentTarget.value })}
          />
        )}
      </div>
      {camera?.hasPassword && !fixed && fields.password === '' && (
        <Checkbox
          label={t('form.removePassword')}
          checked={fields.forget}
          onChange={(event) => put({ forget: event.currentTarget.checked })}
        />
      )}
      <TextInput
        label={t('form.onvif')}
        description={t('form.onvifHelp')}
        classNames={{ input: 'ltr-input' }}
        dir="ltr"
        placeholder="192.168.1.20"
        value={fields.onvif}
        error={wrong.onvif}
        readOnly={fixed}
        spellCheck={false}
        onChange={(event) => put({ onvif: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('form.transport')}
        value={fields.transport}
        disabled={fixed}
        onChange={(event) =>
          put({ transport: transports.find((each) => each === event.currentTarget.value) ?? 'auto' })
        }
        data={transports.map((value) => ({ value, label: t(`form.transports.${value}`) }))}
      />
      <ProbeBox camera={camera} fields={fields} />
      <NativeSelect
        label={t('form.record')}
        value={fields.record}
        disabled={fixed}
        onChange={(event) => put({ record: records.find((each) => each === event.currentTarget.value) ?? 'main' })}
        data={records.map((value) => ({ value, label: t(`form.records.${value}`) }))}
      />
      <NativeSelect
        label={t('form.keep')}
        description={
          !fields.ownLimits && defaults ? t('storage.defaults', { limits: limitWords(t, format, defaults) }) : undefined
        }
        value={fields.ownLimits ? 'own' : 'default'}
        disabled={fixed}
        onChange={(event) => put({ ownLimits: event.currentTarget.value === 'own' })}
        data={(['default', 'own'] as const).map((value) => ({ value, label: t(`form.keeps.${value}`) }))}
      />
      {fields.ownLimits && (
        <div className="form-pair">
          <TextInput
            label={t('form.days')}
            inputMode="decimal"
            value={fields.days}
            error={wrong.days}
            readOnly={fixed}
            onChange={(event) => put({ days: event.currentTarget.value })}
          />
          <TextInput
            label={t('form.gigabytes')}
            inputMode="decimal"
            value={fields.gigabytes}
            error={wrong.gigabytes}
            readOnly={fixed}
            onChange={(event) => put({ gigabytes: event.currentTarget.value })}
          />
        </div>
      )}
      <Switch
        label={t('form.audio')}
        description={t('form.audioHelp')}
        checked={fields.audio}
        disabled={fixed}
        onChange={(event) => put({ audio: event.currentTarget.checked })}
      />
      <Switch
        label={t('form.enabled')}
        description={t('form.enabledHelp')}
        checked={fields.enabled}
        disabled={fixed}
        onChange={(event) => put({ enabled: event.currentTarget.checked })}
      />
      {save.isError && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('form.saveFailed')}>
          <Why error={save.error} />
        </Alert>
      )}
      <div className="form-end">
        <Button variant="default" onClick={onClose}>
          {fixed ? t('app.close') : t('app.cancel')}
        </Button>
        {!fixed && (
          <Button type="submit" loading={save.isPending}>
            {t('app.save')}
          </Button>
        )}
      </div>
    </form>
  );
}

/** Asks the camera what it offers before anything is saved, and says the answer in words. */
function ProbeBox({ camera, fields }: { camera: Camera | null; fields: Fields }) {
  const { t } = useTranslation();
  const format = useFormat();
  const probe = useProbe();
  const usable = probe.data?.tracks.some((track) => track.supported && track.kind === 'video');
  return (
    <div className="probe">
      <Button
        variant="default"
        leftSection={<IconPlugConnected size={16} />}
        loading={probe.isPending}
        disabled={!isRtsp(fields.main.trim())}
        onClick={() =>
          probe.mutate({
            url: fields.main.trim(),
            userName: fields.userName.trim() || null,
            password: fields.password || null,
            transport: fields.transport,
            camera: camera?.id ?? null,
            fingerprint: fields.fingerprint.trim() || null,
          })
        }
      >
        {t('form.probe')}
      </Button>
      <div role="status">
        {probe.isPending && <p className="dim">{t('form.probing')}</p>}
        {probe.data && (
          <Alert
            color={usable ? 'gray' : 'yellow'}
            variant="light"
            icon={usable ? <IconCircleCheck size={18} /> : <IconAlertTriangle size={18} />}
            title={
              usable ? t('form.probeOk', { duration: format.duration(probe.data.elapsedMs) }) : t('form.probeNone')
            }
          >
            <ul className="tracks">
              {probe.data.tracks.map((track, index) => (
                <li key={index}>
                  {track.supported ? (
                    <IconCircleCheck size={14} aria-hidden />
                  ) : (
                    <IconCircleOff size={14} aria-hidden />
                  )}
                  <span>
                    {track.kind === 'video' || track.kind === 'audio'
                      ? t(`form.track.${track.kind}`)
                      : t('form.track.application')}{' '}
                    <bdi dir="ltr">
                      {track.encoding}
                      {track.width !== null && track.height !== null && ` ${track.width}×${track.height}`}
                    </bdi>
                    {!track.supported && ' · '}
                    {!track.supported &&
                      (track.reason ? t('form.notSupported', { reason: track.reason }) : t('form.notSupportedPlain'))}
                  </span>
                </li>
              ))}
            </ul>
          </Alert>
        )}
        {probe.isError && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('form.probeFailed')}>
            {probe.error instanceof Problem && probe.error.detail ? (
              <Said text={probe.error.detail} />
            ) : (
              <Why error={probe.error} />
            )}
          </Alert>
        )}
      </div>
    </div>
  );
}
