import { Button, Menu, SegmentedControl, Skeleton } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconDeviceMobile,
  IconMail,
  IconPlus,
  IconShare3,
  IconWebhook,
  type Icon,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import '../alarms/settings/settings.css';
import { SeverityMark } from '../alarms/severity';
import type { Channel, Notification } from '../api/types';
import { useFormat } from '../i18n/format';
import { Failure, Said, Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { ChannelForm } from './ChannelForm';
import { useChannels, useDeleteChannel, useOutbox, useResend, useTestChannel, type OutboxState } from './exchange';
import { ThisBrowser } from './ThisBrowser';

const kinds = ['email', 'webhook', 'amqp', 'push'] as const;
const icons: Record<Channel['kind'], Icon> = {
  email: IconMail,
  webhook: IconWebhook,
  amqp: IconShare3,
  push: IconDeviceMobile,
};

/** Who is told of alarms and by which way, and whether they were. */
export default function NotificationsRoom() {
  const { t } = useTranslation();
  const channels = useChannels();
  const [editing, setEditing] = useState<Channel | Channel['kind'] | null>(null);

  if (channels.isError && !channels.data) {
    return (
      <Failure title={t('notifications.failed')} error={channels.error}>
        <Button variant="default" onClick={() => void channels.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  const all = channels.data ?? [];
  return (
    <div className="page notifications">
      <div className="page-head">
        <h1>{t('notifications.title')}</h1>
        <Menu position="bottom-start">
          <Menu.Target>
            <Button size="compact-sm" variant="default" leftSection={<IconPlus size={16} />}>
              {t('notifications.add')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {kinds.map((kind) => (
              <Menu.Item
                key={kind}
                data-kind={kind}
                // Browsers subscribe to one.
                disabled={kind === 'push' && all.some((channel) => channel.kind === 'push')}
                onClick={() => setEditing(kind)}
              >
                {t(`notifications.kind.${kind}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      {!channels.data && <Skeleton height={160} />}
      {channels.data?.length === 0 && <p className="dim">{t('notifications.none')}</p>}
      {all.length > 0 && (
        <ul className="checks">
          {all.map((channel) => (
            <ChannelRow key={channel.id} channel={channel} onEdit={() => setEditing(channel)} />
          ))}
        </ul>
      )}
      {all.some((channel) => channel.kind === 'push' && channel.enabled) && <ThisBrowser />}
      <Outbox channels={all} />
      {editing !== null && (
        <ChannelForm
          key={typeof editing === 'string' ? editing : editing.id}
          channel={typeof editing === 'string' ? null : editing}
          kind={typeof editing === 'string' ? editing : editing.kind}
          taken={all.map(({ id }) => ({ id }))}
          onClose={() => setEditing(null)}
        />
      )}
    </div>
  );
}

function ChannelRow({ channel, onEdit }: { channel: Channel; onEdit: () => void }) {
  const { t } = useTranslation();
  const test = useTestChannel();
  const remove = useDeleteChannel();
  const [sure, setSure] = useState(false);
  const Kind = icons[channel.kind];
  const towards =
    channel.kind === 'email' ? [...channel.to, ...channel.rota.map((each) => each.name)].join(', ') : channel.url;
  return (
    <li data-channel={channel.id}>
      <span className="state">
        <Kind size={18} aria-hidden />
        <strong>
          <bdi>{channel.name || channel.id}</bdi>
        </strong>
      </span>
      <span className="dim small">
        {t(`notifications.kind.${channel.kind}`)}
        {' · '}
        {t('notifications.from', { severity: `⁨${t(`alarms.severity.${channel.atLeast}`)}⁩` })}
        {!channel.enabled && ` · ${t('notifications.off')}`}
      </span>
      {towards && (
        <bdi className="small code" dir="ltr">
          {towards}
        </bdi>
      )}
      <span className="grow" />
      <Button
        size="compact-sm"
        variant="default"
        loading={test.isPending}
        onClick={() => test.mutate(channel.id, { onSuccess: () => toast(t('notifications.tested')) })}
      >
        {t('notifications.test')}
      </Button>
      <Button size="compact-sm" variant="default" onClick={onEdit}>
        {t('notifications.change')}
      </Button>
      {sure ? (
        <Button size="compact-sm" color="red" loading={remove.isPending} onClick={() => remove.mutate(channel.id)}>
          {t('notifications.sure')}
        </Button>
      ) : (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setSure(true)}>
          {t('notifications.remove')}
        </Button>
      )}
      {(test.isError || remove.isError) && (
        <p className="red small" role="alert">
          <Why error={test.error ?? remove.error} />
        </p>
      )}
    </li>
  );
}

const states = ['all', 'waiting', 'sent', 'dead'] as const;

/** What was told, what waits, and what nobody took: that can be sent again. */
function Outbox({ channels }: { channels: readonly Channel[] }) {
  const { t } = useTranslation();
  const [state, setState] = useState<OutboxState | null>(null);
  const outbox = useOutbox(state);
  return (
    <section aria-labelledby="outbox">
      <h2 id="outbox">{t('notifications.outbox')}</h2>
      <SegmentedControl
        size="xs"
        aria-label={t('notifications.outbox')}
        value={state ?? 'all'}
        onChange={(next) => setState(next === 'all' ? null : next)}
        data={states.map((value) => ({ value, label: t(`notifications.state.${value}`) }))}
      />
      {outbox.data?.length === 0 && <p className="dim">{t('notifications.nothing')}</p>}
      {outbox.data && outbox.data.length > 0 && (
        <ul className="checks trial-differences">
          {outbox.data.map((each) => (
            <Told key={each.id} told={each} name={channels.find(({ id }) => id === each.channel)?.name ?? ''} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Told({ told, name }: { told: Notification; name: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const resend = useResend();
  const Mark = told.state === 'sent' ? IconCheck : told.state === 'dead' ? IconAlertTriangle : IconClock;
  return (
    <li data-told={told.state}>
      <time className="dim small" dateTime={told.createdAt}>
        {format.dateTime(Date.parse(told.createdAt))}
      </time>
      <span className="state">
        {told.alarm !== null && <SeverityMark severity={told.severity} size={16} />}
        {t(`notifications.occasion.${told.occasion}`)}
      </span>
      <bdi>{name || told.channel}</bdi>
      <span className={told.state === 'dead' ? 'state red' : told.state === 'sent' ? 'state' : 'state dim'}>
        <Mark size={16} aria-hidden />
        {t(`notifications.state.${told.state as OutboxState}`)}
        {told.attempts > 1 && ` (${t('notifications.attempts', { count: told.attempts })})`}
      </span>
      {told.nextAt !== null && told.attempts > 0 && (
        <span className="dim small">{t('notifications.next', { time: format.time(Date.parse(told.nextAt)) })}</span>
      )}
      <span className="grow" />
      {told.state === 'dead' && (
        <Button
          size="compact-sm"
          variant="default"
          loading={resend.isPending}
          onClick={() => resend.mutate(told.id, { onSuccess: () => toast(t('notifications.sentAgain')) })}
        >
          {t('notifications.again')}
        </Button>
      )}
      {told.fault !== null && (
        <span className="small reason">
          <Said text={told.fault} />
        </span>
      )}
    </li>
  );
}
