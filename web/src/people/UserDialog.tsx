import { Alert, Button, Modal, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Grant, Power, Role, Token, User } from '../api/types';
import { useFormat } from '../i18n/format';
import { faultOf, Remaining } from '../identity/fields';
import { RevokeDialog } from '../identity/OwnTokens';
import { useSession } from '../identity/session';
import { SessionList } from '../identity/SessionList';
import { TokenList } from '../identity/TokenList';
import { usePermissionWords } from '../identity/permissions';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { grantFields, LinkDialog } from './AddUser';
import { Can } from './Can';
import { beyond } from './giving';
import { Grants } from './Grants';
import {
  useDropFactors,
  useEndSessions,
  useNewLink,
  useRevokeTokenOf,
  useSaveUser,
  useSessionsOf,
  useTokensOf,
} from './people';
import { useRoleWords } from './words';

interface Props {
  user: User;
  roles: readonly Role[];
  mine: readonly Power[];
  onClose: () => void;
}

export function UserDialog({ user, roles, mine, onClose }: Props) {
  const { t } = useTranslation();
  const { nameOf } = useRoleWords();
  const words = usePermissionWords();
  const link = useNewLink();
  // Who has more than the reader is out of their reach altogether: a new link would be a way to it.
  const more = beyond(mine, user.grants, roles);
  if (link.data) return <LinkDialog made={link.data} onClose={link.reset} />;
  return (
    <Modal
      opened
      onClose={onClose}
      size={860}
      title={<bdi>{user.fullName || user.name}</bdi>}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {more && (
        <Alert color="yellow" mb={16}>
          {t('people.beyond', {
            role: nameOf(more.role),
            permissions: words(more.lacks),
          })}
        </Alert>
      )}
      <Facts user={user} roles={roles} mine={mine} locked={more !== undefined} onClose={onClose} />
      <Can id={user.id} />
      <SignIns user={user} locked={more !== undefined} linking={link.isPending} onLink={() => link.mutate(user.id)} />
      <Remaining error={link.error} fields={[]} />
      <Elsewhere user={user} />
    </Modal>
  );
}

function Facts({ user, roles, mine, locked, onClose }: Props & { locked: boolean }) {
  const { t } = useTranslation();
  const [fullName, setFullName] = useState(user.fullName);
  const [disabled, setDisabled] = useState(user.disabled);
  const [openId, setOpenId] = useState(user.openId);
  const provider = useSession().data?.openId;
  const [grants, setGrants] = useState<Grant[]>([...user.grants]);
  const save = useSaveUser();
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(
          { id: user.id, input: { fullName: fullName.trim(), disabled, openId, grants } },
          {
            onSuccess: () => {
              toast(t('people.saved'));
              onClose();
            },
          },
        );
      }}
    >
      <div className="form-pair">
        <TextInput label={t('people.name')} description={t('people.nameFixed')} value={user.name} dir="auto" readOnly />
        <TextInput
          label={t('people.fullName')}
          description={t('people.fullNameHelp')}
          value={fullName}
          maxLength={100}
          disabled={locked}
          onChange={(event) => setFullName(event.currentTarget.value)}
          error={faultOf(save.error, 'fullName')}
          autoComplete="off"
          dir="auto"
          data-autofocus
        />
      </div>
      <Switch
        label={t('people.maySignIn')}
        description={t('people.maySignInHelp')}
        checked={!disabled}
        disabled={locked}
        onChange={(event) => setDisabled(!event.currentTarget.checked)}
      />
      {provider && (
        <Switch
          label={t('people.openId', { name: provider.name })}
          description={t('people.openIdHelp')}
          checked={openId}
          disabled={locked}
          onChange={(event) => setOpenId(event.currentTarget.checked)}
        />
      )}
      {provider?.givesRoles === true && openId && (
        <p className="amber small">{t('people.openIdGives', { name: provider.name })}</p>
      )}
      <Grants grants={grants} roles={roles} mine={mine} error={save.error} disabled={locked} onChange={setGrants} />
      <Remaining error={save.error} fields={['fullName', ...grantFields(grants)]} />
      <div className="form-end">
        <Button type="submit" loading={save.isPending} disabled={locked || beyond(mine, grants, roles) !== undefined}>
          {t('app.save')}
        </Button>
      </div>
    </form>
  );
}

