import { useTranslation } from 'react-i18next';
import type { Role } from '../api/types';

const shipped = [
  'operator',
  'shift-leader',
  'technician',
  'investigator',
  'liaison-officer',
  'administrator',
  'auditor',
] as const;
const isShipped = (id: string): id is (typeof shipped)[number] => shipped.some((known) => known === id);

/** What a role is called: those that come with the program in the reader's language, one's own as it was written. */
export function useRoleWords() {
  const { t } = useTranslation();
  return {
    nameOf: (role: Pick<Role, 'id' | 'name'>): string => (isShipped(role.id) ? t(`role.name.${role.id}`) : role.name),
    aboutOf: (role: Pick<Role, 'id'>): string | undefined =>
      isShipped(role.id) ? t(`role.about.${role.id}`) : undefined,
  };
}
