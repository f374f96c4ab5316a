import { Problem } from './problem';
import type { Approval } from './types';

/** Of an answer that says that a second person has to agree first: who may, and to what. */
export function approvalOf(error: unknown): { approval: Approval; deciders: string[] } | null {
  if (!(error instanceof Problem) || error.extra.type !== 'urn:atalaya:problem:approval') return null;
  return { approval: error.extra.approval as Approval, deciders: error.extra.deciders as string[] };
}
