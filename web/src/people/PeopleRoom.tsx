import { Button, Skeleton } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../identity/session';
import { Failure } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { AddUser } from './AddUser';
import { usePowers, useRoles, useUsers } from './people';
import { RoleDialog } from './RoleDialog';
import { RoleList } from './RoleList';
import { UserDialog } from './UserDialog';
import { UserList } from './UserList';
import '../identity/account.css';
import './people.css';

const tabs = ['users', 'roles'] as const;

/** Users, what each may do, and the roles that say it. */
export default function PeopleRoom() {
  const { t } = useTranslation();
  const { query } = usePlace();
  const session = useSession();
  const users = useUsers();
  const roles = useRoles();
  // What the reader has themselves: nobody gives more.
  const mine = usePowers(session.data?.user?.id ?? null);
  const tab = query.get('tab') === 'roles' ? 'roles' : 'users';
  const open = query.get('open');
  const close = () => setQuery({ open: null, copy: null });

  const failed = [users, roles, mine].find((each) => each.isError && !each.data);
  if (failed) {
    return (
      <Failure title={t('people.failed')} error={failed.error}>
        <Button variant="default" onClick={() => void failed.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  const ready = users.data && roles.data && mine.data;
  const user = users.data?.find(({ id }) => id === open);
  const copied = roles.data?.find(({ id }) => id === query.get('copy'));
  return (
    <div className="page">
      <div className="page-head people-head">
        <h1>{t('people.title')}</h1>
        <nav className="people-tabs" aria-label={t('people.title')}>
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              className="people-tab"
              aria-pressed={name === tab}
              onClick={() => go(name === 'users' ? '/settings/people' : '/settings/people?tab=roles')}
            >
              {t(`people.tab.${name}`)}
            </button>
          ))}
        </nav>
        <span className="grow" />
        <Button leftSection={<IconPlus size={16} />} onClick={() => setQuery({ open: 'new' }, { replace: false })}>
          {tab === 'users' ? t('people.add') : t('people.newRole')}
        </Button>
      </div>
      {!ready && Array.from({ length: 5 }, (_, index) => <Skeleton key={index} height={44} mb={8} />)}
      {ready && tab === 'users' && (
        <>
          <UserList users={users.data} roles={roles.data} onOpen={(id) => setQuery({ open: id }, { replace: false })} />
          {open === 'new' && <AddUser roles={roles.data} mine={mine.data.powers} onClose={close} />}
          {user && <UserDialog key={user.id} user={user} roles={roles.data} mine={mine.data.powers} onClose={close} />}
        </>
      )}
      {ready && tab === 'roles' && (
        <>
          <RoleList
            roles={roles.data}
            users={users.data}
            mine={mine.data.powers}
            onOpen={(id) => setQuery({ open: id }, { replace: false })}
            onCopy={(id) => setQuery({ open: 'new', copy: id }, { replace: false })}
          />
          {open !== null && (
            <RoleDialog
              key={open}
              role={roles.data.find(({ id }) => id === open) ?? null}
              model={copied ?? null}
              roles={roles.data}
              mine={mine.data.powers}
              onClose={close}
            />
          )}
        </>
      )}
    </div>
  );
}
