import { Button, NativeSelect, SegmentedControl, Skeleton } from '@mantine/core';
import { IconDeviceCctvOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useCameras, useRules } from '../api/queries';
import type { Camera } from '../api/types';
import { Failure, Notice } from '../shell/Notice';
import { setQuery, usePlace } from '../shell/route';
import { GroundTab } from './GroundTab';
import { MotionTab } from './MotionTab';
import { RulesTab } from './RulesTab';
import type { Rules } from './types';

const tabs = ['rules', 'motion', 'ground'] as const;

/** What shall be noticed on one camera, drawn on its picture; what moved there; and how its picture lies on the ground. */
export default function RulesRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const cameras = useCameras();
  const all = cameras.data ?? [];
  const camera = all.find((candidate) => candidate.id === query.get('camera')) ?? all[0] ?? null;
  const tab = tabs.find((candidate) => candidate === query.get('tab')) ?? 'rules';
  const rules = useRules(camera?.id ?? null);

  if (cameras.isError && !cameras.data) {
    return (
      <Failure title={t('cameras.failed')} error={cameras.error}>
        <Button variant="default" onClick={() => void cameras.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  if (cameras.data && !camera) {
    return <Notice icon={<IconDeviceCctvOff size={32} />} title={t('cameras.none')} text={t('cameras.noneDo')} />;
  }
  return (
    <div className="page rules-page">
      <div className="page-head">
        <h1>{t('rules.title')}</h1>
        {camera && (
          <NativeSelect
            aria-label={t('rules.camera')}
            value={camera.id}
            onChange={(event) => setQuery({ camera: event.currentTarget.value }, { replace: false })}
            data={all.map((candidate) => ({ value: candidate.id, label: candidate.name }))}
          />
        )}
        <SegmentedControl
          aria-label={t('rules.title')}
          value={tab}
          onChange={(next) => setQuery({ tab: next === 'rules' ? null : next })}
          data={tabs.map((value) => ({ value, label: t(`rules.tab.${value}`) }))}
        />
      </div>
      {camera && rules.data ? (
        <Tab key={`${camera.id} ${tab}`} tab={tab} camera={camera} kept={rules.data} />
      ) : rules.isError ? (
        <Failure title={t('rules.failed')} error={rules.error}>
          <Button variant="default" onClick={() => void rules.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      ) : (
        <Skeleton height={360} />
      )}
    </div>
  );
}

function Tab({ tab, camera, kept }: { tab: (typeof tabs)[number]; camera: Camera; kept: Rules }) {
  if (tab === 'motion') return <MotionTab camera={camera} />;
  if (tab === 'ground') return <GroundTab camera={camera} kept={kept} />;
  return <RulesTab camera={camera} kept={kept} />;
}
