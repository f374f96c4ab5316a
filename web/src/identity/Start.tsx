import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { Problem } from '../api/problem';
import { useFormat } from '../i18n/format';
import { RoomSkeleton } from '../shell/Notice';
import { go } from '../shell/route';
import { Doorway } from './Doorway';
import { useEntered } from './session';
import { Refused } from './SignIn';

/** A one-time link: the first administrator chooses name and password, everybody else a password. */
export default function Start() {
  const { t } = useTranslation();
  const [code] = useState(() => location.hash.slice(1));
  const look = useQuery({
    queryKey: ['start', code],
    queryFn: () => answer(api.POST('/api/start/look', { body: { code } })),
    retry: false,
    staleTime: Infinity,
  });

  if (look.isPending) return <RoomSkeleton />;
  if (look.isError) {
    return (
      <Doorway title={t('identity.stale')}>
        {look.error instanceof Problem && look.error.status === 404 ? (
          <p className="doorway-text">{t('identity.staleDo')}</p>
        ) : (
          <Refused error={look.error} wrong="" />
        )}
        <Button variant="default" onClick={() => go('/')}>
          {t('identity.signIn')}
        </Button>
      </Doorway>
    );
  }
  return <Choose code={code} name={look.data.name} least={look.data.passwordLength} />;
}

function Choose({ code, name, least }: { code: string; name: string | null; least: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const entered = useEntered();
  const [chosen, setChosen] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const start = useMutation({
    mutationFn: () => answer(api.POST('/api/start', { body: { code, name: name === null ? chosen : null, password } })),
    onSuccess: (result) => {
      go('/', { replace: true });
      if (result.session) entered(result.session);
    },
  });
  const errors = start.error instanceof Problem ? start.error.errors : {};
  const differs = again !== '' && again !== password;
  return (
    <Doorway title={name === null ? t('identity.welcome') : t('identity.welcomeName', { name })}>
      <p className="doorway-text">{name === null ? t('identity.welcomeDo') : t('identity.welcomeNameDo')}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        {name === null ? (
          <TextInput
            label={t('identity.name')}
            value={chosen}
            onChange={(event) => setChosen(event.currentTarget.value)}
            error={errors.name?.[0]}
            autoComplete="username"
            autoCapitalize="none"
            dir="auto"
            required
          />
        ) : (
          <input type="hidden" name="username" autoComplete="username" value={name} readOnly />
        )}
        <PasswordInput
          label={t('identity.password')}
          description={t('identity.passwordRule', { least: format.number(least) })}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={errors.password === undefined ? undefined : t('identity.weak')}
          autoComplete="new-password"
          required
        />
        <PasswordInput
          label={t('identity.again')}
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
          error={differs ? t('identity.differs') : undefined}
          autoComplete="new-password"
          required
        />
        {start.error !== null && Object.keys(errors).length === 0 && <Refused error={start.error} wrong="" />}
        <Button
          type="submit"
          loading={start.isPending}
          disabled={(name === null && chosen.trim() === '') || password.length < least || again !== password}
        >
          {t('identity.begin')}
        </Button>
      </form>
    </Doorway>
  );
}
