import { useTranslation } from 'react-i18next';

/** What the node ships as items of checklists, by key. */
const shipped = [
  'where',
  'call',
  'keepInSight',
  'nearestPatrol',
  'pin',
  'look',
  'patrolOrWhy',
  'partner',
  'distance',
  'customs',
  'patrol',
  'lookLive',
  'leader',
  'lookBefore',
  'haveLooked',
  'known',
  'technician',
] as const;

/** A checklist's item in the reader's language where it is a shipped one; else in the words of who wrote it. */
export function useItemText(): (item: { text: string; key: string | null }) => string {
  const { t } = useTranslation();
  return ({ text, key }) => {
    const known = shipped.find((each) => each === key);
    return known === undefined ? text : t(`checklist.${known}`);
  };
}
