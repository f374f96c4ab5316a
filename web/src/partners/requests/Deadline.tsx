import { IconAlertTriangle, IconClock, IconClockPause } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import type { RequestLine } from './requests';

/** By when an answer is due, as a clock: it runs, stands while a clarification is awaited, or says by how much it was missed. */
export function Deadline({
  line,
  now,
  bare = false,
}: {
  line: RequestLine;
  now: number;
  /** The state stands beside it. */ bare?: boolean;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  if (line.state === 'questioned') {
    return (
      <span className="deadline">
        <IconClockPause size={16} aria-hidden />
        {t('requests.stands', { left: format.duration(Math.max(0, line.leftSeconds) * 1000) })}
      </span>
    );
  }
  if (line.state !== 'asked' || line.due === null) {
    return (
      <span className="deadline dim">
        {!bare && t(`requests.state.${line.state}`)}
        {(line.state === 'answered' || line.state === 'refused') && line.leftSeconds < 0 && (
          <span className="amber">
            {!bare && ' · '}
            {t('requests.late', { by: format.duration(-line.leftSeconds * 1000) })}
          </span>
        )}
      </span>
    );
  }
  const due = Date.parse(line.due);
  const asked = Date.parse(line.askedAt);
  const over = now > due;
  const soon = !over && due - now < (due - asked) / 4;
  return (
    <time
      className={`deadline ${over ? 'red' : soon ? 'amber' : ''}`}
      dateTime={line.due}
      title={format.dateTime(due)}
      data-overdue={over}
    >
      {over ? <IconAlertTriangle size={16} aria-hidden /> : <IconClock size={16} aria-hidden />}
      {over
        ? t('requests.overdue', { by: format.duration(now - due) })
        : t('requests.left', { left: format.duration(due - now) })}
    </time>
  );
}
