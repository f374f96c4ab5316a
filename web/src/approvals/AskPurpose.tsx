import { Button } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { isMissing, usePurposes } from './purpose';

const PurposeDialog = lazy(() => import('./PurposeDialog'));

/** Whether footage of an instant is shown only for a purpose, and none was given. */
export function useIsPurposeMissing(at: number): boolean {
  const purposes = usePurposes();
  const after = (purposes.data?.pastAfter ?? 0) * 1000;
  return isMissing(purposes.data, 'past') && at < nodeNow() - after;
}

/** In place of a picture that is shown for a purpose only. */
export function AskPurpose() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <p className="dim">{t('purpose.forPast')}</p>
      <Button variant="default" onClick={() => setOpen(true)}>
        {t('purpose.ask')}
      </Button>
      {open && (
        <Suspense>
          <PurposeDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
