import { IconAlertTriangleFilled, IconBellOff, IconLifebuoy } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Alarm } from '../api/types';
import { useFormat } from '../i18n/format';
import { follow } from '../shell/route';
import { useOpenAlarms } from './cases';
import { callOut, mayCallOut } from './callOut';
import { severities } from './severity';

const waits = (alarm: Alarm) => alarm.state === 'raised' || alarm.state === 'escalated';

/** How many alarms are open, in the bar; new ones are heard, and seen in the title of a tab in the background. */
export function OpenAlarms() {
  const { t } = useTranslation();
  const format = useFormat();
  const alarms = useOpenAlarms();
  const known = useRef<Set<string> | null>(null);
  const [silent, setSilent] = useState(false);
  const open = alarms.data?.open;
  const rescues = open?.rescue ?? 0;
  const others = open ? open.critical + open.high + open.medium + open.low : 0;

  useEffect(() => {
    if (!alarms.data) return;
    const waiting = alarms.data.alarms.filter(waits);
    // What was there before the page was opened has called already.
    const fresh = known.current ? waiting.filter((alarm) => !known.current?.has(`${alarm.id} ${alarm.level}`)) : [];
    known.current = new Set(waiting.map((alarm) => `${alarm.id} ${alarm.level}`));
    const worst = severities.find((severity) => fresh.some((alarm) => alarm.severity === severity));
    if (worst === undefined) return;
    callOut(worst);
    setSilent(!mayCallOut());
  }, [alarms.data]);

  useEffect(() => {
    const count = rescues + others;
    const bare = document.title.replace(/^\(\S+\) /, '');
    document.title = count > 0 ? `(${format.number(count)}) ${bare}` : bare;
  }, [rescues, others, format]);

  if (!open) return null;
  return (
    <a href="/situation" className="bar-alarms" onClick={follow}>
      <span className="visually-hidden">{t('alarms.openOnes', { rescues, others })}</span>
      {rescues > 0 && (
        <span className="bar-rescues" aria-hidden>
          <IconLifebuoy size={18} aria-hidden /> {format.number(rescues)}
        </span>
      )}
      <span className={others > 0 ? 'bar-open' : 'bar-open dim'} aria-hidden>
        <IconAlertTriangleFilled size={16} aria-hidden /> {format.number(others)}
      </span>
      {silent && <IconBellOff size={16} className="amber" aria-label={t('alarms.silent')} role="img" />}
    </a>
  );
}
