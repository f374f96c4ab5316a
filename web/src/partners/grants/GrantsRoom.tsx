import { Badge, Button, Checkbox, Modal, NativeSelect, Skeleton, Textarea } from '@mantine/core';
import { IconGift } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { useFormat } from '../../i18n/format';
import { useMay, useSession } from '../../identity/session';
import { Failure, Notice, Why } from '../../shell/Notice';
import { go, usePlace } from '../../shell/route';
import './grants.css';
import {
  canSee,
  capUrl,
  isOpen,
  papersUrl,
  useAcknowledge,
  useClose,
  useDelete,
  useHandOvers,
  usePartners,
  usePurpose,
  useReview,
  useRevoke,
  useShares,
  stepsOf,
  type HandOver,
  type Share,
} from './grants';

const GiveDialog = lazy(() => import('./GiveDialog'));
const ShareViewer = lazy(() => import('./ShareViewer'));

const colours: Record<Share['state'], string> = {
  asked: 'gray',
  approved: 'gray',
  given: 'blue',
  active: 'blue',
  revoked: 'red',
  expired: 'gray',
  ended: 'gray',
  refused: 'red',
};

const outcomes = ['real', 'false', 'nuisance', 'test'] as const;

type Open = { what: 'revoke' | 'review' | 'delete'; share: Share } | { what: 'close'; handOver: HandOver };

