import { ActionIcon, Button, Drawer, NativeSelect, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Choice } from '../alarms/settings/Choice';
import { Hours } from '../alarms/settings/Hours';
import { faultAt, freeId, type Stretch } from '../alarms/settings/policy';
import { incidentTypes, severities } from '../alarms/severity';
import { Problem } from '../api/problem';
import type { AlarmSeverity, Channel, ChannelInput, IncidentType } from '../api/types';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { usePutChannel } from './exchange';

type Security = 'startTls' | 'implicit' | 'none';

interface OnCall {
  name: string;
  address: string;
  windows: Stretch[];
}

interface Fields {
  name: string;
  enabled: boolean;
  atLeast: AlarmSeverity;
  types: IncidentType[];
  quiet: Stretch[];
  url: string;
  format: 'cloudEvents' | 'cap';
  exchange: string;
  server: string;
  port: string;
  security: Security;
  fingerprint: string;
  user: string;
  from: string;
  to: string;
  rota: OnCall[];
  secret: string;
  forget: boolean;
}

const ports: Record<Security, string> = { startTls: '587', implicit: '465', none: '25' };
const lines = (text: string) =>
  text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

interface Props {
  channel: Channel | null;
  kind: Channel['kind'];
  taken: readonly { id: string }[];
  onClose: () => void;
}

