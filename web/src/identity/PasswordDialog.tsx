import { Button, Modal, PasswordInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { Remaining } from './fields';

/** Asks for the password again before something about one's sign-in changes: a page that was left open must not be enough. */
export function PasswordDialog(props: {
  title: string;
  text: ReactNode;
  action: string;
  pending: boolean;
  error: unknown;
  dangerous?: boolean;
  children?: ReactNode;
  onSubmit: (password: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const wrong = props.error instanceof Problem && props.error.errors.password !== undefined;
  return (
    <Modal opened onClose={props.onClose} title={props.title} closeButtonProps={{ 'aria-label': t('app.close') }}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit(password);
        }}
      >
        <p>{props.text}</p>
        {props.children}
        <PasswordInput
          label={t('account.yourPassword')}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={wrong ? t('account.wrongPassword') : undefined}
          autoComplete="current-password"
          data-autofocus
          required
        />
        <Remaining error={props.error} fields={['password']} />
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button
            type="submit"
            {...(props.dangerous === true && { color: 'red' })}
            loading={props.pending}
            disabled={password === ''}
          >
            {props.action}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
