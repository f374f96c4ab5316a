import type { ShareInput, ShareKind } from './grants';

/** What is said of everything that a partner is given, as it stands in the fields. Empty: not said. */
export interface Common {
  link: string;
  purpose: string;
  category: string;
  request: string;
  grade: string;
}

export interface Choices extends Common {
  what: ShareKind;
  reference: string;
  /** The incident that it belongs to: by its type some clauses decide. */
  about: string;
  camera: string;
  masked: boolean;
  minutes: number | string;
  from: string;
  to: string;
  bundle: string;
  days: number | string;
}

export const commonOf = ({ link, purpose, category, request, grade }: Common) => ({
  link,
  purpose: purpose.trim(),
  ...(category && { category }),
  ...(request && { request: request as NonNullable<ShareInput['request']> }),
  ...(grade && { grade }),
});

export const keptFor = (days: number | string) => (typeof days === 'number' ? { minutes: days * 1440 } : {});

/** As the node is asked: of the fields those that its kind has. */
export function shareOf(choices: Choices): ShareInput {
  const { what, reference, about, camera, masked, minutes, from, to, bundle, days } = choices;
  return {
    ...commonOf(choices),
    what,
    reference: reference.trim(),
    ...(about && { incident: about }),
    ...(what === 'live' && { camera, masked, ...(typeof minutes === 'number' && { minutes }) }),
    ...((what === 'clip' || what === 'still') && { camera, to, masked, ...(what === 'clip' && { from }) }),
    ...(what === 'package' && { package: bundle, masked: false }),
    ...(what !== 'live' && keptFor(days)),
  };
}
