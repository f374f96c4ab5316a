import { areEqual, bytesOf, fromBase64, fromHex, joined } from '../../package/src/check/bytes';
import { sha256Of } from '../../package/src/check/digest';
import { parseKeys } from '../../package/src/check/keys';
import { isIncluded, leafHash } from '../../package/src/check/merkle';
import { areSame, cosignedAt, isSignedBy, parseCheckpoint, parseKey, parseNote } from '../../package/src/check/note';

export interface Proof {
  leaf: number;
  record: string;
  salt: string;
  entry: string;
  proof: readonly string[];
  checkpoint: string;
  keys: string;
}

export type RecordVerdict = 'proven' | 'altered' | 'unknownSigner';

export interface RecordCheck {
  verdict: RecordVerdict;
  /** Leaves of the checkpoint; 0: it couldn't be read. */
  size: number;
  /** Who else signed it, by their own word: their keys aren't known here. */
  witnesses: { name: string; at: number }[];
}

/** Length of a leaf's head: version, kind, time; the digest follows. */
const head = 10;

/** Whether a record is in the log of a key that somebody knows, by its proof alone (ref/log.md). */
export function checkRecord(proof: Proof, knownKey: string): RecordCheck {
  const note = parseNote(bytesOf(proof.checkpoint));
  const checkpoint = note && parseCheckpoint(note.text);
  const entry = fromHex(proof.entry);
  const salt = fromHex(proof.salt);
  const path = proof.proof.map((hash) => fromBase64(hash));
  if (!note || !checkpoint || !entry || salt?.length !== 16 || path.some((hash) => hash?.length !== 32))
    return { verdict: 'altered', size: 0, witnesses: [] };
  const { size, root, origin } = checkpoint;
  const witnesses = note.signatures.flatMap((signature) => {
    const at = cosignedAt(signature);
    return at === null ? [] : [{ name: signature.name, at }];
  });
  const result = (verdict: RecordVerdict) => ({ verdict, size, witnesses });
  const commitment = sha256Of(joined(salt, bytesOf(proof.record)));
  const isOwn = entry.length === head + 32 && areEqual(entry.subarray(head), commitment);
  if (!isOwn || !isIncluded(leafHash(entry), proof.leaf, size, path as Uint8Array[], root)) return result('altered');
  const known = parseKey(knownKey);
  const changes = parseKeys(bytesOf(proof.keys), origin);
  if (changes === null) return result('altered');
  if (known?.name !== origin) return result('unknownSigner');
  // The key that was in force when the log had so many leaves.
  let key = known;
  for (const change of changes) if (areSame(change.earlier, key) && size >= change.size) key = change.next;
  const signed = isSignedBy(note, key);
  return result(signed === 'yes' ? 'proven' : signed === 'false' ? 'altered' : 'unknownSigner');
}
