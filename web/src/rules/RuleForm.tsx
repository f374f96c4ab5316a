import { ActionIcon, Button, Chip, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { incidentTypes, severities } from '../alarms/severity';
import type { AlarmSeverity, IncidentType } from '../api/types';
import { usePreferences } from '../i18n/preferences';
import {
  classes,
  faultsOf,
  hasClasses,
  hasSeconds,
  mayBeWhole,
  type Point,
  type Rule,
  type WeeklyWindow,
} from './types';

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const square: Point[] = [
  [0.3, 0.35],
  [0.7, 0.35],
  [0.7, 0.75],
  [0.3, 0.75],
];

/** One rule's settings; what the node says about them stands at the field. */
export function RuleForm(props: {
  rule: Rule;
  index: number;
  errors: Record<string, string[]>;
  onChange: (rule: Rule) => void;
}) {
  const { rule, index, errors, onChange } = props;
  const { t } = useTranslation();
  const fault = (field: string) => faultsOf(errors, index, field);
  const number = (field: 'dwell' | 'rearm' | 'seconds' | 'atLeast' | 'atMost', label: string, hint?: string) => (
    <NumberInput
      label={label}
      description={hint}
      value={rule[field] ?? ''}
      min={0}
      allowNegative={false}
      decimalScale={field === 'atLeast' || field === 'atMost' ? 0 : 1}
      error={fault(field)}
      onChange={(value) => onChange({ ...rule, [field]: typeof value === 'number' ? value : undefined })}
    />
  );
  return (
    <div className="form rule-form" role="group" aria-label={rule.name}>
      <TextInput
        label={t('rules.name')}
        value={rule.name}
        error={fault('name')}
        onChange={(event) => onChange({ ...rule, name: event.currentTarget.value })}
      />
      {rule.type === 'line' && (
        <NativeSelect
          label={t('rules.direction')}
          value={rule.direction ?? 'both'}
          error={fault('direction')}
          onChange={(event) =>
            onChange({ ...rule, direction: event.currentTarget.value as NonNullable<Rule['direction']> })
          }
          data={(['both', 'leftToRight', 'rightToLeft'] as const).map((value) => ({
            value,
            label: t(`rules.directions.${value}`),
          }))}
        />
      )}
      {rule.type === 'zone' && (
        <NativeSelect
          label={t('rules.event')}
          value={rule.event ?? 'enter'}
          error={fault('event')}
          onChange={(event) => onChange({ ...rule, event: event.currentTarget.value as NonNullable<Rule['event']> })}
          data={(['enter', 'leave', 'inside'] as const).map((value) => ({ value, label: t(`rules.events.${value}`) }))}
        />
      )}
      {hasSeconds(rule) && number('seconds', t('rules.seconds'))}
      {rule.type === 'count' && number('atLeast', t('rules.atLeast'))}
      {rule.type === 'count' && number('atMost', t('rules.atMost'))}
      {rule.type === 'crowd' && number('atLeast', t('rules.atLeast'))}
      {mayBeWhole(rule.type) && (
        <Chip
          checked={(rule.points?.length ?? 0) === 0}
          onChange={(whole) => onChange({ ...rule, points: whole ? [] : square })}
        >
          {t('rules.whole')}
        </Chip>
      )}
      {hasClasses(rule.type) && (
        <fieldset className="plain">
          <legend>{t('rules.classes')}</legend>
          <Chip.Group multiple value={rule.classes ?? []} onChange={(value) => onChange({ ...rule, classes: value })}>
            <div className="chips">
              {classes.map((value) => (
                <Chip key={value} size="xs" value={value}>
                  {t(`scene.class.${value}`)}
                </Chip>
              ))}
            </div>
          </Chip.Group>
          <p className="dim small">{t('rules.classesHint')}</p>
        </fieldset>
      )}
      {rule.type !== 'stream' && rule.type !== 'tamper' && number('dwell', t('rules.dwell'), t('rules.dwellHint'))}
      <div className="form-pair">
        <NativeSelect
          label={t('rules.severity')}
          value={rule.severity ?? ''}
          error={fault('severity')}
          onChange={(event) =>
            onChange({ ...rule, severity: (event.currentTarget.value || null) as AlarmSeverity | null })
          }
          data={[
            { value: '', label: t('rules.asPolicy') },
            ...severities.map((value) => ({ value, label: t(`alarms.severity.${value}`) })),
          ]}
        />
        <NativeSelect
          label={t('rules.incident')}
          value={rule.incident ?? ''}
          error={fault('incident')}
          onChange={(event) =>
            onChange({ ...rule, incident: (event.currentTarget.value || null) as IncidentType | null })
          }
          data={[
            { value: '', label: t('rules.asPolicy') },
            ...incidentTypes.map((value) => ({ value, label: t(`alarms.type.${value}`) })),
          ]}
        />
      </div>
      <Schedule rule={rule} onChange={onChange} fault={fault('schedule')} />
      {fault('points') && (
        <p className="red" role="alert">
          {t('rules.shape')}: <bdi lang="en">{fault('points')}</bdi>
        </p>
      )}
      {fault('') && (
        <p className="red" role="alert">
          <bdi lang="en">{fault('')}</bdi>
        </p>
      )}
    </div>
  );
}

/** Always, or at certain hours of certain days, by the clock on the site's wall. */
function Schedule(props: { rule: Rule; onChange: (rule: Rule) => void; fault: string | undefined }) {
  const { rule, onChange, fault } = props;
  const { t } = useTranslation();
  const { language, timeZone } = usePreferences();
  const windows = rule.schedule?.windows ?? null;
  const set = (next: WeeklyWindow[] | null) =>
    onChange({ ...rule, schedule: next === null || next.length === 0 ? null : { windows: next } });
  const change = (at: number, patch: Partial<WeeklyWindow>) =>
    set((windows ?? []).map((window, index) => (index === at ? { ...window, ...patch } : window)));
  const names = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  return (
    <fieldset className="plain">
      <legend>
        {t('rules.schedule')} <span className="dim small">({timeZone})</span>
      </legend>
      {windows === null && <p className="dim small">{t('rules.always')}</p>}
      {windows?.map((window, at) => (
        <div key={at} className="window">
          <Chip.Group multiple value={window.days ?? []} onChange={(value) => change(at, { days: value })}>
            <div className="chips">
              {days.map((day, index) => (
                // 2024 began on a Monday.
                <Chip key={day} size="xs" value={day}>
                  {names.format(Date.UTC(2024, 0, 1 + index))}
                </Chip>
              ))}
            </div>
          </Chip.Group>
          <div className="window-times">
            <TextInput
              type="time"
              size="xs"
              aria-label={t('rules.from')}
              value={window.from.slice(0, 5)}
              onChange={(event) => event.currentTarget.value && change(at, { from: event.currentTarget.value })}
            />
            <span aria-hidden>–</span>
            <TextInput
              type="time"
              size="xs"
              aria-label={t('rules.to')}
              value={window.to.slice(0, 5)}
              onChange={(event) => event.currentTarget.value && change(at, { to: event.currentTarget.value })}
            />
            <ActionIcon
              aria-label={t('rules.removeHours')}
              onClick={() => set(windows.filter((_, index) => index !== at))}
            >
              <IconX size={16} />
            </ActionIcon>
          </div>
        </div>
      ))}
      {fault && (
        <p className="red" role="alert">
          <bdi lang="en">{fault}</bdi>
        </p>
      )}
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => set([...(windows ?? []), { days: [], from: '20:00', to: '06:00' }])}
      >
        {t('rules.addHours')}
      </Button>
    </fieldset>
  );
}
