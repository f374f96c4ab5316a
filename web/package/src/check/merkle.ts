import { areEqual, joined } from './bytes';
import { sha256Of } from './digest';

// The Merkle tree of RFC 6962, section 2.1 (RFC 9162 has the same).

export const leafHash = (entry: Uint8Array): Uint8Array => sha256Of(joined(new Uint8Array([0]), entry));
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha256Of(joined(new Uint8Array([1]), left, right));

/**
 * Whether the leaf with this hash stands at an index of the tree with this size and root: RFC 9162, section 2.1.3.2.
 * Numbers up to 2^53, so no bit operations.
 */
export function isIncluded(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== 32) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      // Levels on which the last one has no sibling; at isn't 0 here.
      while (at % 2 === 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && areEqual(hash, root);
}
