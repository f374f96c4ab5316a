import { textOf } from './bytes';
import { areSame, isSignedBy, isSigner, parseKey, parseNote, type NoteKey } from './note';

/** That the key of a log is followed by another, signed by both (ref/log.md). */
export interface KeyChange {
  earlier: NoteKey;
  next: NoteKey;
  /** Leaves when the key changed: what is signed from there on needs the next key's signature. */
  size: number;
  /** RFC 3339. */
  time: string;
  isRevoked: boolean;
  reason: string;
}

const maxChanges = 200;

function changeOf(text: string, log: string): KeyChange | null {
  const found =
    /^atalaya key v1\nlog (.+)\nearlier (.+)\nnext (.+)\nsize (0|[1-9]\d{0,15})\ntime (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\nearlier-key (revoked|retired)\nreason (.*)\n$/.exec(
      text,
    );
  if (!found) return null;
  const [, origin, before = '', after = '', size = '', time = '', fate, reason = ''] = found;
  const earlier = parseKey(before);
  const next = parseKey(after);
  if (origin !== log || !earlier || !next || !isSigner(earlier) || !isSigner(next)) return null;
  if (earlier.name !== log || next.name !== log || areSame(earlier, next)) return null;
  return { earlier, next, size: Number(size), time, isRevoked: fate === 'revoked', reason };
}

/** Reads `log/keys`: notes, parted by an empty line. Null unless each is signed by both of its keys. */
export function parseKeys(bytes: Uint8Array, log: string): KeyChange[] | null {
  let rest = textOf(bytes);
  if (rest === null) return null;
  const changes: KeyChange[] = [];
  while (rest !== '') {
    const text = rest.indexOf('\n\n');
    if (text < 0 || changes.length === maxChanges) return null;
    const more: number = rest.indexOf('\n\n', text + 2);
    const end: number = more < 0 ? rest.length : more + 1;
    const note = parseNote(new TextEncoder().encode(rest.slice(0, end)));
    const change = note && changeOf(note.text, log);
    if (!change || isSignedBy(note, change.earlier) !== 'yes' || isSignedBy(note, change.next) !== 'yes') return null;
    if (end === rest.length - 1) return null;
    changes.push(change);
    rest = rest.slice(end + 1);
  }
  return changes;
}

/** All keys that a known one leads to, itself the first: each statement that the last signed leads to the next. */
export function keysFrom(known: NoteKey, changes: readonly KeyChange[]): NoteKey[] {
  const keys = [known];
  for (const change of changes) {
    const last = keys.at(-1);
    if (last && areSame(change.earlier, last)) keys.push(change.next);
  }
  return keys;
}

/** The key whose signature a checkpoint of so many leaves needs, to somebody who knows this one. */
export function keyAt(known: NoteKey, changes: readonly KeyChange[], size: number): NoteKey {
  let key = known;
  for (const change of changes) {
    if (areSame(change.earlier, key) && size >= change.size) key = change.next;
  }
  return key;
}
