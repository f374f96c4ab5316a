import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PurposeInput, Purposes } from '../api/types';
import { usePurposeWords } from './words';

interface Props {
  purposes: Purposes;
  value: PurposeInput;
  onChange: (value: PurposeInput) => void;
}

/** Whether the node would take it. */
export function isComplete(purposes: Purposes, value: PurposeInput): boolean {
  const chosen = purposes.purposes.find(({ id }) => id === value.purpose);
  return chosen !== undefined && (!chosen.needsReference || (value.reference ?? '').trim() !== '');
}

/** What for, and the number or sentence that goes with it. */
export function PurposeFields({ purposes, value, onChange }: Props) {
  const { t } = useTranslation();
  const words = usePurposeWords();
  const chosen = purposes.purposes.find(({ id }) => id === value.purpose);
  return (
    <>
      <NativeSelect
        label={t('purpose.what')}
        required
        value={value.purpose ?? ''}
        onChange={(event) => onChange({ ...value, purpose: event.currentTarget.value })}
        data={[
          { value: '', label: t('purpose.choose'), disabled: true },
          ...purposes.purposes.map(({ id }) => ({ value: id, label: words(id) })),
        ]}
      />
      <TextInput
        label={t('purpose.reference')}
        description={t('purpose.referenceHint')}
        required={chosen?.needsReference ?? false}
        maxLength={200}
        dir="auto"
        value={value.reference ?? ''}
        onChange={(event) => onChange({ ...value, reference: event.currentTarget.value })}
      />
    </>
  );
}
