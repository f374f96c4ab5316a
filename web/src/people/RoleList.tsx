import { ActionIcon, Button, Modal, Tooltip } from '@mantine/core';
import { IconCopy, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Power, Role, User } from '../api/types';
import { Remaining } from '../identity/fields';
import { usePermissionWords } from '../identity/permissions';
import { lacking } from './giving';
import { useRemoveRole } from './people';
import { useRoleWords } from './words';

/** Roles that come with the program, which can be copied, and one's own. */
export function RoleList(props: {
  roles: readonly Role[];
  users: readonly User[];
  mine: readonly Power[];
  onOpen: (id: string) => void;
  onCopy: (id: string) => void;
}) {
  const { t } = useTranslation();
  const { nameOf, aboutOf } = useRoleWords();
  const words = usePermissionWords();
  const [removing, setRemoving] = useState<Role | null>(null);
  return (
    <div className="people-scroll">
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{t('people.role')}</th>
            <th scope="col">{t('people.permissions')}</th>
            <th scope="col">{t('people.reach')}</th>
            <th scope="col">{t('people.has')}</th>
            <th scope="col">
              <span className="visually-hidden">{t('cameras.actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.roles.map((role) => {
            const name = nameOf(role);
            const count = props.users.filter((user) => user.grants.some((grant) => grant.role === role.id)).length;
            const mayChange =
              !role.shipped && lacking(props.mine, role, { scope: 'organisation', of: '' }).length === 0;
            const looksBack = role.permissions.some((p) => p === 'viewPast' || p === 'export');
            return (
              <tr key={role.id} data-role={role.id}>
                <td>
                  <button type="button" className="people-name" onClick={() => props.onOpen(role.id)}>
                    <bdi>{name}</bdi>
                  </button>
                  <div className="dim small">{role.shipped ? aboutOf(role) : t('people.ownRole')}</div>
                </td>
                <td>{words(role.permissions)}</td>
                <td>
                  {!looksBack ? (
                    <span className="dim">{t('people.reachNone')}</span>
                  ) : role.pastDays === null ? (
                    t('people.pastAll')
                  ) : (
                    t('people.pastDays', { count: role.pastDays })
                  )}
                </td>
                <td>{t('people.users', { count })}</td>
                <td className="list-tools">
                  <Tooltip label={t('people.copyRole', { role: name })}>
                    <ActionIcon aria-label={t('people.copyRole', { role: name })} onClick={() => props.onCopy(role.id)}>
                      <IconCopy size={18} />
                    </ActionIcon>
                  </Tooltip>
                  {mayChange && (
                    <>
                      <Tooltip label={t('people.editRole', { role: name })}>
                        <ActionIcon
                          aria-label={t('people.editRole', { role: name })}
                          onClick={() => props.onOpen(role.id)}
                        >
                          <IconPencil size={18} />
                        </ActionIcon>
                      </Tooltip>
                      <Tooltip label={t('people.removeRole', { role: name })}>
                        <ActionIcon
                          aria-label={t('people.removeRole', { role: name })}
                          onClick={() => setRemoving(role)}
                        >
                          <IconTrash size={18} />
                        </ActionIcon>
                      </Tooltip>
                    </>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {removing && (
        <RemoveRole
          role={removing}
          users={props.users.filter((user) => user.grants.some((grant) => grant.role === removing.id)).length}
          onClose={() => setRemoving(null)}
        />
      )}
    </div>
  );
}

function RemoveRole({ role, users, onClose }: { role: Role; users: number; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveRole();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('people.removeRole', { role: role.name })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="form">
        <p>{t('people.removeRoleText', { count: users })}</p>
        <Remaining error={remove.error} fields={[]} />
        <div className="form-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(role.id, { onSuccess: onClose })}>
            {t('people.removeRoleDo')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
