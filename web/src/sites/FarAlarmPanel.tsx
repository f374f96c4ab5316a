import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconCheck, IconChevronDown, IconHandStop, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { AlarmLoop } from '../alarms/AlarmLoop';
import { AlarmWords } from '../alarms/AlarmWords';
import type { ListedAlarm } from '../alarms/cases';
import { SeverityMark } from '../alarms/severity';
import type { AlarmOutcome, Camera } from '../api/types';
import { useFormat } from '../i18n/format';
import { useMay, useSession } from '../identity/session';
import { LiveTile } from '../live/LiveTile';
import { Why } from '../shell/Notice';
import { useActOnFarAlarm, useFarAlarm, useFarCases } from './sites';
import { FarIncidentBox } from './FarIncidentBox';
import { SentDeeds } from './SentDeeds';
import './sites.css';

const outcomes: readonly AlarmOutcome[] = ['real', 'false', 'nuisance', 'test'];
const never = () => undefined;

interface Props {
  alarm: ListedAlarm & { site: string };
  /** Its camera, with the site's name; null: not known here. */
  camera: Camera | null;
  onClose: () => void;
}

/** An alarm of another site: its moment and its live picture through the link, and what can be asked of the site. */
export function FarAlarmPanel({ alarm: listed, camera, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const works = may('acknowledge');
  const { site } = listed;
  const detail = useFarAlarm(site, listed.id);
  const cases = useFarCases();
  const act = useActOnFarAlarm(site, listed.id);
  const name = useSession().data?.user?.name ?? '';
  // What the site told of itself is newer than what was asked for a while ago.
  const alarm = detail.data && detail.data.alarm.version >= listed.version ? detail.data.alarm : listed;
  const incident = cases.data?.incidents.find((each) => each.site === site && each.id === alarm.incident) ?? null;
  const at = Date.parse(alarm.at);
  const { version } = alarm;
  const open = alarm.state !== 'closed';
  const waits = alarm.state === 'raised' || alarm.state === 'escalated';

  return (
    <section className="alarm-panel" aria-label={t(`scene.kind.${alarm.kind}`)} data-far-alarm={alarm.id}>
      <header>
        <SeverityMark severity={alarm.severity} size={22} />
        <div>
          <h2>
            {t(`scene.kind.${alarm.kind}`)}
            {alarm.class !== null && ` · ${t(`scene.class.${alarm.class}`)}`}
          </h2>
          <p className="dim small">
            <bdi>{camera?.name ?? listed.siteName}</bdi>
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
          {may('viewLive') && (
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
                onToggle={never}
                onPin={never}
              />
            </div>
          )}
        </div>
      )}
      {alarm.detail !== '' && (
        <p>
          <AlarmWords {...alarm} />
        </p>
      )}

      {open && works && (
        <div className="alarm-deeds">
          {waits && (
            <Button
              leftSection={<IconCheck size={16} />}
              loading={act.isPending}
              onClick={() => act.mutate({ act: 'acknowledge', version })}
            >
              {t('alarms.acknowledge')}
            </Button>
          )}
          {name !== '' && (
            <Button
              variant="default"
              leftSection={<IconHandStop size={16} />}
              onClick={() => act.mutate({ act: 'assign', version, to: name })}
            >
              {t('alarms.take')}
            </Button>
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" rightSection={<IconChevronDown size={16} />}>
                {t('alarms.close')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>{t('alarms.whatWasIt')}</Menu.Label>
              {outcomes.map((outcome) => (
                <Menu.Item key={outcome} onClick={() => act.mutate({ act: 'close', version, outcome })}>
                  {t(`alarms.outcome.${outcome}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </div>
      )}
      {act.isError && (
        <p className="red" role="alert">
          <Why error={act.error} />
        </p>
      )}
      <SentDeeds site={site} subject={alarm.id} />
      {incident && <FarIncidentBox key={incident.id} incident={incident} />}

      <h3>{t('alarms.story')}</h3>
      {detail.isError && <p className="dim">{t('sites.away')}</p>}
      <ol className="story">
        <li>
          <time dateTime={alarm.raisedAt}>{format.time(Date.parse(alarm.raisedAt))}</time>
          <span>{t('alarms.step.raise')}</span>
        </li>
        {(detail.data?.steps ?? []).map((step) => (
          <li key={step.version}>
            <time dateTime={step.at}>{format.time(Date.parse(step.at))}</time>
            <span>
              {t(`alarms.step.${step.act}`)}
              {step.outcome !== null && `: ${t(`alarms.outcome.${step.outcome}`)}`}
              <span className="dim small">
                {' · '}
                <bdi>{step.by === 'clock' ? t('alarms.clock') : step.by}</bdi>
              </span>
              {step.note !== '' && <bdi className="story-note">{step.note}</bdi>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
