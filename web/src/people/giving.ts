import type { CameraPower, Grant, Permission, Power, Role } from '../api/types';

/**
 * What of a role somebody lacks on a scope, and so can't give or take there. The node decides all the same; this says it before the form is sent.
 * @param mine what they have, each with its scope
 */
export function lacking(
  mine: readonly Power[],
  role: Pick<Role, 'permissions' | 'pastDays'>,
  { scope, of }: Pick<Grant, 'scope' | 'of'>,
): Permission[] {
  const covers = (power: Power) =>
    (power.scope === 'organisation' || (power.scope === scope && power.of === of)) &&
    (power.pastDays === null || (role.pastDays !== null && power.pastDays >= role.pastDays));
  const there = mine.filter(covers);
  return role.permissions.filter((permission) => !there.some((power) => power.permissions.includes(permission)));
}

/** A grant that somebody can't give or take, with what they lack; undefined when there is none. */
export function beyond(mine: readonly Power[], grants: readonly Grant[], roles: readonly Role[]) {
  for (const grant of grants) {
    const role = roles.find(({ id }) => id === grant.role);
    const lacks = role ? lacking(mine, role, grant) : [];
    if (role && lacks.length > 0) return { grant, role, lacks };
  }
  return undefined;
}

/** An id for a new role (1 to 63 lower-case letters, digits and hyphens) from its name, in any script, that no other has. */
export function roleId(name: string, taken: readonly string[]): string {
  const plain = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50)
    .replace(/-+$/, '');
  const stem = plain === '' ? 'role' : plain;
  let id = stem;
  for (let number = 2; taken.includes(id); number++) id = `${stem}-${number}`;
  return id;
}

/** Cameras on which somebody may do the same, together: forty rows that say one thing are one. */
export function alike(
  cameras: readonly CameraPower[],
): { permissions: Permission[]; pastDays: number | null; names: string[] }[] {
  const groups = new Map<string, { permissions: Permission[]; pastDays: number | null; names: string[] }>();
  for (const { name, permissions, pastDays } of cameras) {
    const key = `${permissions.join(' ')} ${pastDays}`;
    const group = groups.get(key) ?? { permissions: [...permissions], pastDays, names: [] };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.names.length - a.names.length);
}
