import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCameras } from '../../api/queries';
import { Problem } from '../../api/problem';
import type { StandingPolicy } from '../../api/types';
import { useFormat } from '../../i18n/format';
import { Why } from '../../shell/Notice';
import { toast } from '../../shell/toast';
import { Checklists } from './Checklists';
import { ClauseForm } from './ClauseForm';
import { usePutPolicy } from './exchange';
import { faultAt, freeId, newClause, type Clause, type Policy } from './policy';
import { Schedules } from './Schedules';
import { sentenceOf } from './sentence';
import { Terms } from './Terms';
import { TrialOfPolicy } from './TrialOfPolicy';

/** The whole policy: readable as sentences, tried on what was seen, kept with one press. */
export function PolicyTab({ kept }: { kept: StandingPolicy }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cameras = useCameras();
  const put = usePutPolicy();
  // The node sends every field; the document can't say so of what may be left out when it is written.
  const before = kept.policy as Policy;
  const [policy, setPolicy] = useState<Policy>(before);
  const [editing, setEditing] = useState<string | null>(null);
  const errors = put.error instanceof Problem ? put.error.errors : {};
  const changed = JSON.stringify(policy) !== JSON.stringify(before);
  const all = cameras.data ?? [];
  const groups = [...new Set(all.flatMap((camera) => camera.groups))].sort();
  const edited = policy.clauses.findIndex((clause) => clause.id === editing);
  const names = {
    locale: format.locale,
    camera: (id: string) => all.find((camera) => camera.id === id)?.name ?? id,
    schedule: (id: string) => policy.schedules.find((schedule) => schedule.id === id)?.name || id,
    percent: format.percent,
  };

  // What isn't kept yet isn't left by accident.
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [changed]);

  const patch = (part: Partial<Policy>) => setPolicy((was) => ({ ...was, ...part }));
  const setClauses = (clauses: Clause[]) => patch({ clauses });
  const move = (at: number, by: number) => {
    const next = [...policy.clauses];
    const [clause] = next.splice(at, 1);
    if (clause) next.splice(at + by, 0, clause);
    setClauses(next);
  };
  const add = () => {
    const clause = newClause(freeId('clause', policy.clauses));
    // Above those that take everything that is left.
    setClauses([clause, ...policy.clauses]);
    setEditing(clause.id);
  };
  const conflict = put.error instanceof Problem && put.error.status === 412;

  return (
    <>
      <p className="dim small">
        {kept.version === 0
          ? t('alarmPolicy.shipped')
          : t('alarmPolicy.writtenBy', {
              name: `⁨${kept.by ?? ''}⁩`,
              at: kept.at === null ? '' : format.dateTime(Date.parse(kept.at)),
            })}
      </p>
      <section aria-labelledby="clauses">
        <h2 id="clauses">{t('alarmPolicy.clauses')}</h2>
        <p className="dim">{t('alarmPolicy.clausesHint')}</p>
        <ol className="clauses">
          {policy.clauses.map((clause, at) => {
            const fault = faultAt(errors, `clauses[${at}]`, true);
            return (
              <li key={clause.id} data-clause={clause.id}>
                <span className="clause-words">
                  {clause.name !== '' && (
                    <strong>
                      <bdi>{clause.name}</bdi>
                    </strong>
                  )}
                  <span>{sentenceOf(t, clause, names)}</span>
                  {fault !== undefined && (
                    <span className="red small" role="alert">
                      <bdi lang="en">{fault}</bdi>
                    </span>
                  )}
                </span>
                <ActionIcon
                  aria-label={t('alarmPolicy.up', { number: at + 1 })}
                  disabled={at === 0}
                  onClick={() => move(at, -1)}
                >
                  <IconArrowUp size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('alarmPolicy.down', { number: at + 1 })}
                  disabled={at === policy.clauses.length - 1}
                  onClick={() => move(at, 1)}
                >
                  <IconArrowDown size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('alarmPolicy.edit', { number: at + 1 })}
                  onClick={() => setEditing(clause.id)}
                >
                  <IconPencil size={16} />
                </ActionIcon>
                <ActionIcon
                  aria-label={t('alarmPolicy.remove', { number: at + 1 })}
                  onClick={() => setClauses(policy.clauses.filter((other) => other.id !== clause.id))}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </li>
            );
          })}
        </ol>
        <Button size="compact-sm" variant="default" leftSection={<IconPlus size={16} />} onClick={add}>
          {t('alarmPolicy.addClause')}
        </Button>
      </section>

      <section aria-labelledby="schedules">
        <h2 id="schedules">{t('alarmPolicy.schedules')}</h2>
        <TextInput
          className="narrow"
          classNames={{ input: 'ltr-input' }}
          label={t('alarmPolicy.zone')}
          description={t('alarmPolicy.zoneHint', { zone: kept.zone })}
          placeholder={kept.zone}
          value={policy.zone ?? ''}
          error={faultAt(errors, 'zone')}
          spellCheck={false}
          onChange={(event) => patch({ zone: event.currentTarget.value.trim() || null })}
        />
        <Schedules policy={policy} errors={errors} onChange={patch} />
      </section>

      <Terms policy={policy} errors={errors} cameras={all} onChange={patch} />

      <section aria-labelledby="checklists">
        <h2 id="checklists">{t('alarmPolicy.checklists')}</h2>
        <p className="dim">{t('alarmPolicy.checklistsHint')}</p>
        <Checklists policy={policy} errors={errors} onChange={patch} />
      </section>

      <section aria-labelledby="trial">
        <h2 id="trial">{t('alarmPolicy.trial')}</h2>
        <p className="dim">{t('alarmPolicy.trialHint')}</p>
        <TrialOfPolicy policy={policy} camera={names.camera} />
      </section>

      <div className="save-bar" data-changed={changed}>
        {put.isError && (
          <p className="red" role="alert">
            {conflict ? (
              t('alarmPolicy.conflict')
            ) : Object.keys(errors).length > 0 ? (
              t('alarmPolicy.faults')
            ) : (
              <Why error={put.error} />
            )}
          </p>
        )}
        <span className="grow" />
        <Button
          variant="subtle"
          color="gray"
          disabled={!changed}
          onClick={() => {
            setPolicy(before);
            put.reset();
          }}
        >
          {t('alarmPolicy.discard')}
        </Button>
        <Button
          disabled={!changed}
          loading={put.isPending}
          onClick={() =>
            put.mutate({ policy, version: kept.version }, { onSuccess: () => toast(t('alarmPolicy.saved')) })
          }
        >
          {t('app.save')}
        </Button>
      </div>

      {edited >= 0 && (
        <ClauseForm
          clause={policy.clauses[edited] ?? newClause('')}
          path={`clauses[${edited}]`}
          errors={errors}
          cameras={all}
          groups={groups}
          schedules={policy.schedules}
          onChange={(next) => setClauses(policy.clauses.map((clause) => (clause.id === next.id ? next : clause)))}
          onClose={() => setEditing(null)}
        />
      )}
    </>
  );
}
