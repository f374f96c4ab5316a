import { Button, Modal, TextInput } from '@mantine/core';
import { IconPrinter, IconShieldCheck, IconShieldOff } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import type { Account } from '../api/types';
import { useFormat } from '../i18n/format';
import { toast } from '../shell/toast';
import { useBeginAuthenticator, useConfirmAuthenticator, useRemoveAuthenticator, useRenewRecovery } from './account';
import { Remaining } from './fields';
import { PasswordDialog } from './PasswordDialog';
import { QrCode } from './QrCode';
import { CopyButton } from './ShownOnce';

type Step = 'begin' | 'remove' | 'renew' | { key: string; uri: string } | { codes: readonly string[] };

/** The authenticator app: a code beside the password (RFC 6238), and recovery codes that stand in for it. */
export function Authenticator({ account }: { account: Account }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [step, setStep] = useState<Step | null>(null);
  const begin = useBeginAuthenticator();
  const remove = useRemoveAuthenticator();
  const renew = useRenewRecovery();
  const close = () => {
    setStep(null);
    begin.reset();
    remove.reset();
    renew.reset();
  };
  const left = account.recoveryCodes;
  return (
    <section className="part" aria-labelledby="account-authenticator">
      <div className="part-head">
        <h2 id="account-authenticator">{t('account.authenticator')}</h2>
        <span className="state" data-authenticator={account.twoFactor ? 'on' : 'off'}>
          {account.twoFactor ? <IconShieldCheck size={16} aria-hidden /> : <IconShieldOff size={16} aria-hidden />}
          {account.twoFactor ? t('account.authenticatorOn') : t('account.authenticatorOff')}
        </span>
      </div>
      <p>{t('account.authenticatorAbout')}</p>
      {account.twoFactor && (
        <p className={left < 3 ? 'amber' : 'dim'}>
          {t('account.recoveryLeft', { count: left, left: format.number(left) })}
        </p>
      )}
      <div className="form-end">
        {account.twoFactor ? (
          <>
            <Button variant="default" onClick={() => setStep('renew')}>
              {t('account.renewRecovery')}
            </Button>
            <Button variant="default" onClick={() => setStep('remove')}>
              {t('account.removeAuthenticator')}
            </Button>
          </>
        ) : (
          <Button disabled={!account.hasPassword} onClick={() => setStep('begin')}>
            {t('account.setUp')}
          </Button>
        )}
      </div>
      {step === 'begin' && (
        <PasswordDialog
          title={t('account.setUpTitle')}
          text={t('account.setUpText')}
          action={t('account.next')}
          pending={begin.isPending}
          error={begin.error}
          onSubmit={(password) => begin.mutate(password, { onSuccess: setStep })}
          onClose={close}
        />
      )}
      {step === 'renew' && (
        <PasswordDialog
          title={t('account.renewRecovery')}
          text={t('account.renewText')}
          action={t('account.renewRecovery')}
          pending={renew.isPending}
          error={renew.error}
          onSubmit={(password) => renew.mutate(password, { onSuccess: setStep })}
          onClose={close}
        />
      )}
      {step === 'remove' && (
        <PasswordDialog
          title={t('account.removeAuthenticator')}
          text={t('account.removeText')}
          action={t('account.removeAuthenticator')}
          dangerous
          pending={remove.isPending}
          error={remove.error}
          onSubmit={(password) => remove.mutate(password, { onSuccess: close })}
          onClose={close}
        />
      )}
      {step !== null && typeof step === 'object' && 'uri' in step && (
        <Confirm begun={step} onConfirmed={setStep} onClose={close} />
      )}
      {step !== null && typeof step === 'object' && 'codes' in step && <Codes codes={step.codes} onClose={close} />}
    </section>
  );
}

function Confirm(props: {
  begun: { key: string; uri: string };
  onConfirmed: (made: { codes: readonly string[] }) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const confirm = useConfirmAuthenticator();
  const wrong = confirm.error instanceof Problem && confirm.error.errors.code !== undefined;
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('account.setUpTitle')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          confirm.mutate(code, {
            onSuccess: (made) => {
              toast(t('account.authenticatorDone'));
              props.onConfirmed(made);
            },
          });
        }}
      >
        <p>{t('account.scan')}</p>
        <QrCode text={props.begun.uri} label={t('account.qr')} />
        <div className="form-note">
          <span>{t('account.orType')}</span>
          <code className="secret" dir="ltr" data-secret>
            {props.begun.key.replace(/(.{4})(?=.)/g, '$1 ')}
          </code>
        </div>
        <TextInput
          label={t('account.codeNow')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          error={wrong ? t('account.codeWrong') : undefined}
          autoComplete="one-time-code"
          inputMode="numeric"
          dir="ltr"
          data-autofocus
          required
        />
        <Remaining error={confirm.error} fields={['code']} />
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={confirm.isPending} disabled={code.replace(/\D/g, '').length !== 6}>
            {t('identity.confirm')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Recovery codes, once: closed only by whoever says that they are kept. */
function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={t('account.recovery')}
    >
      <div className="form">
        <p>{t('account.recoveryText')}</p>
        <ul className="recovery" dir="ltr">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <div className="form-end not-printed">
          <CopyButton text={codes.join('\n')} />
          <Button variant="default" leftSection={<IconPrinter size={16} />} onClick={() => window.print()}>
            {t('account.print')}
          </Button>
          <Button onClick={onClose}>{t('account.keptThem')}</Button>
        </div>
      </div>
    </Modal>
  );
}
