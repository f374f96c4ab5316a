import { useTranslation } from 'react-i18next';
import type { Permission } from '../api/types';
import { useFormat } from '../i18n/format';

/** Permissions as one line of words. */
export function usePermissionWords(): (permissions: readonly Permission[]) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (permissions) => format.list(permissions.map((permission) => t(`permission.name.${permission}`)));
}
