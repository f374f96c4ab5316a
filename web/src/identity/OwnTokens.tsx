import { Button, Checkbox, Modal, Skeleton, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Token } from '../api/types';
import { Why } from '../shell/Notice';
import { useCreateToken, useOwnTokens, useRevokeToken } from './account';
import { faultOf, Remaining } from './fields';
import { useSession } from './session';
import { ShownOnce } from './ShownOnce';
import { TokenList } from './TokenList';

/** Tokens for one's programs: a part of what one may, until a day. */
export function OwnTokens() {
  const { t } = useTranslation();
  const tokens = useOwnTokens();
  const revoke = useRevokeToken();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  return (
    <section className="part" aria-labelledby="account-tokens">
      <h2 id="account-tokens">{t('account.tokens')}</h2>
      <p>{t('account.tokensAbout')}</p>
      {tokens.isPending && <Skeleton height={48} />}
      {tokens.isError && !tokens.data && (
        <p className="red" role="alert">
          <Why error={tokens.error} />
        </p>
      )}
      <TokenList tokens={tokens.data ?? []} onRevoke={setRevoking} />
      <div className="form-end">
        <Button onClick={() => setMaking(true)}>{t('account.newToken')}</Button>
      </div>
      {making && <NewToken onClose={() => setMaking(false)} />}
      {revoking && (
        <RevokeDialog
          token={revoking}
          pending={revoke.isPending}
          error={revoke.error}
          onRevoke={() => revoke.mutate(revoking.id, { onSuccess: () => setRevoking(null) })}
          onClose={() => {
            revoke.reset();
            setRevoking(null);
          }}
        />
      )}
    </section>
  );
}

/** A program that uses it stops working: that is asked. */
export function RevokeDialog(props: {
  token: Token;
  pending: boolean;
  error: unknown;
  onRevoke: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('account.revoke', { name: props.token.name })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="form">
        <p>{t('account.revokeText')}</p>
        <Remaining error={props.error} fields={[]} />
        <div className="form-end">
          <Button variant="default" data-autofocus onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button color="red" loading={props.pending} onClick={props.onRevoke}>
            {t('account.revokeDo')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const session = useSession();
  const own = session.data?.user?.permissions ?? [];
  const [name, setName] = useState('');
  const [days, setDays] = useState('365');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const create = useCreateToken();
  const dayCount = /^\d+$/.test(days.trim()) ? Number(days) : null;

  if (create.data) {
    return (
      <Modal
        opened
        onClose={onClose}
        withCloseButton={false}
        closeOnClickOutside={false}
        closeOnEscape={false}
        title={t('account.tokenMade')}
      >
        <div className="form">
          <p>{t('account.tokenOnce')}</p>
          <ShownOnce label={create.data.about.name} text={create.data.token} />
          <div className="form-end">
            <Button onClick={onClose}>{t('account.done')}</Button>
          </div>
        </div>
      </Modal>
    );
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size={720}
      title={t('account.newToken')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name: name.trim(), days: dayCount, permissions: own.filter((p) => chosen.includes(p)) });
        }}
      >
        <div className="form-pair">
          <TextInput
            label={t('account.tokenName')}
            value={name}
            maxLength={63}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf(create.error, 'name')}
            dir="auto"
            data-autofocus
            required
          />
          <TextInput
            label={t('account.tokenDays')}
            value={days}
            inputMode="numeric"
            onChange={(event) => setDays(event.currentTarget.value)}
            error={faultOf(create.error, 'days')}
            dir="ltr"
            required
          />
        </div>
        <Checkbox.Group
          label={t('account.tokenMay')}
          description={t('account.tokenMayHelp')}
          error={faultOf(create.error, 'permissions')}
          value={[...chosen]}
          onChange={setChosen}
          required
        >
          <div className="permissions">
            {own.map((permission) => (
              <Checkbox
                key={permission}
                value={permission}
                label={t(`permission.name.${permission}`)}
                description={t(`permission.about.${permission}`)}
              />
            ))}
          </div>
        </Checkbox.Group>
        <Remaining error={create.error} fields={['name', 'days', 'permissions']} />
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || chosen.length === 0}>
            {t('account.makeToken')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
