import { IconClipboardText } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PurposeFor } from '../api/types';
import { Notice, RoomSkeleton } from '../shell/Notice';
import './approvals.css';
import { isMissing, usePurposes } from './purpose';
import { PurposeForm } from './PurposeForm';

/** Shows a room once somebody has said what they look for, where the node asks for it. */
export function PurposeGate({ what, children }: { what: PurposeFor; children: ReactNode }) {
  const { t } = useTranslation();
  const purposes = usePurposes();
  if (purposes.isPending) return <RoomSkeleton />;
  // Without an answer the node itself decides.
  if (!purposes.data || !isMissing(purposes.data, what)) return <>{children}</>;
  return (
    <Notice icon={<IconClipboardText size={32} />} title={t('purpose.title')} text={t('purpose.about')}>
      <PurposeForm purposes={purposes.data} />
    </Notice>
  );
}
