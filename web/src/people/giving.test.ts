import { describe, expect, it } from 'vitest';
import type { Power } from '../api/types';
import { alike, beyond, lacking, roleId } from './giving';

const power = (
  scope: Power['scope'],
  of: string,
  permissions: Power['permissions'],
  pastDays: number | null = null,
): Power => ({
  scope,
  of,
  permissions,
  pastDays,
});

describe('what somebody can give', () => {
  const operator = { permissions: ['viewLive', 'viewPast'] as Power['permissions'], pastDays: 3 };

  it('is what they have, on a scope as wide', () => {
    const north = [power('site', 'north', ['viewLive', 'viewPast'], 3)];
    expect(lacking(north, operator, { scope: 'site', of: 'north' })).toEqual([]);
    expect(lacking(north, operator, { scope: 'site', of: 'south' })).toEqual(['viewLive', 'viewPast']);
    expect(lacking(north, operator, { scope: 'organisation', of: '' })).toEqual(['viewLive', 'viewPast']);
    expect(
      lacking([power('organisation', '', ['viewLive', 'viewPast'])], operator, { scope: 'camera', of: 'gate' }),
    ).toEqual([]);
  });

  it('reaches as far back as they may look themselves, and no farther', () => {
    const mine = [power('organisation', '', ['viewLive', 'viewPast'], 2)];
    expect(lacking(mine, operator, { scope: 'organisation', of: '' })).toEqual(['viewLive', 'viewPast']);
    expect(lacking(mine, { ...operator, pastDays: 2 }, { scope: 'organisation', of: '' })).toEqual([]);
    expect(lacking(mine, { ...operator, pastDays: null }, { scope: 'organisation', of: '' })).toHaveLength(2);
  });

  it('is told by the first grant that is more', () => {
    const role = { id: 'operator', name: 'Operator', shipped: true, ...operator };
    const grants = [
      { role: 'operator', scope: 'site' as const, of: 'north' },
      { role: 'operator', scope: 'site' as const, of: 'south' },
    ];
    const found = beyond([power('site', 'north', ['viewLive', 'viewPast'], 3)], grants, [role]);
    expect(found?.grant.of).toBe('south');
    expect(beyond([power('organisation', '', ['viewLive', 'viewPast'], 3)], grants, [role])).toBeUndefined();
  });
});

describe('a new role', () => {
  it('gets an id that the node takes, from a name in any script, and no one else’s', () => {
    expect(roleId('Équipe de nuit', [])).toBe('equipe-de-nuit');
    expect(roleId('  Night watch (2) ', ['night-watch-2'])).toBe('night-watch-2-2');
    expect(roleId('وردية الليل', ['role'])).toBe('role-2');
  });
});

describe('what somebody may do', () => {
  it('is told once for cameras where it is the same', () => {
    const groups = alike([
      { id: 'a', name: 'A', permissions: ['viewLive'], pastDays: null },
      { id: 'b', name: 'B', permissions: ['viewLive', 'viewPast'], pastDays: 3 },
      { id: 'c', name: 'C', permissions: ['viewLive'], pastDays: null },
    ]);
    expect(groups.map(({ names }) => names)).toEqual([['A', 'C'], ['B']]);
  });
});