/** What this organisation lets others have, what it was let have, and incidents handed over; with every statement that either side signed. */
export default function GrantsRoom() {
  const { t } = useTranslation();
  const may = useMay();
  const shares = useShares();
  const handOvers = useHandOvers();
  const partners = usePartners();
  const acknowledge = useAcknowledge();
  const { query } = usePlace();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const giving = query.get('give');
  const handing = query.get('incident');
  const seen = shares.data?.received.find(({ id }) => id === query.get('see'));

  if (shares.isError && !shares.data) {
    return (
      <Failure title={t('grants.failed')} error={shares.error}>
        <Button variant="default" onClick={() => void shares.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('grants.title')}</h1>
        <span className="grow" />
        {may('cooperate') && (
          <Button leftSection={<IconGift size={16} />} onClick={() => go('/partners/grants?give=')}>
            {t('grants.give')}
          </Button>
        )}
      </div>
      <p className="dim grant-about">{t('grants.about')}</p>
      {!shares.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {acknowledge.error && <Why error={acknowledge.error} />}
      {handOvers.data && handOvers.data.length > 0 && (
        <>
          <h2 className="grant-section">{t('grants.handOvers')}</h2>
          <table className="list">
            <tbody>
              {handOvers.data.map((handOver) => (
                <HandOverRow
                  key={handOver.id}
                  handOver={handOver}
                  received={(shares.data?.received ?? []).filter(
                    ({ id }) => id === handOver.cardGrant || id === handOver.liveGrant,
                  )}
                  onAcknowledge={() => acknowledge.mutate(handOver.id)}
                  onClose={() => setOpen({ what: 'close', handOver })}
                />
              ))}
            </tbody>
          </table>
        </>
      )}
      {shares.data &&
        (['received', 'given'] as const).map((side) => (
          <section key={side} data-side={side}>
            <h2 className="grant-section">{t(`grants.${side}`)}</h2>
            {shares.data[side].length === 0 ? (
              <Notice icon={<IconGift size={32} />} title={t('grants.none')} text={t(`grants.${side}None`)} />
            ) : (
              <table className="list">
                <tbody>
                  {shares.data[side].map((share) => (
                    <Row key={share.id} share={share} onOpen={(what) => setOpen({ what, share })} />
                  ))}
                </tbody>
              </table>
            )}
          </section>
        ))}
      {partners.data && partners.data.length > 0 && (
        <>
          <h2 className="grant-section">{t('grants.papers')}</h2>
          <p className="dim grant-about">{t('grants.papersAbout')}</p>
          <div className="grant-papers">
            {partners.data.map((partner) => (
              <Button key={partner.link} component="a" variant="default" href={papersUrl(partner.link)} download>
                <bdi>
                  {partner.organisation} · {partner.site}
                </bdi>
              </Button>
            ))}
          </div>
        </>
      )}
      {(giving !== null || handing !== null) && may('cooperate') && (
        <Suspense>
          <GiveDialog incident={handing} onClose={() => go('/partners/grants', { replace: true })} />
        </Suspense>
      )}
      {seen && (
        <Suspense>
          <ShareViewer share={seen} onClose={() => go('/partners/grants', { replace: true })} />
        </Suspense>
      )}
      {open?.what === 'revoke' && <RevokeDialog share={open.share} onClose={close} />}
      {open?.what === 'review' && <ReviewDialog share={open.share} onClose={close} />}
      {open?.what === 'delete' && <DeleteDialog share={open.share} onClose={close} />}
      {open?.what === 'close' && <CloseDialog handOver={open.handOver} onClose={close} />}
    </div>
  );
}

function Row({ share, onOpen }: { share: Share; onOpen: (what: 'revoke' | 'review' | 'delete') => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const session = useSession();
  const purpose = usePurpose();
  const act = may('cooperate');
  const reviews = share.review && share.review.closed === null && share.by !== session.data?.user?.name;
  return (
    <tr data-share={share.id} data-state={share.state}>
      <td>
        <bdi className="list-name">{share.title}</bdi>
        <div className="dim small">
          {t(`grants.what.${share.what}`)} · <bdi>{share.partner}</bdi>
        </div>
        <div className="dim small">
          <bdi>{purpose(share)}</bdi>
        </div>
      </td>
      <td>
        <Badge variant="light" color={colours[share.state]}>
          {t(`grants.state.${share.state}`)}
        </Badge>
        <div className="dim small">
          {isOpen(share)
            ? t('grants.until', { time: format.dateTime(Date.parse(share.expires)) })
            : [share.why, share.fileFault].filter(Boolean).join(' · ')}
        </div>
        <div className="dim small">
          {t('grants.clause', { clause: share.clause })} · {share.handling.toUpperCase()} ·{' '}
          {t(share.masked ? 'grants.masked' : 'grants.unmasked')}
        </div>
      </td>
      <td>
        <ul className="grant-acts dim small">
          {stepsOf(share).map(({ act, count, last }) => (
            <li key={act}>
              {t(`grants.act.${act}`)}
              {count > 1 && <span dir="ltr"> ×{format.number(count)}</span>} ·{' '}
              {format.relative(Date.parse(last), nodeNow())}
            </li>
          ))}
        </ul>
      </td>
      <td className="list-tools">
        {canSee(share) && (act || share.card) && (
          <Button
            variant={share.what === 'live' ? 'light' : 'default'}
            size="compact-sm"
            onClick={() => go(`/partners/grants?see=${share.id}`)}
          >
            {t(share.what === 'live' ? 'grants.see.watch' : 'grants.open')}
          </Button>
        )}
        {!share.ours && share.file === 'here' && act && (
          <Button variant="default" size="compact-sm" onClick={() => onOpen('delete')}>
            {t('grants.delete')}
          </Button>
        )}
        {share.ours && reviews && act && (
          <Button variant="default" size="compact-sm" onClick={() => onOpen('review')}>
            {t('grants.review')}
          </Button>
        )}
        {share.ours && isOpen(share) && act && (
          <Button variant="default" size="compact-sm" onClick={() => onOpen('revoke')}>
            {t('grants.revoke')}
          </Button>
        )}
      </td>
    </tr>
  );
}

function HandOverRow(props: { handOver: HandOver; received: Share[]; onAcknowledge: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useMay();
  const { handOver } = props;
  const state = handOver.closed
    ? 'closed'
    : handOver.acknowledged
      ? 'acknowledged'
      : handOver.refused
        ? 'refused'
        : handOver.escalated
          ? 'escalated'
          : 'waiting';
  return (
    <tr data-handover={handOver.id} data-state={state}>
      <td>
        {handOver.rescue && (
          <Badge color="red" variant="light" me={8}>
            {t('grants.rescue')}
          </Badge>
        )}
        <bdi className="list-name">{handOver.title}</bdi>
        <div className="dim small">
          {t(handOver.ours ? 'grants.handedTo' : 'grants.handedBy')} <bdi>{handOver.partner}</bdi>
        </div>
        {handOver.note !== '' && <bdi className="dim small">{handOver.note}</bdi>}
      </td>
      <td>
        <Badge
          variant="light"
          color={state === 'escalated' || state === 'refused' ? 'red' : state === 'waiting' ? 'yellow' : 'gray'}
        >
          {t(`grants.handOver.${state}`)}
        </Badge>
        <div className="dim small">
          {handOver.acknowledged ? (
            <bdi>{[handOver.acknowledgedBy, handOver.closedNote].filter(Boolean).join(' · ')}</bdi>
          ) : handOver.refused ? (
            <bdi>{handOver.refusedWhy}</bdi>
          ) : (
            t('grants.due', { time: format.relative(Date.parse(handOver.due), nodeNow()) })
          )}
        </div>
      </td>
      <td className="list-tools">
        {props.received.filter(canSee).map((share) => (
          <Button
            key={share.id}
            variant={share.what === 'live' ? 'light' : 'default'}
            size="compact-sm"
            onClick={() => go(`/partners/grants?see=${share.id}`)}
          >
            {t(share.what === 'live' ? 'grants.see.watch' : 'grants.what.incidentCard')}
          </Button>
        ))}
        {handOver.hasCap && may('cooperate') && (
          <Button component="a" variant="default" size="compact-sm" href={capUrl(handOver.id)} target="_blank">
            CAP
          </Button>
        )}
        {!handOver.ours && !handOver.acknowledged && may('cooperate') && (
          <Button size="compact-sm" onClick={props.onAcknowledge}>
            {t('grants.acknowledge')}
          </Button>
        )}
        {!handOver.ours && handOver.acknowledged && !handOver.closed && may('cooperate') && (
          <Button variant="default" size="compact-sm" onClick={props.onClose}>
            {t('grants.close')}
          </Button>
        )}
      </td>
    </tr>
  );
}

function Ask(props: {
  title: string;
  act: string;
  error: unknown;
  busy: boolean;
  ready: boolean;
  onDo: () => void;
  onClose: () => void;
  children?: React.ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={props.onClose} title={props.title} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (props.ready) props.onDo();
        }}
      >
        {props.children}
        {props.error != null && <Why error={props.error} />}
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" disabled={!props.ready} loading={props.busy}>
            {props.act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Text({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  return (
    <Textarea
      label={label}
      dir="auto"
      maxLength={500}
      data-autofocus
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function RevokeDialog({ share, onClose }: { share: Share; onClose: () => void }) {
  const { t } = useTranslation();
  const revoke = useRevoke();
  const [reason, setReason] = useState('');
  return (
    <Ask
      title={t('grants.revokeTitle')}
      act={t('grants.revoke')}
      error={revoke.error}
      busy={revoke.isPending}
      ready={reason.trim() !== ''}
      onDo={() => revoke.mutate({ id: share.id, reason: reason.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text label={t('grants.why')} value={reason} onChange={setReason} />
    </Ask>
  );
}

function ReviewDialog({ share, onClose }: { share: Share; onClose: () => void }) {
  const { t } = useTranslation();
  const review = useReview();
  const [right, setRight] = useState(true);
  const [note, setNote] = useState('');
  return (
    <Ask
      title={t('grants.reviewTitle')}
      act={t('grants.review')}
      error={review.error}
      busy={review.isPending}
      ready={right || note.trim() !== ''}
      onDo={() => review.mutate({ id: share.id, right, note: note.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Checkbox label={t('grants.right')} checked={right} onChange={(event) => setRight(event.currentTarget.checked)} />
      <Text label={t('grants.note')} value={note} onChange={setNote} />
    </Ask>
  );
}

function DeleteDialog({ share, onClose }: { share: Share; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDelete();
  return (
    <Ask
      title={t('grants.deleteTitle')}
      act={t('grants.delete')}
      error={remove.error}
      busy={remove.isPending}
      ready
      onDo={() => remove.mutate(share.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <bdi>{share.title}</bdi>
    </Ask>
  );
}

function CloseDialog({ handOver, onClose }: { handOver: HandOver; onClose: () => void }) {
  const { t } = useTranslation();
  const close = useClose();
  const [outcome, setOutcome] = useState<(typeof outcomes)[number]>('real');
  const [note, setNote] = useState('');
  return (
    <Ask
      title={handOver.title}
      act={t('grants.close')}
      error={close.error}
      busy={close.isPending}
      ready
      onDo={() => close.mutate({ id: handOver.id, outcome, note: note.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <NativeSelect
        label={t('grants.outcome')}
        value={outcome}
        onChange={(event) => setOutcome(event.currentTarget.value as typeof outcome)}
        data={outcomes.map((value) => ({ value, label: t(`alarms.outcome.${value}`) }))}
      />
      <Text label={t('grants.note')} value={note} onChange={setNote} />
    </Ask>
  );
}
