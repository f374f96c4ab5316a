import { Badge, Button, CopyButton, Modal, Select, Skeleton, Textarea, TextInput } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../../api/clock';
import { clockWords, tenth } from '../../i18n/clock';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Failure, Notice, Why } from '../../shell/Notice';
import { toast } from '../../shell/toast';
import './links.css';
import {
  useInvitations,
  useInvite,
  useJoin,
  useLinkAct,
  useLinkFaults,
  useLinks,
  useOwnCard,
  useRefusals,
  useWithdrawInvitation,
  type Link,
  type LinkKind,
} from './links';

const kinds: LinkKind[] = ['site', 'centre', 'partner'];

type Open = { what: 'invite' | 'join' } | { what: 'confirm' | 'suspend' | 'end'; link: Link };

/** Nodes that this one is linked with: how each link does, and how one is made, confirmed, suspended and ended. */
export default function LinksRoom() {
  const { t } = useTranslation();
  const may = useMay();
  const links = useLinks();
  const card = useOwnCard();
  const [open, setOpen] = useState<Open | null>(null);
  const manages = may('manageLinks');
  const close = () => setOpen(null);

  if (links.isError && !links.data) {
    return (
      <Failure title={t('links.failed')} error={links.error}>
        <Button variant="default" onClick={() => void links.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('links.title')}</h1>
        <span className="grow" />
        {manages && (
          <>
            <Button variant="default" onClick={() => setOpen({ what: 'join' })}>
              {t('links.join')}
            </Button>
            <Button leftSection={<IconLink size={16} />} onClick={() => setOpen({ what: 'invite' })}>
              {t('links.invite')}
            </Button>
          </>
        )}
      </div>
      <p className="dim link-about">{t('links.about')}</p>
      {card.data && (
        <dl className="link-card">
          <dt>{t('links.us')}</dt>
          <dd>
            <bdi>{card.data.organisation}</bdi> · <bdi>{card.data.site}</bdi>
          </dd>
          <dt>{t('links.address')}</dt>
          <dd>{card.data.address === '' ? t('links.dialsOnly') : <bdi dir="ltr">{card.data.address}</bdi>}</dd>
          <dt>{t('links.logKey')}</dt>
          <dd>
            <bdi dir="ltr" className="small">
              {card.data.logKey}
            </bdi>
          </dd>
        </dl>
      )}
      {!links.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
      {links.data?.length === 0 && (
        <Notice icon={<IconLink size={32} />} title={t('links.none')} text={t('links.noneDo')} />
      )}
      {links.data && links.data.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('links.other')}</th>
              <th scope="col">{t('links.state')}</th>
              <th scope="col">{t('links.waiting')}</th>
              <th scope="col">{t('links.clock')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('cameras.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {links.data.map((link) => (
              <Row key={link.id} link={link} manages={manages} onOpen={setOpen} />
            ))}
          </tbody>
        </table>
      )}
      {manages && <Waiting />}
      <Records links={links.data ?? []} />
      {open?.what === 'invite' && <InviteDialog onClose={close} />}
      {open?.what === 'join' && <JoinDialog onClose={close} onJoined={(link) => setOpen({ what: 'confirm', link })} />}
      {open?.what === 'confirm' && <ConfirmDialog link={open.link} onClose={close} />}
      {(open?.what === 'suspend' || open?.what === 'end') && (
        <WhyDialog act={open.what} link={open.link} onClose={close} />
      )}
    </div>
  );
}

