import { Alert, Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Permission, Power, Role } from '../api/types';
import { faultOf, Remaining } from '../identity/fields';
import { toast } from '../shell/toast';
import { lacking, roleId } from './giving';
import { useSaveRole } from './people';
import { useRoleWords } from './words';

/**
 * A role's permissions with what each lets do, and how far back it reaches.
 * @param role null: a new one
 * @param model what a new one begins as
 */
export function RoleDialog(props: {
  role: Role | null;
  model: Role | null;
  roles: readonly Role[];
  mine: readonly Power[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const { nameOf, aboutOf } = useRoleWords();
  const { role, model } = props;
  // In the node's order: one role has everything.
  const permissions = props.roles.find(({ id }) => id === 'administrator')?.permissions ?? [];
  const from = role ?? model;
  const [name, setName] = useState(role ? nameOf(role) : model ? t('people.copyOf', { role: nameOf(model) }) : '');
  const [chosen, setChosen] = useState<readonly string[]>(from?.permissions ?? []);
  const [days, setDays] = useState(from?.pastDays === null || from === null ? '' : String(from.pastDays));
  const save = useSaveRole();
  const everywhere = { scope: 'organisation', of: '' } as const;
  const pastDays = days.trim() === '' ? null : Number(days);
  const daysWrong = pastDays !== null && !Number.isInteger(pastDays);
  const lacks = (permission: Permission) =>
    lacking(props.mine, { permissions: [permission], pastDays: daysWrong ? null : pastDays }, everywhere).length > 0;
  // Whoever has the role has what it says: changing one is giving it to all of them.
  const locked = role !== null && (role.shipped || lacking(props.mine, role, everywhere).length > 0);
  const wanted = permissions.filter((permission) => chosen.includes(permission));
  return (
    <Modal
      opened
      onClose={props.onClose}
      size={860}
      title={role ? <bdi>{nameOf(role)}</bdi> : t('people.newRole')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const id =
            role?.id ??
            roleId(
              name,
              props.roles.map((each) => each.id),
            );
          save.mutate(
            { id, input: { name: name.trim(), permissions: wanted, pastDays } },
            {
              onSuccess: () => {
                toast(t('people.roleSaved'));
                props.onClose();
              },
            },
          );
        }}
      >
        {locked && <Alert color="gray">{role.shipped ? t('people.shipped') : t('people.roleBeyond')}</Alert>}
        {role && aboutOf(role) !== undefined && <p>{aboutOf(role)}</p>}
        <div className="form-pair">
          <TextInput
            label={t('people.roleName')}
            value={name}
            maxLength={63}
            disabled={locked}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf(save.error, 'name')}
            dir="auto"
            data-autofocus
            required
          />
          <TextInput
            label={t('people.reach')}
            description={t('people.reachHelp')}
            value={days}
            inputMode="numeric"
            disabled={locked}
            onChange={(event) => setDays(event.currentTarget.value)}
            error={daysWrong ? t('people.reachWrong') : faultOf(save.error, 'pastDays')}
            dir="ltr"
          />
        </div>
        <Checkbox.Group
          label={t('people.permissions')}
          value={[...chosen]}
          onChange={setChosen}
          error={faultOf(save.error, 'permissions')}
          required
        >
          <div className="permissions">
            {permissions.map((permission) => (
              <Checkbox
                key={permission}
                value={permission}
                disabled={locked || (lacks(permission) && !chosen.includes(permission))}
                label={t(`permission.name.${permission}`)}
                description={
                  !locked && lacks(permission)
                    ? `${t(`permission.about.${permission}`)} ${t('people.notYours')}`
                    : t(`permission.about.${permission}`)
                }
              />
            ))}
          </div>
        </Checkbox.Group>
        <Remaining error={save.error} fields={['name', 'pastDays', 'permissions']} />
        {!locked && (
          <div className="form-end">
            <Button variant="default" onClick={props.onClose}>
              {t('app.cancel')}
            </Button>
            <Button
              type="submit"
              loading={save.isPending}
              disabled={name.trim() === '' || wanted.length === 0 || daysWrong || wanted.some(lacks)}
            >
              {t('app.save')}
            </Button>
          </div>
        )}
      </form>
    </Modal>
  );
}
