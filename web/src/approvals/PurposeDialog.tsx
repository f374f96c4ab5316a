import { Button, Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import './approvals.css';
import { useEndPurpose, usePurposes } from './purpose';
import { PurposeForm } from './PurposeForm';

/** What this session looks at footage for: given, changed, ended. */
export default function PurposeDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const purposes = usePurposes();
  const end = useEndPurpose();
  const current = purposes.data?.current;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('purpose.title')}
      size={460}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <p className="dim">
        {t('purpose.about')}
        {current && ` ${t('purpose.until', { time: format.dateTime(Date.parse(current.until)) })}`}
      </p>
      {purposes.data && (
        <PurposeForm purposes={purposes.data} onGiven={onClose}>
          {current && (
            <Button
              variant="default"
              loading={end.isPending}
              onClick={() => end.mutate(undefined, { onSuccess: onClose })}
            >
              {t('purpose.end')}
            </Button>
          )}
        </PurposeForm>
      )}
    </Modal>
  );
}
