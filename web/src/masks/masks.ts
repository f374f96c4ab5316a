import type { MaskedArea } from '../api/types';

/** Where a new mask lies until it is drawn: in the middle, where it is found. */
const square = [
  [0.35, 0.35],
  [0.65, 0.35],
  [0.65, 0.65],
  [0.35, 0.65],
];

/** A new mask with an id and a name that no other of the camera has. */
export function newMask(name: string, taken: readonly MaskedArea[]): MaskedArea {
  let number = 1;
  while (taken.some((mask) => mask.id === `mask-${number}`)) number++;
  return {
    id: `mask-${number}`,
    name: taken.some((mask) => mask.name === name) ? `${name} ${number}` : name,
    reason: '',
    kind: 'fill',
    points: square,
  };
}

/** Whether something that was hidden may be seen then: the node wants another permission for that. */
export const takesAway = (before: readonly MaskedArea[], after: readonly MaskedArea[]): boolean =>
  before.some(
    (old) =>
      !after.some(
        (mask) =>
          JSON.stringify(mask.points) === JSON.stringify(old.points) &&
          (mask.kind === 'fill' || mask.kind === old.kind),
      ),
  );

/** Messages of the node for one mask's field. */
export function faultsOf(errors: Record<string, string[]>, index: number, field: string): string | undefined {
  return errors[`masks[${index}].${field}`]?.join(' ');
}
