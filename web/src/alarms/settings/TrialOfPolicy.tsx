import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import type { PolicyTrial } from '../../api/types';
import { useFormat } from '../../i18n/format';
import { stretchOf, periods, type Period } from '../../rules/period';
import { Said, Why } from '../../shell/Notice';
import { severities, SeverityMark } from '../severity';
import { useTryPolicy } from './exchange';
import { type Policy } from './policy';

/** What a policy would have made of past events, before it is kept. */
export function TrialOfPolicy({ policy, camera }: { policy: Policy; camera: (id: string) => string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const attempt = useTryPolicy();
  const [period, setPeriod] = useState<Period>('yesterday');
  return (
    <>
      <div className="form-line">
        <NativeSelect
          label={t('rules.period')}
          value={period}
          onChange={(event) => setPeriod(event.currentTarget.value as Period)}
          data={periods.map((value) => ({ value, label: t(`rules.periods.${value}`) }))}
        />
        <Button
          variant="default"
          loading={attempt.isPending}
          onClick={() => attempt.mutate({ policy, ...stretchOf(period, nodeNow(), format.timeZone) })}
        >
          {t('rules.tryDo')}
        </Button>
      </div>
      {attempt.isError && (
        <p className="red" role="alert">
          <Why error={attempt.error} />
        </p>
      )}
      {attempt.data && <Found trial={attempt.data} camera={camera} />}
    </>
  );
}

function Found({ trial, camera }: { trial: PolicyTrial; camera: (id: string) => string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sum = (counts: PolicyTrial['was']) => severities.reduce((all, each) => all + counts[each], 0);
  return (
    <div className="policy-trial" role="status">
      <p>
        {t('alarmPolicy.tried', {
          count: trial.events,
          was: format.number(sum(trial.was)),
          would: format.number(sum(trial.would)),
        })}
        {trial.isPart && ` ${t('rules.isPart')}`}
      </p>
      <table className="list narrow">
        <thead>
          <tr>
            <th scope="col">{t('alarmPolicy.severity')}</th>
            <th scope="col" className="end">
              {t('alarmPolicy.was')}
            </th>
            <th scope="col" className="end">
              {t('alarmPolicy.would')}
            </th>
          </tr>
        </thead>
        <tbody>
          {severities.map((severity) => (
            <tr key={severity} data-severity={severity}>
              <td>
                <span className="state">
                  <SeverityMark severity={severity} size={16} />
                  {t(`alarms.severity.${severity}`)}
                </span>
              </td>
              <td className="end">{format.number(trial.was[severity])}</td>
              <td className="end">
                <strong>{format.number(trial.would[severity])}</strong>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {trial.different === 0 ? (
        <p>{t('alarmPolicy.same')}</p>
      ) : (
        <>
          <p>
            {t('alarmPolicy.different', { count: trial.different })}
            {trial.different > trial.differences.length && ` ${t('rules.isPart')}`}
          </p>
          <ul className="checks trial-differences">
            {trial.differences.map((each) => (
              <li key={each.event} data-would={each.would}>
                <time dateTime={each.at} className="dim small">
                  {format.dateTime(Date.parse(each.at))}
                </time>
                <span>
                  {t(`scene.kind.${each.kind}`)}
                  {each.class !== null && ` · ${t(`scene.class.${each.class}`)}`}
                  {' · '}
                  <bdi>{each.camera === '' ? t('alarms.node') : camera(each.camera)}</bdi>
                </span>
                <span>
                  <span className="dim">
                    {t(`alarmPolicy.verdict.${each.was}`)}
                    {each.wasSeverity !== null && ` (${t(`alarms.severity.${each.wasSeverity}`)})`}
                  </span>
                  {' → '}
                  <strong>
                    {t(`alarmPolicy.verdict.${each.would}`)}
                    {each.wouldSeverity !== null && ` (${t(`alarms.severity.${each.wouldSeverity}`)})`}
                  </strong>
                </span>
                <span className="dim small reason">
                  <Said text={each.reason} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
