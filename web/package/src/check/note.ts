import { hashes, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { areEqual, bytesOf, fromBase64, joined, textOf, toHex } from './bytes';
import { sha256Of } from './digest';

hashes.sha512 = sha512;

/** What a signature states: the text itself, or that its signer had seen no larger tree at a time (C2SP tlog-cosignature). */
const plain = 1;
const cosignature = 4;

/** Whose signatures are believed (C2SP signed-note); written as name+id+base64. */
export interface NoteKey {
  name: string;
  /** Eight hexadecimal digits. */
  id: string;
  kind: number;
  publicKey: Uint8Array;
  text: string;
}

export interface NoteSignature {
  name: string;
  id: string;
  bytes: Uint8Array;
}

export interface Note {
  /** With its last newline. */
  text: string;
  signatures: readonly NoteSignature[];
}

const isName = (name: string) => name !== '' && !/[\s\p{Cc}+]/u.test(name);

export function parseKey(given: string): NoteKey | null {
  const text = given.trim();
  // Base64 may hold a plus sign.
  const found = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  const [, name = '', id = '', data = ''] = found ?? [];
  const bytes = fromBase64(data);
  if (!found || !isName(name) || bytes?.length !== 33) return null;
  const kind = bytes[0] ?? 0;
  if (kind !== plain && kind !== cosignature) return null;
  const hash = sha256Of(joined(bytesOf(`${name}\n`), bytes));
  return toHex(hash.subarray(0, 4)) === id ? { name, id, kind, publicKey: bytes.subarray(1), text } : null;
}

export const isSigner = (key: NoteKey): boolean => key.kind === plain;
export const areSame = (a: NoteKey, b: NoteKey): boolean =>
  a.name === b.name && a.kind === b.kind && areEqual(a.publicKey, b.publicKey);

const maxLength = 64 << 10;
const maxSignatures = 100;

export function parseNote(bytes: Uint8Array): Note | null {
  if (bytes.length > maxLength) return null;
  const all = textOf(bytes);
  // eslint-disable-next-line no-control-regex -- the one that a note may hold is the newline
  if (all === null || !all.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(all)) return null;
  // The last empty line parts them.
  const split = all.lastIndexOf('\n\n');
  if (split < 0) return null;
  const lines = all.slice(split + 2, -1).split('\n');
  if (lines.length > maxSignatures) return null;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const [dash, name = '', data = '', more] = line.split(' ');
    const signature = fromBase64(data);
    if (dash !== '—' || more !== undefined || !isName(name) || signature === null || signature.length < 5) return null;
    signatures.push({ name, id: toHex(signature.subarray(0, 4)), bytes: signature.subarray(4) });
  }
  return { text: all.slice(0, split + 1), signatures };
}

function isSignatureOf(key: NoteKey, text: string, signature: Uint8Array): boolean {
  let message = bytesOf(text);
  let bytes = signature;
  if (key.kind === cosignature) {
    if (signature.length !== 72) return false;
    const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
    message = joined(bytesOf(`cosignature/v1\ntime ${seconds.toString()}\n`), message);
    bytes = signature.subarray(8);
  }
  if (bytes.length !== 64) return false;
  try {
    return verify(bytes, message, key.publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Of a note and a key: signed by it, not signed by it, or with a false signature under its name. */
export type Signed = 'yes' | 'no' | 'false';

export function isSignedBy(note: Note, key: NoteKey): Signed {
  const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  if (own.length === 0) return 'no';
  return own.every(({ bytes }) => isSignatureOf(key, note.text, bytes)) ? 'yes' : 'false';
}

/** When a cosignature says that it was made, milliseconds since 1970; null of a signature that isn't one by its length. */
export function cosignedAt(signature: NoteSignature): number | null {
  if (signature.bytes.length !== 72) return null;
  const seconds = new DataView(signature.bytes.buffer, signature.bytes.byteOffset).getBigUint64(0);
  return seconds < 253402300800n ? Number(seconds) * 1000 : null;
}

export interface Checkpoint {
  origin: string;
  /** Leaves. */
  size: number;
  root: Uint8Array;
}

/** C2SP tlog-checkpoint; lines beyond the third are allowed, and mean nothing here. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const lines = text.split('\n');
  const [origin = '', count = '', hash = ''] = lines;
  if (lines.length < 4 || lines.pop() !== '' || lines.includes('') || !/^(0|[1-9]\d{0,15})$/.test(count)) return null;
  const size = Number(count);
  const root = fromBase64(hash);
  return Number.isSafeInteger(size) && root?.length === 32 ? { origin, size, root } : null;
}
