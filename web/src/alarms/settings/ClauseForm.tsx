import { Button, Drawer, NativeSelect, NumberInput, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AlarmSeverity, Camera, IncidentType } from '../../api/types';
import { useFormat } from '../../i18n/format';
import { classes } from '../../rules/types';
import { incidentTypes, severities } from '../severity';
import { Choice } from './Choice';
import { faultAt, kinds, sources, wordsOf, type Clause, type Schedule } from './policy';
import { sentenceOf } from './sentence';

interface Props {
  clause: Clause;
  path: string;
  errors: Record<string, string[]>;
  cameras: readonly Camera[];
  groups: readonly string[];
  schedules: readonly Schedule[];
  onChange: (clause: Clause) => void;
  onClose: () => void;
}

/** One clause: which events, when, and what becomes of them; the sentence above grows with it. */
export function ClauseForm({ clause, path, errors, cameras, groups, schedules, onChange, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [rules, setRules] = useState(clause.rules.join(', '));
  const fault = (field: keyof Clause) => faultAt(errors, `${path}.${field}`, true);
  const put = (part: Partial<Clause>) => onChange({ ...clause, ...part });
  const raises = clause.action === 'raise';
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={520}
      title={t('alarmPolicy.clause')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="form">
        <p className="clause-live" role="status">
          {sentenceOf(t, clause, {
            locale: format.locale,
            camera: (id) => cameras.find((camera) => camera.id === id)?.name ?? id,
            schedule: (id) => schedules.find((schedule) => schedule.id === id)?.name || id,
            percent: format.percent,
          })}
        </p>
        <TextInput
          label={t('rules.name')}
          value={clause.name}
          maxLength={200}
          error={fault('name') ?? fault('id')}
          onChange={(event) => put({ name: event.currentTarget.value })}
        />
        <Choice
          label={t('alarmPolicy.kinds')}
          hint={t('alarmPolicy.any')}
          value={clause.kinds}
          all={kinds.map((value) => ({ value, label: t(`scene.kind.${value}`) }))}
          error={fault('kinds')}
          onChange={(value) => put({ kinds: value })}
        />
        <Choice
          label={t('rules.classes')}
          hint={t('alarmPolicy.any')}
          value={clause.classes}
          all={classes.map((value) => ({ value, label: t(`scene.class.${value}`) }))}
          error={fault('classes')}
          onChange={(value) => put({ classes: value })}
        />
        <Choice
          label={t('alarmPolicy.cameras')}
          hint={t('alarmPolicy.any')}
          value={clause.cameras}
          all={cameras.map((camera) => ({ value: camera.id, label: camera.name }))}
          error={fault('cameras')}
          onChange={(value) => put({ cameras: value })}
        />
        {(groups.length > 0 || clause.groups.length > 0) && (
          <Choice
            label={t('alarmPolicy.groups')}
            hint={t('alarmPolicy.groupsHint')}
            value={clause.groups}
            all={groups.map((value) => ({ value, label: value }))}
            error={fault('groups')}
            onChange={(value) => put({ groups: value })}
          />
        )}
        <Choice
          label={t('alarmPolicy.saidTypes')}
          hint={t('alarmPolicy.saidTypesHint')}
          value={clause.types}
          all={incidentTypes.map((value) => ({ value, label: t(`alarms.type.${value}`) }))}
          error={fault('types')}
          onChange={(value) => put({ types: value })}
        />
        <Choice
          label={t('alarmPolicy.sources')}
          hint={t('alarmPolicy.any')}
          value={clause.sources}
          all={sources.map((value) => ({ value, label: t(`alarmPolicy.source.${value}`) }))}
          error={fault('sources')}
          onChange={(value) => put({ sources: value })}
        />
        <TextInput
          label={t('alarmPolicy.rules')}
          description={t('alarmPolicy.rulesHint')}
          value={rules}
          error={fault('rules')}
          onChange={(event) => {
            setRules(event.currentTarget.value);
            put({ rules: wordsOf(event.currentTarget.value) });
          }}
        />
        <div className="form-pair">
          <NativeSelect
            label={t('alarmPolicy.schedule')}
            value={clause.schedule ?? ''}
            error={fault('schedule')}
            onChange={(event) => put({ schedule: event.currentTarget.value || null })}
            data={[
              { value: '', label: t('rules.always') },
              ...schedules.map((schedule) => ({ value: schedule.id, label: schedule.name || schedule.id })),
            ]}
          />
          <NumberInput
            label={t('alarmPolicy.minScore')}
            value={clause.minScore === null ? '' : Math.round(clause.minScore * 100)}
            min={0}
            max={100}
            decimalScale={0}
            error={fault('minScore')}
            onChange={(value) => put({ minScore: typeof value === 'number' ? value / 100 : null })}
          />
        </div>
        <NativeSelect
          label={t('alarmPolicy.action')}
          value={clause.action}
          error={fault('action')}
          onChange={(event) =>
            put(
              event.currentTarget.value === 'ignore'
                ? { action: 'ignore', type: null, severity: null, opensIncident: null, whenDisarmed: false }
                : { action: 'raise' },
            )
          }
          data={(['raise', 'ignore'] as const).map((value) => ({ value, label: t(`alarmPolicy.then.${value}`) }))}
        />
        {raises && (
          <>
            <div className="form-pair">
              <NativeSelect
                label={t('alarmPolicy.type')}
                value={clause.type ?? ''}
                error={fault('type')}
                onChange={(event) => put({ type: (event.currentTarget.value || null) as IncidentType | null })}
                data={[
                  { value: '', label: t('alarmPolicy.asRule') },
                  ...incidentTypes.map((value) => ({ value, label: t(`alarms.type.${value}`) })),
                ]}
              />
              <NativeSelect
                label={t('alarmPolicy.severity')}
                value={clause.severity ?? ''}
                error={fault('severity')}
                onChange={(event) => put({ severity: (event.currentTarget.value || null) as AlarmSeverity | null })}
                data={[
                  { value: '', label: t('alarmPolicy.asRule') },
                  ...severities.map((value) => ({ value, label: t(`alarms.severity.${value}`) })),
                ]}
              />
            </div>
            <NativeSelect
              label={t('alarmPolicy.opens')}
              value={clause.opensIncident === null ? '' : clause.opensIncident ? 'yes' : 'no'}
              error={fault('opensIncident')}
              onChange={(event) =>
                put({
                  opensIncident: event.currentTarget.value === '' ? null : event.currentTarget.value === 'yes',
                })
              }
              data={[
                { value: '', label: t('alarmPolicy.opensRescues') },
                { value: 'yes', label: t('alarmPolicy.then.incident') },
                { value: 'no', label: t('alarmPolicy.then.noIncident') },
              ]}
            />
            <Switch
              label={t('alarmPolicy.whenDisarmed')}
              checked={clause.whenDisarmed}
              onChange={(event) => put({ whenDisarmed: event.currentTarget.checked })}
            />
          </>
        )}
        <div className="form-end">
          <Button onClick={onClose}>{t('alarmPolicy.done')}</Button>
        </div>
      </div>
    </Drawer>
  );
}
