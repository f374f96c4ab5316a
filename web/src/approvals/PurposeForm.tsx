import { Alert, Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PurposeInput, Purposes } from '../api/types';
import { Why } from '../shell/Notice';
import { useGivePurpose } from './purpose';
import { isComplete, PurposeFields } from './PurposeFields';

/** Gives the session a purpose to go on with. */
export function PurposeForm(props: { purposes: Purposes; onGiven?: () => void; children?: ReactNode }) {
  const { t } = useTranslation();
  const { purposes, onGiven } = props;
  const [value, setValue] = useState<PurposeInput>({
    purpose: purposes.current?.purpose ?? '',
    reference: purposes.current?.reference ?? '',
  });
  const give = useGivePurpose();
  return (
    <form
      className="form purpose-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isComplete(purposes, value)) give.mutate(value, { onSuccess: () => onGiven?.() });
      }}
    >
      <PurposeFields purposes={purposes} value={value} onChange={setValue} />
      {give.isError && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('purpose.failed')}>
          <Why error={give.error} />
        </Alert>
      )}
      <div className="form-end">
        {props.children}
        <Button type="submit" loading={give.isPending} disabled={!isComplete(purposes, value)}>
          {t('purpose.give')}
        </Button>
      </div>
    </form>
  );
}
