import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { UserSession } from '../api/types';
import { nodeNow } from '../api/clock';
import { useFormat } from '../i18n/format';
import { deviceOf } from './device';

/** Where somebody is signed in. */
export function SessionList(props: {
  sessions: readonly UserSession[];
  ending: string | null;
  onEnd?: (id: string) => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ul className="part-list">
      {props.sessions.map((session) => {
        const device = deviceOf(session.agent);
        const seen = Date.parse(session.seenAt);
        return (
          <li key={session.id} data-session={session.current ? 'here' : 'elsewhere'}>
            <span className="grow">
              <span className="list-name" title={session.agent}>
                {device === null ? t('account.device') : <bdi dir="ltr">{device}</bdi>}
              </span>
              {session.current && <strong> · {t('account.thisSession')}</strong>}
              <div className="dim small">
                <bdi dir="ltr">{session.address}</bdi>
                {' · '}
                <span title={format.dateTime(seen)}>
                  {t('account.lastSeen', { when: format.relative(seen, nodeNow()) })}
                </span>
                {' · '}
                {t('account.signedInAt', { when: format.dateTime(Date.parse(session.createdAt)) })}
              </div>
            </span>
            {!session.current && props.onEnd && (
              <Button
                variant="default"
                size="xs"
                loading={props.ending === session.id}
                onClick={() => props.onEnd?.(session.id)}
              >
                {t('account.endSession')}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
