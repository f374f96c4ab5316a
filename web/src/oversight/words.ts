import { useTranslation } from 'react-i18next';

/** What a kind of access, of record or of gap is called; one that this page doesn't know is its own word. */
export function useKindWords(): (kind: string) => string {
  const { t } = useTranslation();
  return (kind) => t(`oversight.kind.${kind}`, { defaultValue: t(`oversight.record.${kind}`, { defaultValue: kind }) });
}
