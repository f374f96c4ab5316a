import { ActionIcon, Button, TextInput, Tooltip } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconKey, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import type { Account } from '../api/types';
import { useFormat } from '../i18n/format';
import { toast } from '../shell/toast';
import { accountKey, useRemovePasskey } from './account';
import { faultOf } from './fields';
import { createPasskey, Declined, whyNoPasskeys } from './passkeys';
import { PasswordDialog } from './PasswordDialog';

/** Passkeys: each signs in by itself, with a touch or a glance, and works on this site alone. */
export function OwnPasskeys({ account }: { account: Account }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [adding, setAdding] = useState(false);
  const remove = useRemovePasskey();
  const why = whyNoPasskeys();
  return (
    <section className="part" aria-labelledby="account-passkeys">
      <h2 id="account-passkeys">{t('account.passkeys')}</h2>
      <p>{t('account.passkeysAbout')}</p>
      {account.passkeys.length > 0 && (
        <ul className="part-list">
          {account.passkeys.map((passkey) => (
            <li key={passkey.id}>
              <IconKey size={18} aria-hidden />
              <span className="grow">
                <bdi className="list-name">{passkey.name}</bdi>
                <div className="dim small">{format.dateTime(Date.parse(passkey.createdAt))}</div>
              </span>
              <Tooltip label={t('account.removePasskey', { name: passkey.name })}>
                <ActionIcon
                  aria-label={t('account.removePasskey', { name: passkey.name })}
                  loading={remove.isPending && remove.variables === passkey.id}
                  onClick={() =>
                    remove.mutate(passkey.id, { onError: () => toast(t('account.notRemoved'), { wrong: true }) })
                  }
                >
                  <IconTrash size={18} />
                </ActionIcon>
              </Tooltip>
            </li>
          ))}
        </ul>
      )}
      {why !== null && <p className="dim">{t(`identity.noPasskeys.${why}`)}</p>}
      <div className="form-end">
        <Button disabled={why !== null || !account.hasPassword} onClick={() => setAdding(true)}>
          {t('account.addPasskey')}
        </Button>
      </div>
      {adding && <Add onClose={() => setAdding(false)} />}
    </section>
  );
}

function Add({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const add = useMutation({
    mutationFn: async (password: string) => {
      const begun = await answer(api.POST('/api/me/passkeys/options', { body: { password } }));
      const credential = await createPasskey(begun.options);
      return answer(api.POST('/api/me/passkeys', { body: { ticket: begun.ticket, credential, name: name.trim() } }));
    },
    onSuccess: () => {
      toast(t('account.passkeyAdded'));
      onClose();
      return client.invalidateQueries({ queryKey: accountKey });
    },
  });
  return (
    <PasswordDialog
      title={t('account.addPasskey')}
      text={t('account.addPasskeyText')}
      action={t('account.next')}
      pending={add.isPending}
      error={add.error instanceof Declined ? null : add.error}
      onSubmit={(password) => add.mutate(password)}
      onClose={onClose}
    >
      <TextInput
        label={t('account.passkeyName')}
        description={t('account.passkeyNameHelp')}
        value={name}
        maxLength={63}
        onChange={(event) => setName(event.currentTarget.value)}
        error={faultOf(add.error, 'name')}
        dir="auto"
        required
      />
      {add.error instanceof Declined && <p className="amber">{t('identity.passkeyDeclined')}</p>}
    </PasswordDialog>
  );
}
