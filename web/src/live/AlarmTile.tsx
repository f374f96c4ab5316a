import { Button } from '@mantine/core';
import { IconBellRinging, IconCheck } from '@tabler/icons-react';
import { useEffect, useMemo, useState, type ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../api/useNow';
import { useActOnAlarm, useOpenAlarms } from '../alarms/cases';
import { SeverityMark } from '../alarms/severity';
import type { Camera } from '../api/types';
import { useActOnFarAlarm } from '../sites/sites';
import { useFormat } from '../i18n/format';
import { useMay } from '../identity/session';
import { nextCalling, type Calling } from './alarmTile';
import { LiveTile } from './LiveTile';

interface Props extends Omit<ComponentProps<typeof LiveTile>, 'camera' | 'tile'> {
  tile: string;
  cameras: readonly Camera[];
  /** What it shows while nothing calls. */
  rest: Camera | null;
  /** After which it leaves an alarm that nobody acknowledges; null: never. */
  seconds: number | null;
}

/** The camera of the most urgent alarm that nobody has acknowledged: why, since when, and the key that takes notice of it. */
export function AlarmTile({ cameras, rest, seconds, ...tileProps }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const told = may('viewPast');
  const alarms = useOpenAlarms(told);
  const actHere = useActOnAlarm();
  const now = useNow();
  const byId = useMemo(() => new Map(cameras.map((camera) => [camera.id, camera])), [cameras]);
  const list = alarms.data?.alarms;
  const [calling, setCalling] = useState<Calling | null>(null);
  const next = nextCalling(calling, list ?? [], seconds, now, (camera) => byId.has(camera));
  if (next !== calling) setCalling(next);

  const alarm = next?.alarm ?? null;
  const actThere = useActOnFarAlarm(alarm?.site ?? '', alarm?.id ?? '');
  const acknowledge = () => {
    if (alarm?.site !== undefined) actThere.mutate({ act: 'acknowledge', version: alarm.version });
    else if (alarm) actHere.mutate({ alarm, deed: { kind: 'acknowledge' } });
  };
  const camera = (next && byId.get(next.camera)) ?? rest;
  const { tile, focused, onFocus, hidden } = tileProps;
  const at = alarm ? Date.parse(alarm.at) : 0;
  return (
    <div
      className={alarm ? `alarm-tile calls ${alarm.severity}` : 'alarm-tile'}
      data-alarm-tile={alarm?.id ?? ''}
      hidden={hidden}
    >
      <div className="alarm-strip" role="status">
        {alarm ? (
          <>
            <SeverityMark severity={alarm.severity} />
            <span className="alarm-strip-why">
              <strong>
                {t(`scene.kind.${alarm.kind}`)}
                {alarm.class !== null && ` · ${t(`scene.class.${alarm.class}`)}`}
              </strong>{' '}
              <time dateTime={alarm.at} title={format.dateTime(at)}>
                {t('wall.since', { time: format.time(at) })}
              </time>
            </span>
          </>
        ) : (
          <>
            <IconBellRinging size={16} aria-hidden />
            <span className="alarm-strip-why">{t(told ? 'wall.calm' : 'wall.alarmsNotTold')}</span>
          </>
        )}
      </div>
      {alarm && may('acknowledge') && (
        <Button
          className="alarm-strip-deed"
          size="compact-sm"
          variant="default"
          data-acknowledge={tile}
          leftSection={<IconCheck size={16} />}
          loading={actHere.isPending || actThere.isPending}
          onClick={acknowledge}
        >
          {t('alarms.acknowledge')}
        </Button>
      )}
      {camera ? (
        <LiveTile key={camera.id} camera={camera} {...tileProps} />
      ) : (
        <EmptyTile tile={tile} focused={focused} hidden={false} words={t('wall.alarmTile')} onFocus={onFocus} />
      )}
    </div>
  );
}

/** A place on the wall with nothing in it. */
export function EmptyTile(props: {
  tile: string;
  focused: boolean;
  hidden: boolean;
  words: string;
  onFocus: (tile: string) => void;
}) {
  const { tile, focused, hidden, words, onFocus } = props;
  const [element, setElement] = useState<HTMLDivElement | null>(null);
  useEffect(() => {
    if (focused) element?.focus();
  }, [focused, element]);
  return (
    <div
      ref={setElement}
      className="tile tile-none"
      role="group"
      aria-label={words}
      hidden={hidden}
      data-tile={tile}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onFocus={() => onFocus(tile)}
    />
  );
}
