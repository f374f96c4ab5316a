import { ActionIcon, Tooltip } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import type { Token } from '../api/types';
import { useFormat } from '../i18n/format';
import { usePermissionWords } from './permissions';

/** API tokens, without their secrets. */
export function TokenList(props: { tokens: readonly Token[]; onRevoke: (token: Token) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = usePermissionWords();
  const now = nodeNow();
  return (
    <ul className="part-list">
      {props.tokens.map((token) => {
        const end = token.expiresAt === null ? null : Date.parse(token.expiresAt);
        const used = token.usedAt === null ? null : Date.parse(token.usedAt);
        return (
          <li key={token.id} data-token={token.name}>
            <span className="grow">
              <bdi className="list-name">{token.name}</bdi>
              <div className="small">
                {token.permissions === null ? t('account.tokenAll') : words(token.permissions)}
              </div>
              <div className="dim small">
                <span className={end !== null && end < now ? 'amber' : undefined}>
                  {end === null
                    ? t('account.tokenEndless')
                    : end < now
                      ? t('account.tokenEnded', { when: format.dateTime(end) })
                      : t('account.tokenEnds', { when: format.dateTime(end) })}
                </span>
                {' · '}
                {used === null
                  ? t('account.tokenUnused')
                  : t('account.tokenUsed', { when: format.relative(used, now) })}
              </div>
            </span>
            <Tooltip label={t('account.revoke', { name: token.name })}>
              <ActionIcon aria-label={t('account.revoke', { name: token.name })} onClick={() => props.onRevoke(token)}>
                <IconTrash size={18} />
              </ActionIcon>
            </Tooltip>
          </li>
        );
      })}
    </ul>
  );
}
