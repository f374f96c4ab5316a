import { ActionIcon, Button, Menu, TextInput } from '@mantine/core';
import {
  IconArrowUp,
  IconBriefcase,
  IconCheck,
  IconChevronDown,
  IconHandStop,
  IconTimelineEvent,
  IconX,
} from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import type { Alarm, AlarmOutcome, Camera } from '../api/types';
import { useFormat } from '../i18n/format';
import { useMay, useSession } from '../identity/session';
import { LiveTile } from '../live/LiveTile';
import { useKeys } from '../shell/keyboard';
import { Why } from '../shell/Notice';
import { go } from '../shell/route';
import { AlarmLoop } from './AlarmLoop';
import { AlarmWords } from './AlarmWords';
import { useActOnAlarm, useAlarm, useOpenIncident, type AlarmDeed } from './cases';
import { SeverityMark } from './severity';

const HoldDialog = lazy(() => import('../holds/HoldDialog'));
export const outcomes: readonly AlarmOutcome[] = ['real', 'false', 'nuisance', 'test'];
const aroundMs = 10_000;
const never = () => undefined;

interface Props {
  alarm: Alarm;
  cameras: readonly Camera[];
  onClose: () => void;
}

/** One alarm: what was seen, what is to be seen now, and all that can be done about it. */
export function AlarmPanel({ alarm: listed, cameras, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const works = may('acknowledge');
  const detail = useAlarm(listed.id);
  const act = useActOnAlarm();
  const incident = useOpenIncident();
  const [note, setNote] = useState('');
  const [pinning, setPinning] = useState(false);
  const alarm = detail.data?.alarm ?? listed;
  const camera = cameras.find((candidate) => candidate.id === alarm.camera) ?? null;
  const at = Date.parse(alarm.at);
  const open = alarm.state !== 'closed';
  const waits = alarm.state === 'raised' || alarm.state === 'escalated';
  const name = useSession().data?.user?.name ?? '';

  const deed = (what: AlarmDeed) => act.mutate({ alarm, deed: what });
  const openIncident = () => incident.mutate(alarm.id, { onSuccess: (made) => go(`/incidents?incident=${made.id}`) });

  useKeys((key) => {
    if (key === 'a' && waits && works) {
      deed({ kind: 'acknowledge' });
      return true;
    }
    if (key === 'k' && camera && may('hold')) {
      setPinning(true);
      return true;
    }
    if (key === 'Escape') {
      onClose();
      return true;
    }
    return false;
  });

  const conflict = act.error instanceof Problem && act.error.status === 412;
  return (
    <section className="alarm-panel" aria-label={t(`scene.kind.${alarm.kind}`)} data-alarm-panel={alarm.id}>
      <header>
        <SeverityMark severity={alarm.severity} size={22} />
        <div>
          <h2>
            {t(`scene.kind.${alarm.kind}`)}
            {alarm.class !== null && ` · ${t(`scene.class.${alarm.class}`)}`}
          </h2>
          <p className="dim small">
            <bdi>{camera?.name ?? (alarm.camera === '' ? t('alarms.node') : alarm.camera)}</bdi>
            {' · '}
            <time dateTime={alarm.at}>{format.dateTime(at)}</time>
            {' · '}
            {t(`alarms.type.${alarm.type}`)}
          </p>
        </div>
        <ActionIcon aria-label={t('app.close')} onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </header>

      {camera && (
        <div className="alarm-pictures">
          {may('viewPast') && <AlarmLoop key={alarm.id} camera={camera.id} at={at} />}
          <div className="chosen-picture">
            <LiveTile
              key={camera.id}
              camera={camera}
              stream="sub"
              large={false}
              hidden={false}
              focused={false}
              pad={false}
              onFocus={never}
              onToggle={(id) => go(`/live?camera=${encodeURIComponent(id)}`)}
              onPin={() => setPinning(true)}
            />
          </div>
        </div>
      )}
      {alarm.detail !== '' && (
        <p>
          <AlarmWords {...alarm} />
        </p>
      )}

      {alarm.overAt !== null && <p>{t('alarms.overSince', { time: format.dateTime(Date.parse(alarm.overAt)) })}</p>}

      {open && (
        <div className="alarm-deeds">
          {waits && works && (
            <Button
              leftSection={<IconCheck size={16} />}
              loading={act.isPending}
              onClick={() => deed({ kind: 'acknowledge' })}
            >
              {t('alarms.acknowledge')}
            </Button>
          )}
          {works && alarm.assignee !== name && name !== '' && (
            <Button
              variant="default"
              leftSection={<IconHandStop size={16} />}
              onClick={() => deed({ kind: 'assign', to: name })}
            >
              {t('alarms.take')}
            </Button>
          )}
          {works && (
            <Button
              variant="default"
              leftSection={<IconArrowUp size={16} />}
              onClick={() => deed({ kind: 'escalate' })}
            >
              {t('alarms.escalate')}
            </Button>
          )}
          {alarm.incident === null && may('manageIncidents') && (
            <Button
              variant="default"
              leftSection={<IconBriefcase size={16} />}
              loading={incident.isPending}
              onClick={openIncident}
            >
              {t('alarms.openIncident')}
            </Button>
          )}
          {alarm.incident !== null && (
            <Button
              variant="default"
              leftSection={<IconBriefcase size={16} />}
              onClick={() => go(`/incidents?incident=${alarm.incident ?? ''}`)}
            >
              {t('alarms.toIncident')}
            </Button>
          )}
          {camera && may('viewPast') && (
            <Button
              variant="default"
              leftSection={<IconTimelineEvent size={16} />}
              onClick={() =>
                go(`/timeline?camera=${encodeURIComponent(camera.id)}&t=${new Date(at - aroundMs).toISOString()}`)
              }
            >
              {t('app.timeline')}
            </Button>
          )}
          {works && (
            <>
              <Menu position="bottom-end">
                <Menu.Target>
                  <Button variant="default" rightSection={<IconChevronDown size={16} />}>
                    {t('alarms.close')}
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Label>{t('alarms.whatWasIt')}</Menu.Label>
                  {outcomes.map((outcome) => (
                    <Menu.Item key={outcome} onClick={() => deed({ kind: 'close', outcome, note })}>
                      {t(`alarms.outcome.${outcome}`)}
                    </Menu.Item>
                  ))}
                </Menu.Dropdown>
              </Menu>
              <TextInput
                className="alarm-note"
                aria-label={t('alarms.note')}
                placeholder={t('alarms.note')}
                value={note}
                maxLength={4000}
                onChange={(event) => setNote(event.currentTarget.value)}
              />
            </>
          )}
        </div>
      )}
      {(act.isError || incident.isError) && (
        <p className="red" role="alert">
          {conflict ? t('alarms.changed') : <Why error={act.error ?? incident.error} />}
        </p>
      )}

      <h3>{t('alarms.story')}</h3>
      <ol className="story">
        <li>
          <time dateTime={alarm.raisedAt}>{format.time(Date.parse(alarm.raisedAt))}</time>
          <span>
            {t('alarms.step.raise')} <span className="dim small code">{alarm.clause}</span>
          </span>
        </li>
        {(detail.data?.steps ?? []).map((step) => (
          <li key={step.version}>
            <time dateTime={step.at}>{format.time(Date.parse(step.at))}</time>
            <span>
              {t(`alarms.step.${step.act}`)}
              {step.outcome !== null && `: ${t(`alarms.outcome.${step.outcome}`)}`}
              {step.assignee !== null && (
                <>
                  {' → '}
                  <bdi>{step.assignee}</bdi>
                </>
              )}
              <span className="dim small">
                {' · '}
                <bdi>{step.by === 'clock' ? t('alarms.clock') : step.by}</bdi>
              </span>
              {step.note !== '' && <bdi className="story-note">{step.note}</bdi>}
            </span>
          </li>
        ))}
      </ol>

      {pinning && camera && (
        <Suspense>
          <HoldDialog
            cameras={[...cameras]}
            camera={camera.id}
            from={at - aroundMs}
            to={Date.parse(alarm.lastAt) + aroundMs}
            onClose={() => setPinning(false)}
          />
        </Suspense>
      )}
    </section>
  );
}
