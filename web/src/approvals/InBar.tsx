import { ActionIcon, Tooltip, UnstyledButton } from '@mantine/core';
import { IconClipboardText, IconUserCheck } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import './approvals.css';
import { useApprovals } from './approvals';
import { usePurposes } from './purpose';
import { usePurposeWords } from './words';

const PurposeDialog = lazy(() => import('./PurposeDialog'));
const ApprovalsDialog = lazy(() => import('./ApprovalsDialog'));

/** For what this session looks at footage, where the node asks for that. */
export function PurposeInBar() {
  const { t } = useTranslation();
  const words = usePurposeWords();
  const purposes = usePurposes();
  const [open, setOpen] = useState(false);
  const current = purposes.data?.current;
  if (!purposes.data || (!current && purposes.data.askedFor.length === 0)) return null;
  const said = current ? [words(current.purpose), current.reference].filter(Boolean).join(' · ') : t('purpose.none');
  return (
    <>
      <Tooltip label={t('purpose.current', { purpose: said })}>
        <UnstyledButton
          className="purpose-now"
          aria-label={t('purpose.current', { purpose: said })}
          onClick={() => setOpen(true)}
        >
          <IconClipboardText size={18} aria-hidden />
          <span className={current ? 'purpose-words' : 'purpose-words dim'}>
            <bdi>{said}</bdi>
          </span>
        </UnstyledButton>
      </Tooltip>
      {open && (
        <Suspense>
          <PurposeDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

/** What waits for a second person: for this one, or from them. */
export function ApprovalsInBar() {
  const { t } = useTranslation();
  const format = useFormat();
  const approvals = useApprovals();
  const [open, setOpen] = useState(false);
  const waiting = approvals.data?.toDecide.length ?? 0;
  // What one asked for and may be done now needs a hand, too.
  const ready = approvals.data?.mine.filter(({ state }) => state === 'approved').length ?? 0;
  const asked = approvals.data?.mine.length ?? 0;
  if (waiting + asked === 0 && !open) return null;
  const label = waiting > 0 ? t('approvals.wait', { count: waiting }) : t('approvals.title');
  return (
    <>
      <Tooltip label={label}>
        <ActionIcon
          className="approvals-now"
          aria-label={label}
          data-waiting={waiting}
          data-ready={ready}
          onClick={() => setOpen(true)}
        >
          <IconUserCheck size={18} />
          {waiting + ready > 0 && <span className="approvals-count">{format.number(waiting + ready)}</span>}
        </ActionIcon>
      </Tooltip>
      {open && (
        <Suspense>
          <ApprovalsDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
