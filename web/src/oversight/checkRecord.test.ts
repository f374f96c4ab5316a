import { expect, test } from 'vitest';
import { bytesOf, joined, toBase64, toHex } from '../../package/src/check/bytes';
import { sha256Of } from '../../package/src/check/digest';
import { leafHash } from '../../package/src/check/merkle';
import { makeSigner, pathOf, rootOf } from '../../package/src/check/writePackage';
import { checkRecord, type Proof } from './checkRecord';

const log = makeSigner('log.example.org', 1);
const stranger = makeSigner('log.example.org', 2);

const entryOf = (record: string, salt: Uint8Array) =>
  joined(new Uint8Array([1, 9, 0, 0, 0, 0, 0, 0, 0, 0]), sha256Of(joined(salt, bytesOf(record))));

function proofOf(record: string, leaf: number, size: number): Proof {
  const salt = new Uint8Array(16).fill(7);
  const entries = Array.from({ length: size }, (_, i) => entryOf(i === leaf ? record : `{"n":${String(i)}}`, salt));
  const leaves = entries.map(leafHash);
  const text = `log.example.org\n${String(size)}\n${toBase64(rootOf(leaves))}\n`;
  return {
    leaf,
    record,
    salt: toHex(salt),
    entry: toHex(entries[leaf] ?? new Uint8Array()),
    proof: pathOf(leaf, leaves).map(toBase64),
    checkpoint: `${text}\n${log.sign(text)}`,
    keys: '',
  };
}

test('a record is proven by the known key alone', () => {
  const proof = proofOf('{"name":"rosa"}', 3, 7);
  expect(checkRecord(proof, log.vkey)).toMatchObject({ verdict: 'proven', size: 7 });
  expect(checkRecord(proof, stranger.vkey).verdict).toBe('unknownSigner');
  expect(checkRecord(proof, 'nonsense').verdict).toBe('unknownSigner');
});

test('whatever is changed is told', () => {
  const proof = proofOf('{"name":"rosa"}', 3, 7);
  for (const changed of [
    { record: '{"name":"anna"}' },
    { leaf: 4 },
    { salt: proof.salt.replace('07', '08') },
    { entry: proof.entry.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) },
    { proof: proof.proof.slice(1) },
    { proof: [...proof.proof].reverse() },
    { checkpoint: proof.checkpoint.replace('\n7\n', '\n8\n') },
    { checkpoint: 'nothing' },
    { keys: 'nothing' },
  ])
    expect(checkRecord({ ...proof, ...changed }, log.vkey).verdict, JSON.stringify(changed)).toBe('altered');
});
