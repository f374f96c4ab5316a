import { keep, kept } from '../i18n/preferences';
import type { PackageInput } from '../api/types';

// A second person agrees to one package, to the letter. What was asked for is kept in this browser until it is made, so that nobody types it again.
const name = 'packagesAsked';
const most = 10;

interface Asked {
  approval: string;
  body: PackageInput;
}

function all(): Asked[] {
  try {
    const list: unknown = JSON.parse(kept(name) ?? '[]');
    return Array.isArray(list) ? (list as Asked[]) : [];
  } catch {
    return [];
  }
}

export const rememberAsked = (approval: string, body: PackageInput): void =>
  keep(
    name,
    JSON.stringify([{ approval, body }, ...all().filter((each) => each.approval !== approval)].slice(0, most)),
  );

export const askedFor = (approval: string): PackageInput | undefined =>
  all().find((each) => each.approval === approval)?.body;

export function forgetAsked(body: PackageInput): void {
  const text = JSON.stringify(body);
  keep(name, JSON.stringify(all().filter((each) => JSON.stringify(each.body) !== text)));
}
