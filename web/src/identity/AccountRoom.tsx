import { Button, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Failure } from '../shell/Notice';
import { useAccount } from './account';
import { Authenticator } from './Authenticator';
import { OwnPasskeys } from './OwnPasskeys';
import { OwnSessions } from './OwnSessions';
import { OwnTokens } from './OwnTokens';
import { PasswordChange } from './PasswordChange';
import './account.css';

/** What one signs in with, where one is signed in, and tokens for one's programs. */
export default function AccountRoom() {
  const { t } = useTranslation();
  const account = useAccount();
  if (account.isError && !account.data) {
    return (
      <Failure title={t('account.failed')} error={account.error}>
        <Button variant="default" onClick={() => void account.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('account.title')}</h1>
        {account.data && (
          <span className="dim">
            <bdi>{account.data.fullName || account.data.name}</bdi>
            {account.data.fullName !== '' && (
              <>
                {' · '}
                <bdi>{account.data.name}</bdi>
              </>
            )}
          </span>
        )}
      </div>
      {!account.data && Array.from({ length: 4 }, (_, index) => <Skeleton key={index} height={96} mb={16} />)}
      {account.data && (
        <div className="account">
          <PasswordChange account={account.data} />
          <Authenticator account={account.data} />
          <OwnPasskeys account={account.data} />
          <OwnSessions />
          <OwnTokens />
        </div>
      )}
    </div>
  );
}
