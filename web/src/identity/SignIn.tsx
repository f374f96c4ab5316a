import { Alert, Button, PasswordInput, TextInput } from '@mantine/core';
import { IconKey, IconLogin2 } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { Problem } from '../api/problem';
import type { Session } from '../api/types';
import { Why } from '../shell/Notice';
import { Doorway } from './Doorway';
import { refusalOf, useOpenId } from './openId';
import { Declined, showPasskey, whyNoPasskeys } from './passkeys';
import { useEntered } from './session';

/** Name and password, then a code where the account asks for one. */
export default function SignIn({ needsFirst, openId }: { needsFirst: boolean; openId: string | null }) {
  const { t } = useTranslation();
  const entered = useEntered();
  const [ticket, setTicket] = useState<string | null>(null);
  const done = (session: Session | null | undefined) => {
    if (session) entered(session);
  };

  if (needsFirst) {
    return (
      <Doorway title={t('identity.first')}>
        <p className="doorway-text">{t('identity.firstDo')}</p>
      </Doorway>
    );
  }
  return (
    <Doorway title={ticket === null ? t('identity.signIn') : t('identity.second')}>
      {ticket === null ? (
        <>
          <Password onTicket={setTicket} onDone={done} />
          <div className="doorway-other">
            <p className="doorway-or">{t('identity.or')}</p>
            {openId !== null && <OpenId name={openId} />}
            <Passkey onDone={done} />
          </div>
        </>
      ) : (
        <Code ticket={ticket} onDone={done} onBack={() => setTicket(null)} />
      )}
    </Doorway>
  );
}

function Password(props: {
  onTicket: (ticket: string) => void;
  onDone: (session: Session | null | undefined) => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => answer(api.POST('/api/session', { body: { name, password } })),
    onSuccess: (result) => {
      if (result.ticket) props.onTicket(result.ticket);
      else props.onDone(result.session);
    },
    onError: () => setPassword(''),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate();
      }}
    >
      <TextInput
        label={t('identity.name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="username webauthn"
        autoCapitalize="none"
        dir="auto"
        data-autofocus
        required
      />
      <PasswordInput
        label={t('identity.password')}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
        required
      />
      <Refused error={signIn.error} wrong={t('identity.wrong')} />
      <Button type="submit" loading={signIn.isPending} disabled={name.trim() === '' || password === ''}>
        {t('identity.signIn')}
      </Button>
    </form>
  );
}

/** A passkey finds its own account: no name is asked for. */
function Passkey({ onDone }: { onDone: (session: Session | null | undefined) => void }) {
  const { t } = useTranslation();
  const why = whyNoPasskeys();
  const signIn = useMutation({
    mutationFn: async () => {
      const begun = await answer(api.POST('/api/session/passkey/options'));
      const credential = await showPasskey(begun.options);
      return answer(api.POST('/api/session/passkey', { body: { ticket: begun.ticket, credential } }));
    },
    onSuccess: (result) => onDone(result.session),
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconKey size={16} />}
        disabled={why !== null}
        loading={signIn.isPending}
        onClick={() => signIn.mutate()}
      >
        {t('identity.passkey')}
      </Button>
      {why !== null && <p className="dim small">{t(`identity.noPasskeys.${why}`)}</p>}
      {signIn.error instanceof Declined ? (
        <Alert color="gray" role="alert">
          {t('identity.passkeyDeclined')}
        </Alert>
      ) : (
        <Refused error={signIn.error} wrong={t('identity.passkeyWrong')} />
      )}
    </>
  );
}

/** At the OpenID provider, which sends the browser back. */
function OpenId({ name }: { name: string }) {
  const { t } = useTranslation();
  const open = useOpenId();
  const refusal = refusalOf(open.error);
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconLogin2 size={16} className="flip" />}
        loading={open.isPending || open.isSuccess}
        onClick={() => open.mutate()}
      >
        {t('identity.openId', { name })}
      </Button>
      {refusal ? (
        <Alert color="red" role="alert">
          {t(`identity.refused.${refusal}`, { name })}
        </Alert>
      ) : (
        <Refused error={open.error} wrong="" />
      )}
    </>
  );
}

function Code(props: { ticket: string; onDone: (session: Session | null | undefined) => void; onBack: () => void }) {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const confirm = useMutation({
    mutationFn: () => answer(api.POST('/api/session/second', { body: { ticket: props.ticket, code } })),
    onSuccess: (result) => props.onDone(result.session),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate();
      }}
    >
      <TextInput
        label={t('identity.code')}
        description={t('identity.codeOr')}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        autoComplete="one-time-code"
        dir="ltr"
        required
      />
      <Refused error={confirm.error} wrong={t('identity.wrongCode')} />
      <Button type="submit" loading={confirm.isPending} disabled={code.trim() === ''}>
        {t('identity.confirm')}
      </Button>
      <Button variant="default" onClick={props.onBack}>
        {t('identity.back')}
      </Button>
    </form>
  );
}

/** What the node refused, in the reader's words where it is the usual thing. */
export function Refused({ error, wrong }: { error: unknown; wrong: string }) {
  const { t } = useTranslation();
  if (error === null) return null;
  const words =
    error instanceof Problem && error.status === 401
      ? wrong
      : error instanceof Problem && error.status === 429
        ? t('identity.tooMany')
        : null;
  return (
    <Alert color="red" role="alert">
      {words ?? <Why error={error} />}
    </Alert>
  );
}
