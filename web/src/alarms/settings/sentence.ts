import type { TFunction } from 'i18next';
import type { Clause } from './policy';

/** Keeps the direction of one part of a sentence to that part. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;

interface Names {
  locale: string;
  camera: (id: string) => string;
  schedule: (id: string) => string;
  percent: (value: number) => string;
}

/** What a clause says, as one sentence: which events, and what becomes of them. */
export function sentenceOf(t: TFunction, clause: Clause, names: Names): string {
  const either = new Intl.ListFormat(names.locale, { type: 'disjunction' });
  const list = (words: readonly string[]) => either.format(words.map(isolated));
  const when = [
    clause.kinds.length === 0
      ? t('alarmPolicy.part.anything')
      : list(clause.kinds.map((kind) => t(`scene.kind.${kind}`))),
  ];
  if (clause.classes.length > 0)
    when.push(t('alarmPolicy.part.classes', { list: list(clause.classes.map((each) => t(`scene.class.${each}`))) }));
  if (clause.sources.length > 0)
    when.push(
      t('alarmPolicy.part.sources', { list: list(clause.sources.map((each) => t(`alarmPolicy.source.${each}`))) }),
    );
  if (clause.rules.length > 0) when.push(t('alarmPolicy.part.rules', { list: list(clause.rules) }));
  if (clause.types.length > 0)
    when.push(t('alarmPolicy.part.types', { list: list(clause.types.map((each) => t(`alarms.type.${each}`))) }));
  if (clause.cameras.length + clause.groups.length > 0)
    when.push(
      t('alarmPolicy.part.where', {
        list: list([
          ...clause.cameras.map(names.camera),
          ...clause.groups.map((group) => t('alarmPolicy.part.group', { group: isolated(group) })),
        ]),
      }),
    );
  if (clause.minScore !== null)
    when.push(t('alarmPolicy.part.score', { percent: isolated(names.percent(clause.minScore)) }));
  if (clause.schedule !== null)
    when.push(t('alarmPolicy.part.schedule', { name: isolated(names.schedule(clause.schedule)) }));

  const then = [t(clause.action === 'ignore' ? 'alarmPolicy.then.ignore' : 'alarmPolicy.then.raise')];
  if (clause.action === 'raise') {
    if (clause.severity !== null)
      then.push(t('alarmPolicy.then.severity', { severity: isolated(t(`alarms.severity.${clause.severity}`)) }));
    if (clause.type !== null)
      then.push(t('alarmPolicy.then.type', { type: isolated(t(`alarms.type.${clause.type}`)) }));
    if (clause.opensIncident !== null)
      then.push(t(clause.opensIncident ? 'alarmPolicy.then.incident' : 'alarmPolicy.then.noIncident'));
    if (clause.whenDisarmed) then.push(t('alarmPolicy.then.disarmed'));
  }
  const comma = t('alarmPolicy.comma');
  return t('alarmPolicy.sentence', { when: when.join(comma), then: then.join(comma) });
}
