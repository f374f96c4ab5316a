import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import type { Account } from '../api/types';
import { toast } from '../shell/toast';
import { useChangePassword } from './account';
import { faultOf, Remaining } from './fields';

export function PasswordChange({ account }: { account: Account }) {
  const { t } = useTranslation();
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const change = useChangePassword();
  const wrongOld = change.error instanceof Problem && change.error.errors.old !== undefined;
  return (
    <section className="part" aria-labelledby="account-password">
      <h2 id="account-password">{t('identity.password')}</h2>
      {!account.hasPassword ? (
        <p>{t('account.noPassword')}</p>
      ) : (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate(
              { old, new: next },
              {
                onSuccess: () => {
                  toast(t('account.passwordChanged'));
                  setOld('');
                  setNext('');
                  setAgain('');
                },
              },
            );
          }}
        >
          <input type="hidden" name="username" autoComplete="username" value={account.name} readOnly />
          <PasswordInput
            label={t('account.oldPassword')}
            value={old}
            onChange={(event) => setOld(event.currentTarget.value)}
            error={wrongOld ? t('account.wrongPassword') : undefined}
            autoComplete="current-password"
            required
          />
          <PasswordInput
            label={t('account.newPassword')}
            description={t('account.newPasswordHelp')}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            error={faultOf(change.error, 'new')}
            autoComplete="new-password"
            required
          />
          <PasswordInput
            label={t('identity.again')}
            value={again}
            onChange={(event) => setAgain(event.currentTarget.value)}
            error={again !== '' && again !== next ? t('identity.differs') : undefined}
            autoComplete="new-password"
            required
          />
          <Remaining error={change.error} fields={['old', 'new']} />
          <div className="form-end">
            <span className="dim small grow">{t('account.passwordEnds')}</span>
            <Button type="submit" loading={change.isPending} disabled={old === '' || next === '' || again !== next}>
              {t('account.changePassword')}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}
