import { useTranslation } from 'react-i18next';

const shipped = ['incident', 'investigation', 'authority', 'subject', 'technical', 'training', 'other'] as const;

/** A purpose in the reader's language; one of the organisation's own as it was written. */
export function usePurposeWords(): (id: string) => string {
  const { t } = useTranslation();
  return (id) => {
    const known = shipped.find((word) => word === id);
    return known ? t(`purpose.words.${known}`) : id;
  };
}
