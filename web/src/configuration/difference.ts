import { Problem } from '../api/problem';
import type { ConfigurationFault, ObjectChange } from '../api/types';

/** Errors of a text with their places; empty if it failed for another reason. */
export function faultsOf(error: unknown): readonly ConfigurationFault[] {
  if (!(error instanceof Problem) || !Array.isArray(error.extra.faults)) return [];
  return error.extra.faults as ConfigurationFault[];
}

export function countKinds(changes: readonly ObjectChange[]): Record<ObjectChange['kind'], number> {
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { kind } of changes) counts[kind]++;
  return counts;
}