/** A way to tell people or systems: where to, of what, and when not. */
export function ChannelForm({ channel, kind, taken, onClose }: Props) {
  const { t } = useTranslation();
  const put = usePutChannel();
  const [fields, setFields] = useState<Fields>(() => ({
    name: channel?.name ?? '',
    enabled: channel?.enabled ?? true,
    atLeast: channel?.atLeast ?? 'high',
    types: channel?.types ?? [],
    quiet: (channel?.quiet ?? []).map((window) => ({ days: [], ...window })),
    url: channel?.url ?? '',
    format: channel?.format ?? 'cloudEvents',
    exchange: channel?.exchange ?? '',
    server: channel?.server ?? '',
    port: String(channel?.port ?? 587),
    security: channel && !channel.tls ? 'none' : channel?.implicitTls ? 'implicit' : 'startTls',
    fingerprint: channel?.fingerprint ?? '',
    user: channel?.user ?? '',
    from: channel?.from ?? '',
    to: (channel?.to ?? []).join('\n'),
    rota: (channel?.rota ?? []).map((each) => ({ windows: [], ...each }) as OnCall),
    secret: '',
    forget: false,
  }));
  const set = (part: Partial<Fields>) => setFields((before) => ({ ...before, ...part }));
  const errors = put.error instanceof Problem ? put.error.errors : {};
  const fault = (field: string) => faultAt(errors, field, true);
  const known = [
    ...[
      'name',
      'kind',
      'atLeast',
      'types',
      'quiet',
      'url',
      'format',
      'exchange',
      'server',
      'port',
      'tls',
      'implicitTls',
    ],
    ...['fingerprint', 'user', 'from', 'to', 'rota', 'secret', 'id'],
  ];
  const shown = Object.keys(errors).some((key) => known.includes(key.split(/[.[]/)[0] ?? ''));
  const conflict = put.error instanceof Problem && put.error.status === 412;
  const email = kind === 'email';
  const ltr = { classNames: { input: 'ltr-input' }, dir: 'ltr', spellCheck: false, autoComplete: 'off' } as const;

  const submit = () => {
    const input: ChannelInput = {
      name: fields.name.trim(),
      kind,
      enabled: fields.enabled,
      atLeast: fields.atLeast,
      types: fields.types,
      quiet: fields.quiet,
      ...((kind === 'webhook' || kind === 'amqp') && { url: fields.url.trim(), format: fields.format }),
      ...(kind === 'amqp' && { exchange: fields.exchange.trim() }),
      ...((email || kind === 'amqp') && { user: fields.user.trim(), fingerprint: fields.fingerprint.trim() }),
      ...((email || kind === 'push') && { from: fields.from.trim() }),
      ...(email && {
        server: fields.server.trim(),
        port: Number(fields.port) || 0,
        tls: fields.security !== 'none',
        implicitTls: fields.security === 'implicit',
        to: lines(fields.to),
        rota: fields.rota,
      }),
      ...(kind !== 'push' && (fields.secret !== '' || fields.forget) && { secret: fields.secret }),
    };
    put.mutate(
      { id: channel?.id ?? freeId(kind, taken), version: channel?.version ?? 0, input },
      {
        onSuccess: () => {
          toast(t('notifications.saved'));
          onClose();
        },
      },
    );
  };

  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={520}
      title={t(`notifications.kind.${kind}`)}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        noValidate
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {kind === 'push' && <p className="dim">{t('notifications.pushHint')}</p>}
        <TextInput
          label={t('rules.name')}
          value={fields.name}
          maxLength={200}
          error={fault('name') ?? fault('id') ?? fault('kind')}
          data-autofocus
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        {email && (
          <>
            <TextInput
              {...ltr}
              label={t('notifications.server')}
              required
              placeholder="mail.example.org"
              value={fields.server}
              error={fault('server')}
              onChange={(event) => set({ server: event.currentTarget.value })}
            />
            <div className="form-pair">
              <NativeSelect
                label={t('notifications.security')}
                value={fields.security}
                error={fault('tls') ?? fault('implicitTls')}
                onChange={(event) => {
                  const security = event.currentTarget.value as Security;
                  // A port of one's own stays.
                  const usual = Object.values(ports).includes(fields.port);
                  set({ security, ...(usual && { port: ports[security] }) });
                }}
                data={(['startTls', 'implicit', 'none'] as const).map((value) => ({
                  value,
                  label: t(`notifications.securities.${value}`),
                }))}
              />
              <TextInput
                {...ltr}
                label={t('notifications.port')}
                inputMode="numeric"
                value={fields.port}
                error={fault('port')}
                onChange={(event) => set({ port: event.currentTarget.value })}
              />
            </div>
          </>
        )}
        {(kind === 'webhook' || kind === 'amqp') && (
          <TextInput
            {...ltr}
            label={t('notifications.url')}
            description={t(kind === 'amqp' ? 'notifications.brokerHint' : 'notifications.webhookHint')}
            required
            placeholder={kind === 'amqp' ? 'amqps://broker.example.org/' : 'https://desk.example.org/alarms'}
            value={fields.url}
            error={fault('url')}
            onChange={(event) => set({ url: event.currentTarget.value })}
          />
        )}
        {kind === 'amqp' && (
          <TextInput
            {...ltr}
            label={t('notifications.exchange')}
            description={t('notifications.exchangeHint')}
            placeholder="atalaya"
            value={fields.exchange}
            error={fault('exchange')}
            onChange={(event) => set({ exchange: event.currentTarget.value })}
          />
        )}
        {(email || kind === 'amqp') && (
          <TextInput
            {...ltr}
            label={t('form.fingerprint')}
            description={t('form.fingerprintHelp')}
            value={fields.fingerprint}
            error={fault('fingerprint')}
            onChange={(event) => set({ fingerprint: event.currentTarget.value })}
          />
        )}
        {kind !== 'push' && (
          <div className="form-pair">
            {kind !== 'webhook' && (
              <TextInput
                label={t('form.userName')}
                value={fields.user}
                error={fault('user')}
                autoComplete="off"
                onChange={(event) => set({ user: event.currentTarget.value })}
              />
            )}
            <PasswordInput
              label={t(kind === 'webhook' ? 'notifications.signing' : 'form.password')}
              description={channel?.hasSecret ? t('notifications.secretKept') : undefined}
              value={fields.secret}
              error={fault('secret')}
              autoComplete="new-password"
              visibilityToggleButtonProps={{ 'aria-hidden': true }}
              onChange={(event) => set({ secret: event.currentTarget.value })}
            />
          </div>
        )}
        {channel?.hasSecret && fields.secret === '' && (
          <Switch
            label={t('notifications.forget')}
            checked={fields.forget}
            onChange={(event) => set({ forget: event.currentTarget.checked })}
          />
        )}
        {(email || kind === 'push') && (
          <TextInput
            {...ltr}
            label={t(email ? 'notifications.sender' : 'notifications.contact')}
            description={email ? undefined : t('notifications.contactHint')}
            required
            placeholder="post@example.org"
            value={fields.from}
            error={fault('from')}
            onChange={(event) => set({ from: event.currentTarget.value })}
          />
        )}
        {(kind === 'webhook' || kind === 'amqp') && (
          <NativeSelect
            label={t('notifications.format')}
            value={fields.format}
            error={fault('format')}
            onChange={(event) => set({ format: event.currentTarget.value === 'cap' ? 'cap' : 'cloudEvents' })}
            data={(['cloudEvents', 'cap'] as const).map((value) => ({
              value,
              label: t(`notifications.formats.${value}`),
            }))}
          />
        )}
        {email && (
          <>
            <Textarea
              classNames={{ input: 'ltr-input' }}
              dir="ltr"
              label={t('notifications.to')}
              description={t('notifications.toHint')}
              autosize
              minRows={2}
              value={fields.to}
              error={fault('to')}
              onChange={(event) => set({ to: event.currentTarget.value })}
            />
            <Rota rota={fields.rota} fault={fault} onChange={(rota) => set({ rota })} />
          </>
        )}
        <NativeSelect
          label={t('notifications.atLeast')}
          value={fields.atLeast}
          error={fault('atLeast')}
          onChange={(event) => set({ atLeast: event.currentTarget.value as AlarmSeverity })}
          data={severities.map((value) => ({ value, label: t(`alarms.severity.${value}`) }))}
        />
        <Choice
          label={t('notifications.types')}
          hint={t('alarmPolicy.any')}
          value={fields.types}
          all={incidentTypes.map((value) => ({ value, label: t(`alarms.type.${value}`) }))}
          error={fault('types')}
          onChange={(types) => set({ types })}
        />
        <fieldset className="plain">
          <legend>{t('notifications.quiet')}</legend>
          <p className="dim small">{t('notifications.quietHint')}</p>
          <Hours
            windows={fields.quiet}
            none={t('notifications.noQuiet')}
            error={fault('quiet')}
            onChange={(quiet) => set({ quiet })}
          />
        </fieldset>
        <Switch
          label={t('form.enabled')}
          checked={fields.enabled}
          onChange={(event) => set({ enabled: event.currentTarget.checked })}
        />
        {put.isError && (
          <p className="red" role="alert">
            {conflict ? t('alarms.changed') : shown ? t('notifications.faults') : <Why error={put.error} />}
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={put.isPending}>
            {t('app.save')}
          </Button>
        </div>
      </form>
    </Drawer>
  );
}

/** Who is called, in order; each escalation goes to the next. */
function Rota({
  rota,
  fault,
  onChange,
}: {
  rota: readonly OnCall[];
  fault: (field: string) => string | undefined;
  onChange: (rota: OnCall[]) => void;
}) {
  const { t } = useTranslation();
  const change = (at: number, part: Partial<OnCall>) =>
    onChange(rota.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <fieldset className="plain">
      <legend>{t('notifications.rota')}</legend>
      <p className="dim small">{t('notifications.rotaHint')}</p>
      {rota.map((each, at) => (
        <div key={at} className="card rota">
          <div className="card-head">
            <div className="form-pair">
              <TextInput
                label={t('rules.name')}
                value={each.name}
                error={fault(`rota[${at}].name`)}
                onChange={(event) => change(at, { name: event.currentTarget.value })}
              />
              <TextInput
                classNames={{ input: 'ltr-input' }}
                dir="ltr"
                label={t('notifications.address')}
                value={each.address}
                error={fault(`rota[${at}].address`)}
                onChange={(event) => change(at, { address: event.currentTarget.value })}
              />
            </div>
            <ActionIcon
              aria-label={t('notifications.removeOnCall', { number: at + 1 })}
              onClick={() => onChange(rota.filter((_, index) => index !== at))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </div>
          <Hours
            windows={each.windows}
            none={t('rules.always')}
            error={fault(`rota[${at}].windows`)}
            onChange={(windows) => change(at, { windows })}
          />
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconPlus size={14} />}
        onClick={() => onChange([...rota, { name: '', address: '', windows: [] }])}
      >
        {t('notifications.addOnCall')}
      </Button>
    </fieldset>
  );
}
