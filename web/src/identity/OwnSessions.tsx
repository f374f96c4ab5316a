import { Button, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { useEndSession, useOwnSessions } from './account';
import { SessionList } from './SessionList';

export function OwnSessions() {
  const { t } = useTranslation();
  const sessions = useOwnSessions();
  const end = useEndSession();
  const failed = { onError: () => toast(t('account.notEnded'), { wrong: true }) };
  const list = [...(sessions.data ?? [])].sort((a, b) => Number(b.current) - Number(a.current));
  return (
    <section className="part" aria-labelledby="account-sessions">
      <h2 id="account-sessions">{t('account.sessions')}</h2>
      <p>{t('account.sessionsAbout')}</p>
      {sessions.isPending && <Skeleton height={48} />}
      {sessions.isError && !sessions.data && (
        <p className="red" role="alert">
          <Why error={sessions.error} />
        </p>
      )}
      <SessionList
        sessions={list}
        ending={end.isPending ? (end.variables ?? null) : null}
        onEnd={(id) => end.mutate(id, failed)}
      />
      <div className="form-end">
        <Button
          variant="default"
          disabled={list.length < 2}
          loading={end.isPending && end.variables === null}
          onClick={() => end.mutate(null, { ...failed, onSuccess: () => toast(t('account.othersEnded')) })}
        >
          {t('account.endOthers')}
        </Button>
      </div>
    </section>
  );
}
