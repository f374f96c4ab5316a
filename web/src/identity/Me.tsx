import { Menu, UnstyledButton } from '@mantine/core';
import { IconLogout, IconUser, IconUserCog } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { go } from '../shell/route';
import { useSession, useSignOut } from './session';
import './identity.css';

/** Who is signed in, and the way out. */
export function Me() {
  const { t } = useTranslation();
  const session = useSession();
  const signOut = useSignOut();
  const user = session.data?.user;
  if (!user) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <UnstyledButton className="me" aria-label={t('identity.me', { name: user.fullName || user.name })}>
          <IconUser size={18} aria-hidden />
          <span className="me-name">
            <bdi>{user.fullName || user.name}</bdi>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <bdi>{user.name}</bdi>
        </Menu.Label>
        <Menu.Item leftSection={<IconUserCog size={16} />} onClick={() => go('/account')}>
          {t('account.title')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} className="flip" />} onClick={() => signOut.mutate()}>
          {t('identity.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
