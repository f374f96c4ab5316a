import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Failure } from '../../shell/Notice';
import { setQuery, usePlace } from '../../shell/route';
import { ArmingTab } from './ArmingTab';
import { usePolicy } from './exchange';
import { PolicyTab } from './PolicyTab';
import './settings.css';
import { SuppressionsTab } from './SuppressionsTab';

const tabs = ['policy', 'arming', 'suppressions'] as const;

/** What becomes an alarm and how soon somebody must look; what isn't armed; what is silenced for a while. */
export default function AlarmSettingsRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const policy = usePolicy();
  const tab = tabs.find((candidate) => candidate === query.get('tab')) ?? 'policy';
  return (
    <div className="page alarm-settings">
      <div className="page-head">
        <h1>{t('alarmPolicy.title')}</h1>
        <SegmentedControl
          aria-label={t('alarmPolicy.title')}
          value={tab}
          onChange={(next) => setQuery({ tab: next === 'policy' ? null : next })}
          data={tabs.map((value) => ({ value, label: t(`alarmPolicy.tab.${value}`) }))}
        />
      </div>
      {policy.data ? (
        tab === 'policy' ? (
          <PolicyTab key={policy.data.version} kept={policy.data} />
        ) : tab === 'arming' ? (
          <ArmingTab />
        ) : (
          <SuppressionsTab />
        )
      ) : policy.isError ? (
        <Failure title={t('alarmPolicy.failed')} error={policy.error}>
          <Button variant="default" onClick={() => void policy.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      ) : (
        <Skeleton height={360} />
      )}
    </div>
  );
}
