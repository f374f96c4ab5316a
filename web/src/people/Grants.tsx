import { ActionIcon, Button, NativeSelect } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useCameras } from '../api/queries';
import type { Grant, Power, Role, ScopeKind } from '../api/types';
import { faultOf } from '../identity/fields';
import { usePermissionWords } from '../identity/permissions';
import { lacking } from './giving';
import { useRoleWords } from './words';

const scopes: readonly ScopeKind[] = ['organisation', 'site', 'group', 'camera'];

/** Roles, each on a part of the organisation that there is. Says beside each what the reader can't give, and why. */
export function Grants(props: {
  grants: readonly Grant[];
  roles: readonly Role[];
  mine: readonly Power[];
  error: unknown;
  disabled?: boolean;
  onChange: (grants: Grant[]) => void;
}) {
  const { t } = useTranslation();
  const { nameOf, aboutOf } = useRoleWords();
  const words = usePermissionWords();
  const cameras = useCameras();
  const all = cameras.data ?? [];
  const places: Record<ScopeKind, { value: string; label: string }[]> = {
    organisation: [],
    site: [...new Set(all.flatMap(({ site }) => site ?? []))].sort().map((value) => ({ value, label: value })),
    group: [...new Set(all.flatMap(({ groups }) => groups))].sort().map((value) => ({ value, label: value })),
    camera: all.map(({ id, name }) => ({ value: id, label: name })),
  };
  const change = (index: number, patch: Partial<Grant>) =>
    props.onChange(props.grants.map((grant, at) => (at === index ? { ...grant, ...patch } : grant)));
  return (
    <fieldset className="grants" disabled={props.disabled}>
      <legend>{t('people.grants')}</legend>
      {props.grants.length === 0 && <p className="dim">{t('people.noGrantsYet')}</p>}
      {props.grants.map((grant, index) => {
        const role = props.roles.find(({ id }) => id === grant.role);
        const there = places[grant.scope];
        const known = grant.of === '' || there.some(({ value }) => value === grant.of);
        const lacks =
          role && (grant.scope === 'organisation' || grant.of !== '') ? lacking(props.mine, role, grant) : [];
        return (
          // Rows have nothing else to be told apart by while they are made.
          <div key={index} className="grant" data-grant={index}>
            <NativeSelect
              label={t('people.role')}
              value={grant.role}
              onChange={(event) => change(index, { role: event.currentTarget.value })}
              data={props.roles.map((each) => ({ value: each.id, label: nameOf(each) }))}
              description={role && aboutOf(role)}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              error={faultOf(props.error, `grants[${index}].role`)}
            />
            <NativeSelect
              label={t('people.on')}
              value={grant.scope}
              onChange={(event) => change(index, { scope: event.currentTarget.value as ScopeKind, of: '' })}
              data={scopes.map((scope) => ({ value: scope, label: t(`people.scope.${scope}`) }))}
            />
            {grant.scope === 'organisation' ? (
              <span />
            ) : (
              <NativeSelect
                label={t(`people.which.${grant.scope}`)}
                value={grant.of}
                onChange={(event) => change(index, { of: event.currentTarget.value })}
                data={[
                  { value: '', label: there.length === 0 ? t('people.nothingThere') : t('people.choose') },
                  ...there,
                  ...(known ? [] : [{ value: grant.of, label: grant.of }]),
                ]}
                error={faultOf(props.error, `grants[${index}].of`)}
              />
            )}
            <ActionIcon
              aria-label={t('people.takeGrant', { role: role ? nameOf(role) : grant.role })}
              onClick={() => props.onChange(props.grants.filter((_, at) => at !== index))}
            >
              <IconTrash size={18} />
            </ActionIcon>
            {lacks.length > 0 && (
              <p className="amber small" role="note">
                {t('people.cannotGive', {
                  permissions: words(lacks),
                })}
              </p>
            )}
          </div>
        );
      })}
      <div>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} />}
          onClick={() =>
            props.onChange([...props.grants, { role: props.roles[0]?.id ?? '', scope: 'organisation', of: '' }])
          }
        >
          {t('people.addGrant')}
        </Button>
      </div>
    </fieldset>
  );
}