function Row({ link, manages, onOpen }: { link: Link; manages: boolean; onOpen: (open: Open) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const act = useLinkAct();
  const state = link.state !== 'active' ? link.state : link.isUp ? 'up' : 'down';
  const colour = { up: 'green', down: 'orange', confirming: 'blue', suspended: 'gray', ended: 'gray' }[state];
  return (
    <tr data-link={link.id} data-state={state}>
      <td>
        <bdi className="list-name">{link.organisation}</bdi>
        <div className="dim small">
          <bdi>{link.site}</bdi> · {t(`links.kinds.${link.kind}`)}
        </div>
        {link.earlierLogKeys.length > 0 && (
          <div className="dim small" title={link.logKey}>
            {t('links.keyFollowed')}
          </div>
        )}
      </td>
      <td>
        <Badge variant="light" color={colour}>
          {t(`links.states.${state}`)}
        </Badge>
        <div className="dim small">
          {link.state === 'active' && link.since != null && format.relative(Date.parse(link.since), nodeNow())}
          {link.state === 'active' && link.fault != null && <bdi> {link.fault}</bdi>}
          {link.why !== '' && <bdi>{link.why}</bdi>}
        </div>
      </td>
      <td data-label={t('links.waiting')}>{link.state === 'ended' ? '' : format.number(link.waiting)}</td>
      <td data-label={t('links.clock')}>
        {link.clockOffset != null && link.state === 'active' && (
          <bdi>{clockWords(t, format, link.clockOffset, tenth)}</bdi>
        )}
      </td>
      <td className="list-tools">
        {manages && link.state === 'confirming' && (
          <Button size="compact-sm" onClick={() => onOpen({ what: 'confirm', link })}>
            {t('links.compare')}
          </Button>
        )}
        {manages && link.state === 'active' && (
          <Button variant="default" size="compact-sm" onClick={() => onOpen({ what: 'suspend', link })}>
            {t('links.suspend')}
          </Button>
        )}
        {manages && link.state === 'suspended' && (
          <Button
            variant="default"
            size="compact-sm"
            loading={act.isPending}
            onClick={() => act.mutate({ id: link.id, act: 'resume' })}
          >
            {t('links.resume')}
          </Button>
        )}
        {manages && link.state !== 'ended' && (
          <Button variant="default" size="compact-sm" onClick={() => onOpen({ what: 'end', link })}>
            {t('links.end')}
          </Button>
        )}
      </td>
    </tr>
  );
}

/** Invitations that nobody used yet. */
function Waiting() {
  const { t } = useTranslation();
  const format = useFormat();
  const invitations = useInvitations(true);
  const withdraw = useWithdrawInvitation();
  const waiting = invitations.data?.filter((invitation) => invitation.link === '') ?? [];
  if (waiting.length === 0) return null;
  return (
    <>
      <h2 className="link-section">{t('links.invitations')}</h2>
      <table className="list">
        <tbody>
          {waiting.map((invitation) => (
            <tr key={invitation.id}>
              <td>
                {t(`links.kinds.${invitation.kind}`)}
                {invitation.note !== '' && (
                  <>
                    {' · '}
                    <bdi>{invitation.note}</bdi>
                  </>
                )}
                <div className="dim small">
                  <bdi>{invitation.createdBy}</bdi> ·{' '}
                  {t('links.until', { time: format.dateTime(Date.parse(invitation.expiresAt)) })}
                </div>
              </td>
              <td className="list-tools">
                <Button variant="default" size="compact-sm" onClick={() => withdraw.mutate(invitation.id)}>
                  {t('links.withdraw')}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** What was refused on either side, and what no honest node sends: for operators and for oversight. */
function Records({ links }: { links: Link[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const refusals = useRefusals();
  const faults = useLinkFaults();
  const name = (id: string) => links.find((link) => link.id === id)?.organisation ?? t('links.unknown');
  if (!refusals.data?.length && !faults.data?.length) return null;
  return (
    <>
      <h2 className="link-section">{t('links.records')}</h2>
      <table className="list">
        <tbody>
          {faults.data?.slice(0, 50).map((fault, index) => (
            <tr key={`fault-${index}`} data-fault={fault.what}>
              <td>
                <bdi>{name(fault.link)}</bdi>
                <div className="dim small">
                  <bdi dir="ltr">{fault.address}</bdi>
                </div>
              </td>
              <td>
                <bdi>{fault.detail}</bdi>
                {fault.times > 1 && <div className="dim small">{t('links.times', { count: fault.times })}</div>}
              </td>
              <td className="dim small">{format.dateTime(Date.parse(fault.lastAt))}</td>
            </tr>
          ))}
          {refusals.data?.slice(0, 50).map((refusal, index) => (
            <tr key={`refusal-${index}`} data-refusal={refusal.kind}>
              <td>
                <bdi>{name(refusal.link)}</bdi>
                <div className="dim small">{t(refusal.here ? 'links.refusedHere' : 'links.refusedThere')}</div>
              </td>
              <td>
                <bdi>{refusal.reason}</bdi>
                <div className="dim small">
                  <bdi dir="ltr">
                    {refusal.kind} {refusal.clause}
                  </bdi>
                </div>
              </td>
              <td className="dim small">{format.dateTime(Date.parse(refusal.at))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function InviteDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const invite = useInvite();
  const [kind, setKind] = useState<LinkKind>('partner');
  const [note, setNote] = useState('');
  const code = invite.data?.code;
  return (
    <Modal opened onClose={onClose} title={t('links.inviteTitle')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      {code == null ? (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            invite.mutate({ kind, note: note.trim() });
          }}
        >
          <Select
            label={t('links.otherIs')}
            data={kinds.map((value) => ({ value, label: t(`links.kinds.${value}`) }))}
            value={kind}
            onChange={(value) => value !== null && setKind(value)}
            allowDeselect={false}
            data-autofocus
          />
          <TextInput
            label={t('links.note')}
            maxLength={200}
            dir="auto"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {invite.isError && (
            <p className="red" role="alert">
              <Why error={invite.error} />
            </p>
          )}
          <div className="form-end">
            <Button variant="default" onClick={onClose}>
              {t('app.cancel')}
            </Button>
            <Button type="submit" loading={invite.isPending}>
              {t('links.invite')}
            </Button>
          </div>
        </form>
      ) : (
        <div className="form">
          <p>{t('links.codeText')}</p>
          <code className="link-code" dir="ltr">
            {code}
          </code>
          <div className="form-end">
            <CopyButton value={code}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {t(copied ? 'links.copied' : 'links.copy')}
                </Button>
              )}
            </CopyButton>
            <Button onClick={onClose}>{t('app.close')}</Button>
          </div>
        </div>
      )}
    </Modal>
  );
}

function JoinDialog({ onClose, onJoined }: { onClose: () => void; onJoined: (link: Link) => void }) {
  const { t } = useTranslation();
  const join = useJoin();
  const [code, setCode] = useState('');
  // Said here, not taken from the code: the other side wrote that.
  const [kind, setKind] = useState<LinkKind | null>(null);
  return (
    <Modal opened onClose={onClose} title={t('links.joinTitle')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (kind !== null) join.mutate({ code, kind }, { onSuccess: onJoined });
        }}
      >
        <Textarea
          label={t('links.code')}
          description={t('links.codeHint')}
          required
          autosize
          minRows={3}
          dir="ltr"
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          data-autofocus
        />
        <Select
          label={t('links.otherIs')}
          description={kind !== null && t(`links.means.${kind}`)}
          required
          data={kinds.map((value) => ({ value, label: t(`links.kinds.${value}`) }))}
          value={kind}
          onChange={setKind}
          allowDeselect={false}
        />
        {join.isError && (
          <p className="red" role="alert">
            <Why error={join.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" disabled={code.trim() === '' || kind === null} loading={join.isPending}>
            {t('links.join')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function ConfirmDialog({ link, onClose }: { link: Link; onClose: () => void }) {
  const { t } = useTranslation();
  const act = useLinkAct();
  return (
    <Modal opened onClose={onClose} title={t('links.compareTitle')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <div className="form">
        <p>
          <bdi>{link.organisation}</bdi> · <bdi>{link.site}</bdi>
        </p>
        <p data-kind={link.kind}>{t(`links.means.${link.kind}`)}</p>
        <p className="link-digits" dir="ltr">
          {link.digits}
        </p>
        <p>{t('links.compareText')}</p>
        {act.isError && (
          <p className="red" role="alert">
            <Why error={act.error} />
          </p>
        )}
        <div className="form-end">
          <Button
            variant="default"
            color="red"
            onClick={() => act.mutate({ id: link.id, act: 'end', why: t('links.differ') }, { onSuccess: onClose })}
          >
            {t('links.differ')}
          </Button>
          <Button
            loading={act.isPending}
            onClick={() =>
              act.mutate(
                { id: link.id, act: 'confirm', digits: link.digits },
                {
                  onSuccess: () => {
                    toast(t('links.confirmed'));
                    onClose();
                  },
                },
              )
            }
          >
            {t('links.same')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function WhyDialog({ act, link, onClose }: { act: 'suspend' | 'end'; link: Link; onClose: () => void }) {
  const { t } = useTranslation();
  const doing = useLinkAct();
  const [why, setWhy] = useState('');
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(act === 'end' ? 'links.endTitle' : 'links.suspendTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          doing.mutate({ id: link.id, act, why: why.trim() }, { onSuccess: onClose });
        }}
      >
        <p>{t(act === 'end' ? 'links.endText' : 'links.suspendText')}</p>
        <TextInput
          label={t('links.reason')}
          required
          maxLength={500}
          dir="auto"
          value={why}
          onChange={(event) => setWhy(event.currentTarget.value)}
          data-autofocus
        />
        {doing.isError && (
          <p className="red" role="alert">
            <Why error={doing.error} />
          </p>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" color="red" disabled={why.trim() === ''} loading={doing.isPending}>
            {t(act === 'end' ? 'links.end' : 'links.suspend')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
