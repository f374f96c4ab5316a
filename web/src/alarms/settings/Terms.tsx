import { ActionIcon, Button, NumberInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Camera } from '../../api/types';
import { severities, SeverityMark } from '../severity';
import { Choice } from './Choice';
import { faultAt, wordsOf, type Policy, type Target } from './policy';

interface Props {
  policy: Policy;
  errors: Record<string, string[]>;
  cameras: readonly Camera[];
  onChange: (part: Partial<Policy>) => void;
}

/** How soon somebody must look, and when several events are one alarm. */
export function Terms({ policy, errors, cameras, onChange }: Props) {
  const { t } = useTranslation();
  const { merge, flood } = policy;
  const number = (
    path: string,
    label: string,
    value: number,
    set: (value: number) => void,
    most: number,
    hint?: string,
  ) => (
    <NumberInput
      label={label}
      description={hint}
      value={value}
      min={0}
      max={most}
      decimalScale={0}
      allowNegative={false}
      error={faultAt(errors, path)}
      onChange={(next) => set(typeof next === 'number' ? next : 0)}
    />
  );
  return (
    <>
      <section aria-labelledby="targets">
        <h2 id="targets">{t('alarmPolicy.targets')}</h2>
        <p className="dim">{t('alarmPolicy.targetsHint')}</p>
        <div className="cards">
          {severities.map((severity) => (
            <TargetCard key={severity} severity={severity} policy={policy} errors={errors} onChange={onChange} />
          ))}
        </div>
      </section>
      <section aria-labelledby="merging">
        <h2 id="merging">{t('alarmPolicy.merging')}</h2>
        <div className="form-pair wide">
          {number(
            'merge.seconds',
            t('alarmPolicy.mergeSeconds'),
            merge.seconds,
            (seconds) => onChange({ merge: { ...merge, seconds } }),
            3600,
            t('alarmPolicy.mergeSecondsHint'),
          )}
          {number(
            'merge.mostSeconds',
            t('alarmPolicy.mergeMost'),
            merge.mostSeconds,
            (mostSeconds) => onChange({ merge: { ...merge, mostSeconds } }),
            86_400,
            t('alarmPolicy.mergeMostHint'),
          )}
          {number(
            'flood.alarms',
            t('alarmPolicy.floodAlarms'),
            flood.alarms,
            (alarms) => onChange({ flood: { ...flood, alarms } }),
            1000,
            t('alarmPolicy.floodAlarmsHint'),
          )}
          {number(
            'flood.seconds',
            t('alarmPolicy.floodSeconds'),
            flood.seconds,
            (seconds) => onChange({ flood: { ...flood, seconds } }),
            86_400,
            t('alarmPolicy.floodSecondsHint'),
          )}
        </div>
        <h3>{t('alarmPolicy.neighbours')}</h3>
        <p className="dim small">{t('alarmPolicy.neighboursHint')}</p>
        <div className="cards">
          {merge.neighbours.map((place, at) => (
            <div key={at} className="card">
              <div className="card-head">
                <Choice
                  label={t('alarmPolicy.cameras')}
                  value={place}
                  all={cameras.map((camera) => ({ value: camera.id, label: camera.name }))}
                  error={faultAt(errors, `merge.neighbours[${at}]`, true)}
                  onChange={(value) =>
                    onChange({
                      merge: { ...merge, neighbours: merge.neighbours.map((each, n) => (n === at ? value : each)) },
                    })
                  }
                />
                <ActionIcon
                  aria-label={t('alarmPolicy.removePlace', { number: at + 1 })}
                  onClick={() =>
                    onChange({ merge: { ...merge, neighbours: merge.neighbours.filter((_, n) => n !== at) } })
                  }
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </div>
            </div>
          ))}
        </div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() => onChange({ merge: { ...merge, neighbours: [...merge.neighbours, []] } })}
        >
          {t('alarmPolicy.addPlace')}
        </Button>
      </section>
    </>
  );
}

function TargetCard({ severity, policy, errors, onChange }: Omit<Props, 'cameras'> & { severity: Target['severity'] }) {
  const { t } = useTranslation();
  const at = policy.targets.findIndex((target) => target.severity === severity);
  const target = policy.targets[at] ?? { severity, acknowledgeSeconds: null, resolveSeconds: null, escalateTo: [] };
  const [names, setNames] = useState(target.escalateTo.join(', '));
  const fault = (field: string) => (at < 0 ? undefined : faultAt(errors, `targets[${at}].${field}`, true));
  const put = (part: Partial<Target>) => {
    const next = { ...target, ...part };
    const empty = next.acknowledgeSeconds === null && next.resolveSeconds === null && next.escalateTo.length === 0;
    const rest = policy.targets.filter((each) => each.severity !== severity);
    const all = empty ? rest : at < 0 ? [...rest, next] : policy.targets.map((each, n) => (n === at ? next : each));
    onChange({ targets: all });
  };
  return (
    <div className="card" role="group" aria-label={t(`alarms.severity.${severity}`)}>
      <p className="state">
        <SeverityMark severity={severity} />
        <strong>{t(`alarms.severity.${severity}`)}</strong>
      </p>
      <div className="form-pair">
        <NumberInput
          label={t('alarmPolicy.acknowledgeWithin')}
          value={target.acknowledgeSeconds ?? ''}
          min={0}
          decimalScale={0}
          allowNegative={false}
          error={fault('acknowledgeSeconds')}
          onChange={(value) => put({ acknowledgeSeconds: typeof value === 'number' ? value : null })}
        />
        <NumberInput
          label={t('alarmPolicy.resolveWithin')}
          value={target.resolveSeconds === null ? '' : target.resolveSeconds / 60}
          min={0}
          decimalScale={0}
          allowNegative={false}
          error={fault('resolveSeconds')}
          onChange={(value) => put({ resolveSeconds: typeof value === 'number' ? value * 60 : null })}
        />
      </div>
      <TextInput
        label={t('alarmPolicy.escalateTo')}
        description={t('alarmPolicy.escalateToHint')}
        value={names}
        error={fault('escalateTo')}
        onChange={(event) => {
          setNames(event.currentTarget.value);
          put({ escalateTo: wordsOf(event.currentTarget.value) });
        }}
      />
    </div>
  );
}
