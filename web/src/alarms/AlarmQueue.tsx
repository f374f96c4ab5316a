import { Skeleton } from '@mantine/core';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { memo, useRef, useState, type KeyboardEvent } from 'react';
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

/**
 * What waits for somebody, the most urgent first; a thousand rows scroll like ten. One stop of the keyboard: arrows, PgUp, PgDn, Home and End go over the
 * rows, and the row that has the focus stays in the document however far one scrolls.
 */
export function AlarmQueue({ names, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const alarms = useOpenAlarms();
  const box = useRef<HTMLDivElement>(null);
  const now = useNow();
  const list = alarms.data?.alarms ?? [];
  // By id: rows move under the focus when more urgent ones come.
  const [focus, setFocus] = useState<string | null>(null);
  const at = Math.max(
    0,
    list.findIndex(({ id }) => id === focus),
  );
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is read in render only, as it is meant to be
  const rows = useVirtualizer({
    count: list.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => list[index]?.id ?? index,
    overscan: 8,
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      return at >= list.length || shown.includes(at) ? shown : [...shown, at].sort((a, b) => a - b);
    },
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

  const onKeyDown = (event: KeyboardEvent) => {
    const screen = Math.max(1, Math.floor((box.current?.clientHeight ?? rowHeight) / rowHeight) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -list.length, End: list.length }[
      event.key
    ];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = list[Math.min(list.length - 1, Math.max(0, at + by))];
    if (!to) return;
    setFocus(to.id);
    rows.scrollToIndex(list.indexOf(to), { align: 'auto' });
    // It may only now come into the document.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-alarm="${to.id}"]`)?.focus()),
    );
  };

  return (
    // The keys are the rows': the list itself takes no focus.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div ref={box} className="queue" role="list" aria-label={t('alarms.queue')} onKeyDown={onKeyDown}>
      <div className="queue-all" role="presentation" style={{ blockSize: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const alarm = list[item.index];
          if (!alarm) return null;
          return (
            <div
              key={item.key}
              role="listitem"
              aria-setsize={list.length}
              aria-posinset={item.index + 1}
              className="queue-row"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Row
                alarm={alarm}
                where={
                  names.get(alarm.camera) ?? alarm.siteName ?? (alarm.camera === '' ? t('alarms.node') : alarm.camera)
                }
                now={now}
                isSelected={alarm.id === selected}
                stops={item.index === at}
                onFocus={setFocus}
                onSelect={onSelect}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  alarm: Alarm;
  where: string;
  now: number;
  isSelected: boolean;
  /** The keyboard stops at it. */
  stops: boolean;
  onFocus: (id: string) => void;
  onSelect: (alarm: Alarm) => void;
}

/** Drawn again when something of it changes, not with each pixel that is scrolled. */
const Row = memo(function Row({ alarm, where, now, isSelected, stops, onFocus, onSelect }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const at = Date.parse(alarm.at);
  const due = alarm.due === null ? null : Date.parse(alarm.due);
  return (
    <button
      type="button"
      className={`alarm ${alarm.severity} ${alarm.state}`}
      data-alarm={alarm.id}
      aria-pressed={isSelected}
      tabIndex={stops ? 0 : -1}
      onFocus={() => onFocus(alarm.id)}
      onClick={() => onSelect(alarm)}
    >
      <SeverityMark severity={alarm.severity} />
      <span className="alarm-what">
        <strong>{t(`scene.kind.${alarm.kind}`)}</strong>
        {alarm.class !== null && ` · ${t(`scene.class.${alarm.class}`)}`}
        {alarm.events > 1 && <span className="dim"> × {format.number(alarm.events)}</span>}
        <span className="dim small">
          <bdi>{where}</bdi>
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
        {alarm.overAt !== null && <Over since={Date.parse(alarm.overAt)} now={now} />}
        {due !== null && alarm.overAt === null && <Due due={due} now={now} />}
      </span>
    </button>
  );
});

/** The trouble has ended; somebody says what it was when there is time. */
function Over({ since, now }: { since: number; now: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <span className="dim" title={t('alarms.overSince', { time: format.dateTime(since) })}>
      {t('alarms.over', { duration: format.duration(now - since) })}
    </span>
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
