import { sha256 } from '@noble/hashes/sha2.js';
import { crc32 } from './crc32';

/** What the browser's own digest, which takes whole buffers only, is given at most. */
const wholeUpTo = 64 << 20;
const step = 4 << 20;

export interface Digested {
  sha256: Uint8Array;
  crc: number;
}

/**
 * Reads a blob once. The browser's SHA-256 is several times as fast as one in JavaScript, but there is none on pages that came over
 * plain HTTP, and none that takes what comes bit by bit.
 * @param onRead told of bytes as they are done with
 * @param wholeLimit for tests
 */
export async function digestOf(
  blob: Blob,
  onRead: (bytes: number) => void = () => undefined,
  wholeLimit = wholeUpTo,
): Promise<Digested> {
  // Absent where the page's origin isn't secure, whatever its type says.
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle && blob.size <= wholeLimit) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const hash = new Uint8Array(await subtle.digest('SHA-256', bytes));
    const crc = crc32(bytes);
    onRead(bytes.length);
    return { sha256: hash, crc };
  }
  const hash = sha256.create();
  let crc = 0;
  for (let at = 0; at < blob.size; at += step) {
    const bytes = new Uint8Array(await blob.slice(at, at + step).arrayBuffer());
    hash.update(bytes);
    crc = crc32(bytes, crc);
    onRead(bytes.length);
  }
  return { sha256: hash.digest(), crc };
}

export const sha256Of = (bytes: Uint8Array): Uint8Array => sha256(bytes);
