import { useTranslation } from 'react-i18next';
import type { Alarm, SceneEvent } from '../api/types';
import { useFormat } from '../i18n/format';
import { Said } from '../shell/Notice';

/** Kinds of which the node tells what its sentence is made of. */
const worded = ['requestDue', 'requestOverdue', 'answerOverdue', 'handedOver', 'handOverLate'] as const;

/** What an alarm or a scene event says of itself: in the reader's language where its kind has a sentence, else as its source wrote it. */
export function AlarmWords({ kind, detail, facts }: Pick<Alarm | SceneEvent, 'kind' | 'detail' | 'facts'>) {
  const { t } = useTranslation();
  const format = useFormat();
  const known = worded.find((each) => each === kind);
  if (known === undefined || Object.keys(facts).length === 0) return <Said text={detail} />;
  // Names keep their own direction in a sentence of the other.
  const { partner, title, due } = facts;
  const isolated = (name: string | undefined) => `\u2068${name ?? ''}\u2069`;
  return (
    <>
      {t(`alarms.said.${known}`, {
        partner: isolated(partner),
        title: isolated(title),
        due: due === undefined ? '' : format.dateTime(Date.parse(due)),
      })}
    </>
  );
}
