import { TextInput } from '@mantine/core';
import { IconBan, IconShieldCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import type { Grant, Role, User } from '../api/types';
import { useFormat } from '../i18n/format';
import { plain } from '../shell/Palette';
import { useRoleWords } from './words';

export function UserList(props: { users: readonly User[]; roles: readonly Role[]; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { nameOf } = useRoleWords();
  const cameras = useCameras();
  const [text, setText] = useState('');
  const words = plain(text).split(/\s+/).filter(Boolean);
  const shown = props.users
    .filter((user) => words.every((word) => plain(`${user.name} ${user.fullName}`).includes(word)))
    .sort((a, b) => Number(a.disabled) - Number(b.disabled));
  const where = ({ scope, of }: Grant) =>
    scope === 'organisation'
      ? t('people.scope.organisation')
      : scope === 'camera'
        ? (cameras.data?.find(({ id }) => id === of)?.name ?? of)
        : of;
  return (
    <>
      <TextInput
        className="people-search"
        label={t('people.search')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        dir="auto"
      />
      {shown.length === 0 && <p className="dim">{t('search.none', { text })}</p>}
      {shown.length > 0 && (
        <div className="people-scroll">
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{t('people.user')}</th>
                <th scope="col">{t('people.grants')}</th>
                <th scope="col">{t('people.lastSignIn')}</th>
                <th scope="col">{t('people.secondFactor')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((user) => {
                const signedIn = user.signedInAt === null ? null : Date.parse(user.signedInAt);
                return (
                  <tr key={user.id} data-user={user.name} data-state={user.disabled ? 'disabled' : 'enabled'}>
                    <td>
                      <button type="button" className="people-name" onClick={() => props.onOpen(user.id)}>
                        <bdi>{user.fullName || user.name}</bdi>
                      </button>
                      {user.fullName !== '' && (
                        <div className="dim small">
                          <bdi>{user.name}</bdi>
                        </div>
                      )}
                      {user.disabled && (
                        <div className="state dim small">
                          <IconBan size={14} aria-hidden />
                          {t('people.disabled')}
                        </div>
                      )}
                    </td>
                    <td>
                      {user.grants.length === 0 && <span className="dim">{t('people.noGrants')}</span>}
                      {user.grants.map((grant) => {
                        const role = props.roles.find(({ id }) => id === grant.role);
                        return (
                          <div key={`${grant.role} ${grant.scope} ${grant.of}`}>
                            <bdi>{role ? nameOf(role) : grant.role}</bdi>
                            <span className="dim">
                              {' · '}
                              <bdi>{where(grant)}</bdi>
                            </span>
                          </div>
                        );
                      })}
                    </td>
                    <td>
                      {signedIn === null ? (
                        <span className="dim">{t('people.never')}</span>
                      ) : (
                        <span title={format.dateTime(signedIn)}>{format.relative(signedIn, nodeNow())}</span>
                      )}
                    </td>
                    <td>
                      {user.twoFactor || user.passkeys > 0 ? (
                        <span className="state">
                          <IconShieldCheck size={16} aria-hidden />
                          {format.list([
                            ...(user.twoFactor ? [t('people.code')] : []),
                            ...(user.passkeys > 0 ? [t('people.passkeys', { count: user.passkeys })] : []),
                          ])}
                        </span>
                      ) : (
                        <span className="dim">{t('people.none')}</span>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