function SignIns(props: { user: User; locked: boolean; linking: boolean; onLink: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const drop = useDropFactors();
  const [asking, setAsking] = useState(false);
  const { user } = props;
  const factors = user.twoFactor || user.passkeys > 0;
  return (
    <section className="dialog-part">
      <h3>{t('people.signsInWith')}</h3>
      <dl className="people-facts">
        <dt>{t('identity.password')}</dt>
        <dd>{user.hasPassword ? t('people.yes') : t('people.notYet')}</dd>
        <dt>{t('account.authenticator')}</dt>
        <dd>{user.twoFactor ? t('people.yes') : t('people.no')}</dd>
        <dt>{t('account.passkeys')}</dt>
        <dd>{user.passkeys > 0 ? format.number(user.passkeys) : t('people.none')}</dd>
        <dt>{t('people.lastSignIn')}</dt>
        <dd>{user.signedInAt === null ? t('people.never') : format.dateTime(Date.parse(user.signedInAt))}</dd>
      </dl>
      <Remaining error={drop.error} fields={[]} />
      {asking && (
        <Alert color="red">
          <p>{t('people.dropText')}</p>
          <div className="form-end">
            <Button variant="default" data-autofocus onClick={() => setAsking(false)}>
              {t('app.cancel')}
            </Button>
            <Button
              color="red"
              loading={drop.isPending}
              onClick={() =>
                drop.mutate(user.id, {
                  onSuccess: () => {
                    toast(t('people.dropped'));
                    setAsking(false);
                  },
                })
              }
            >
              {t('people.drop')}
            </Button>
          </div>
        </Alert>
      )}
      <div className="form-end">
        <span className="dim small grow">{t('people.newLinkHelp')}</span>
        <Button variant="default" disabled={props.locked || !factors || asking} onClick={() => setAsking(true)}>
          {t('people.drop')}
        </Button>
        <Button
          variant="default"
          disabled={props.locked || user.disabled}
          loading={props.linking}
          onClick={props.onLink}
        >
          {t('people.newLink')}
        </Button>
      </div>
    </section>
  );
}

/** Sessions and tokens: whoever manages users may end them, whatever the user has. */
function Elsewhere({ user }: { user: User }) {
  const { t } = useTranslation();
  const sessions = useSessionsOf(user.id);
  const tokens = useTokensOf(user.id);
  const end = useEndSessions();
  const revoke = useRevokeTokenOf();
  const [revoking, setRevoking] = useState<Token | null>(null);
  const failed = sessions.error ?? tokens.error;
  return (
    <>
      <section className="dialog-part">
        <h3>{t('account.sessions')}</h3>
        {failed !== null && (
          <p className="red" role="alert">
            <Why error={failed} />
          </p>
        )}
        {sessions.data?.length === 0 && <p className="dim">{t('people.nowhere')}</p>}
        <SessionList sessions={sessions.data ?? []} ending={null} />
        <Remaining error={end.error} fields={[]} />
        <div className="form-end">
          <Button
            variant="default"
            disabled={(sessions.data ?? []).length === 0}
            loading={end.isPending}
            onClick={() => end.mutate(user.id, { onSuccess: () => toast(t('people.sessionsEnded')) })}
          >
            {t('people.endSessions')}
          </Button>
        </div>
      </section>
      <section className="dialog-part">
        <h3>{t('account.tokens')}</h3>
        {tokens.data?.length === 0 && <p className="dim">{t('people.noTokens')}</p>}
        <TokenList tokens={tokens.data ?? []} onRevoke={setRevoking} />
      </section>
      {revoking && (
        <RevokeDialog
          token={revoking}
          pending={revoke.isPending}
          error={revoke.error}
          onRevoke={() => revoke.mutate({ user: user.id, token: revoking.id }, { onSuccess: () => setRevoking(null) })}
          onClose={() => {
            revoke.reset();
            setRevoking(null);
          }}
        />
      )}
    </>
  );
}
