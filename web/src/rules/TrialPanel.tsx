import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useTryRules } from '../api/queries';
import type { Camera } from '../api/types';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { Found } from './Found';
import { LookBack } from './LookBack';
import { periods, stretchOf, type Period } from './period';
import type { Ground, Rule } from './types';

/** What these rules would have raised over what was seen: nothing is kept. */
export function TrialPanel({ camera, rules, ground }: { camera: Camera; rules: Rule[]; ground: Ground | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [period, setPeriod] = useState<Period>('hour');
  const [stretch, setStretch] = useState({ from: 0, to: 0 });
  const trial = useTryRules(camera.id);
  const names = new Map(rules.map((rule) => [rule.id, rule.name]));
  const run = (next: { from: number; to: number }) => {
    setStretch(next);
    trial.mutate({
      rules,
      ground,
      from: new Date(next.from).toISOString(),
      to: new Date(next.to).toISOString(),
    });
  };
  return (
    <section className="trial" aria-label={t('rules.try')}>
      <div className="rules-head">
        <strong>{t('rules.try')}</strong>
        <NativeSelect
          size="xs"
          aria-label={t('rules.period')}
          value={period}
          onChange={(event) => setPeriod(event.currentTarget.value as Period)}
          data={periods.map((value) => ({ value, label: t(`rules.periods.${value}`) }))}
        />
        <Button
          size="compact-sm"
          variant="default"
          loading={trial.isPending}
          disabled={rules.length === 0}
          onClick={() => run(stretchOf(period, nodeNow(), format.timeZone))}
        >
          {t('rules.tryDo')}
        </Button>
      </div>
      {trial.isError && (
        <p className="red" role="alert">
          <Why error={trial.error} />
        </p>
      )}
      {trial.data && (
        <>
          <p role="status" data-tried={trial.data.events.length}>
            {trial.data.pictures === 0
              ? t('rules.tryNothing')
              : t('rules.tried', {
                  count: trial.data.events.length,
                  pictures: format.number(trial.data.pictures),
                  time: format.number(Math.max(1, Math.round(trial.data.milliseconds))),
                })}
            {trial.data.isPart && ` ${t('rules.isPart')}`}
          </p>
          {trial.data.untried.length > 0 && (
            <p className="amber small">
              {t('rules.untried', { rules: trial.data.untried.map((id) => names.get(id) ?? id).join(', ') })}
            </p>
          )}
          <LookBack
            camera={camera.id}
            from={stretch.from}
            to={stretch.to}
            seconds={trial.data.footageSeconds}
            onDone={() => run(stretch)}
          />
          <Found
            camera={camera.id}
            from={stretch.from}
            to={stretch.to}
            unwatched={trial.data.unwatched}
            found={trial.data.events.map((event) => ({
              at: Date.parse(event.at),
              to: Date.parse(event.at),
              words: [
                names.get(event.rule) ?? event.rule,
                t(`scene.kind.${event.kind}`),
                event.class && t(`scene.class.${event.class}`),
              ]
                .filter(Boolean)
                .join(' · '),
            }))}
          />
        </>
      )}
    </section>
  );
}
