import { Badge, Button, Modal, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCameras } from '../api/queries';
import type { Approval } from '../api/types';
import { askedFor } from '../evidence/asked';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { go } from '../shell/route';
import { toast } from '../shell/toast';
import './approvals.css';
import { useApprovals, useDecide, useExportAgreed, useWithdraw } from './approvals';
import { usePurposeWords } from './words';

/** What waits for this person's decision, and what they asked for themselves. */
export default function ApprovalsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const approvals = useApprovals();
  const toDecide = approvals.data?.toDecide ?? [];
  const mine = approvals.data?.mine ?? [];
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('approvals.title')}
      size={620}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <section className="approvals">
        <h2>{t('approvals.toDecide')}</h2>
        {toDecide.length === 0 && <p className="dim">{t('approvals.noneToDecide')}</p>}
        {toDecide.map((approval) => (
          <Waiting key={approval.id} approval={approval} />
        ))}
        {mine.length > 0 && <h2>{t('approvals.mine')}</h2>}
        {mine.map((approval) => (
          <Mine key={approval.id} approval={approval} onClose={onClose} />
        ))}
      </section>
    </Modal>
  );
}

/** One file of one stream, which the request's detail names, and whether it is without masks; a package has its title there. */
const isClip = ({ action, detail }: Approval) => action === 'export' && /^(main|sub)( unmasked)?$/.test(detail);
const isPackage = (approval: Approval) => approval.action === 'export' && !isClip(approval);

function Asked({ approval, children }: { approval: Approval; children: ReactNode }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = usePurposeWords();
  const cameras = useCameras();
  const name = (id: string) => cameras.data?.find((camera) => camera.id === id)?.name ?? id;
  return (
    <article className="approval" data-approval={approval.state}>
      <p className="approval-what">
        <strong>{t(`approvals.action.${approval.action}`)}</strong>
        {approval.cameras.length > 0 && (
          <>
            {' · '}
            <bdi>{format.list(approval.cameras.map(name))}</bdi>
          </>
        )}
      </p>
      {approval.from !== null && (
        <p>
          {format.dateTime(Date.parse(approval.from))}
          {approval.to !== null && <> – {format.dateTime(Date.parse(approval.to))}</>}
        </p>
      )}
      {isClip(approval) && approval.detail.endsWith(' unmasked') && (
        <p>
          <strong>{t('approvals.unmasked')}</strong>
        </p>
      )}
      {!isClip(approval) && approval.detail !== '' && (
        <p>
          <bdi>{approval.detail}</bdi>
        </p>
      )}
      {approval.purpose !== '' && (
        <p>
          {t('purpose.what')}: <bdi>{[words(approval.purpose), approval.reference].filter(Boolean).join(' · ')}</bdi>
        </p>
      )}
      <p className="dim">
        <bdi>{approval.user}</bdi> · {format.dateTime(Date.parse(approval.askedAt))} ·{' '}
        {t('approvals.until', { time: format.dateTime(Date.parse(approval.expiresAt)) })}
      </p>
      {children}
    </article>
  );
}

function Waiting({ approval }: { approval: Approval }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const decide = useDecide();
  const say = (agrees: boolean) =>
    decide.mutate(
      { id: approval.id, agrees, reason: reason.trim() },
      { onSuccess: () => toast(agrees ? t('approvals.agreed') : t('approvals.refused')) },
    );
  return (
    <Asked approval={approval}>
      <TextInput
        label={t('approvals.reason')}
        description={t('approvals.reasonHint')}
        maxLength={500}
        dir="auto"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {decide.isError && (
        <p role="alert">
          <Why error={decide.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" disabled={reason.trim() === ''} loading={decide.isPending} onClick={() => say(false)}>
          {t('approvals.refuse')}
        </Button>
        <Button loading={decide.isPending} onClick={() => say(true)}>
          {t('approvals.agree')}
        </Button>
      </div>
    </Asked>
  );
}

function Mine({ approval, onClose }: { approval: Approval; onClose: () => void }) {
  const { t } = useTranslation();
  const withdraw = useWithdraw();
  const start = useExportAgreed();
  const agreed = approval.state === 'approved';
  return (
    <Asked approval={approval}>
      <p>
        <Badge variant="light" color={agreed ? 'green' : 'gray'}>
          {t(`approvals.state.${approval.state}`)}
        </Badge>{' '}
        {approval.decidedBy !== null && <bdi>{approval.decidedBy}</bdi>}
        {approval.reason !== '' && (
          <>
            {': '}
            <bdi>{approval.reason}</bdi>
          </>
        )}
      </p>
      {agreed && !isClip(approval) && (
        <p>{t(isPackage(approval) && !askedFor(approval.id) ? 'packages.agreedElsewhere' : 'approvals.doAgain')}</p>
      )}
      {(start.isError || withdraw.isError) && (
        <p role="alert">
          <Why error={start.error ?? withdraw.error} />
        </p>
      )}
      <div className="form-end">
        <Button variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate(approval.id)}>
          {t('approvals.withdraw')}
        </Button>
        {agreed && askedFor(approval.id) && (
          <Button
            onClick={() => {
              onClose();
              go(`/evidence?make=asked&approval=${encodeURIComponent(approval.id)}`);
            }}
          >
            {t('packages.makeAgreed')}
          </Button>
        )}
        {agreed && isClip(approval) && (
          <Button
            loading={start.isPending}
            onClick={() => start.mutate(approval, { onSuccess: () => toast(t('approvals.exportBegun')) })}
          >
            {t('approvals.exportNow')}
          </Button>
        )}
      </div>
    </Asked>
  );
}
