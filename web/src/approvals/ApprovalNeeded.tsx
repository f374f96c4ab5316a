import { Alert } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { approvalOf } from '../api/approvalOf';
import { Why } from '../shell/Notice';

/** What an answer means that asks for a second person; nothing for other errors. */
export function ApprovalNeeded({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const needed = approvalOf(error);
  if (!needed) return null;
  const refused = needed.approval.state === 'refused';
  return (
    <Alert
      color={refused ? 'red' : 'blue'}
      variant="light"
      icon={<IconUserCheck size={18} />}
      title={refused ? t('approvals.refusedTitle') : t('approvals.neededTitle')}
      data-approval={needed.approval.state}
    >
      <Why error={error} />
    </Alert>
  );
}
