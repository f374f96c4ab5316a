import { Skeleton } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../api/useNow';
import type { Alarm } from '../api/types';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { useOpenAlarms } from './cases';
import { SeverityMark } from './severity';

const rowHeight = 60;

interface Props {
  names: ReadonlyMap<string, string>;
  selected: string | null;
  onSelect: (alarm: Alarm) => void;
}

/** What waits for somebody, the most urgent first; a thousand rows scroll like ten. */
export function AlarmQueue({ names, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const alarms = useOpenAlarms();
  const box = useRef<HTMLDivElement>(null);
  const now = useNow();
  const list = alarms.data?.alarms ?? [];
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is read in render only, as it is meant to be
  const rows = useVirtualizer({
    count: list.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => list[index]?.id ?? index,
    overscan: 8,
  });

  if (alarms.isError && !alarms.data) {
    return (
      <p className="red queue-none" role="alert">
        <Why error={alarms.error} />
      </p>
    );
  }
  if (!alarms.data) {
    return (
      <div className="queue-none">
        {[0, 1, 2].map((row) => (
          <Skeleton key={row} height={44} mb={12} />
        ))}
      </div>
    );
  }
  if (list.length === 0) return <p className="dim queue-none">{t('alarms.none')}</p>;
  return (
    <div ref={box} className="queue" role="list" aria-label={t('alarms.queue')}>
      <div className="queue-all" style={{ blockSize: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const alarm = list[item.index];
          if (!alarm) return null;
          const at = Date.parse(alarm.at);
          const due = alarm.due === null ? null : Date.parse(alarm.due);
          return (
            <div
              key={item.key}
              role="listitem"
              aria-setsize={list.length}
              aria-posinset={item.index + 1}
              className="queue-row"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <button
                type="button"
                className={`alarm ${alarm.severity} ${alarm.state}`}
                data-alarm={alarm.id}
                aria-pressed={alarm.id === selected}
                onClick={() => onSelect(alarm)}
              >
                <SeverityMark severity={alarm.severity} />
                <span className="alarm-what">
                  <strong>{t(`scene.kind.${alarm.kind}`)}</strong>
                  {alarm.class !== null && ` · ${t(`scene.class.${alarm.class}`)}`}
                  {alarm.events > 1 && <span className="dim"> × {format.number(alarm.events)}</span>}
                  <span className="dim small">
                    <bdi>{alarm.camera === '' ? t('alarms.node') : (names.get(alarm.camera) ?? alarm.camera)}</bdi>
                    {' · '}
                    {t(`alarms.state.${alarm.state}`)}
                    {alarm.assignee !== null && (
                      <>
                        {' · '}
                        <bdi>{alarm.assignee}</bdi>
                      </>
                    )}
                  </span>
                </span>
                <span className="alarm-when small">
                  <time dateTime={alarm.at} title={format.dateTime(at)}>
                    {format.relative(at, now)}
                  </time>
                  {due !== null && <Due due={due} now={now} />}
                </span>
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** What is left until somebody must have taken notice. */
function Due({ due, now }: { due: number; now: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  return due < now ? (
    <span className="red">{t('alarms.overdue', { duration: format.duration(now - due) })}</span>
  ) : (
    <span className="dim">{t('alarms.dueIn', { duration: format.duration(due - now) })}</span>
  );
}
