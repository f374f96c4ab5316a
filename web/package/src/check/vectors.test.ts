import { createHash } from 'node:crypto';
import { crc32 as nodeCrc } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesOf, fromBase64, fromHex, timeOf, toHex } from './bytes';
import { crc32 } from './crc32';
import { digestOf } from './digest';
import { isIncluded, leafHash } from './merkle';
import { isSignedBy, parseCheckpoint, parseKey, parseNote, type NoteKey } from './note';
import { pathOf, rootOf } from './writePackage';

describe('the Merkle tree', () => {
  // Of Google's Certificate Transparency code, which RFC 6962's authors published with it.
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const leaves = inputs.map((input) => leafHash(fromHex(input) ?? new Uint8Array()));

  it('has the published roots', () => {
    for (const [index, root] of roots.entries()) expect(toHex(rootOf(leaves.slice(0, index + 1)))).toBe(root);
  });

  it('proves every leaf of every tree up to 130 leaves, and no other', () => {
    const many = Array.from({ length: 130 }, (_, n) => leafHash(bytesOf(`leaf ${n}`)));
    for (let size = 1; size <= many.length; size += size < 20 ? 1 : 11) {
      const some = many.slice(0, size);
      const root = rootOf(some);
      for (const [index, leaf] of some.entries()) {
        const proof = pathOf(index, some);
        expect(isIncluded(leaf, index, size, proof, root)).toBe(true);
        expect(isIncluded(leaf, index + 1, size, proof, root)).toBe(false);
        expect(isIncluded(many[index + 1] ?? leafHash(bytesOf('x')), index, size, proof, root)).toBe(false);
        expect(isIncluded(leaf, index, size, [...proof, root], root)).toBe(false);
        if (proof.length > 0) expect(isIncluded(leaf, index, size, proof.slice(1), root)).toBe(false);
      }
    }
  });
});

describe('a signed note', () => {
  // The example of C2SP's signed-note, and of Go's golang.org/x/mod/sumdb/note.
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

  it('of the specification is believed', () => {
    const note = parseNote(bytesOf(text));
    expect(note && isSignedBy(note, parseKey(vkey) as NoteKey)).toBe('yes');
  });

  it('with another text isn’t, and one without a signature of the key says nothing', () => {
    const other = parseNote(bytesOf(text.replace('answer', 'Answer')));
    expect(other && isSignedBy(other, parseKey(vkey) as NoteKey)).toBe('false');
    const renamed = parseNote(bytesOf(text.replace('— PeterNeumann', '— EnochRoot')));
    expect(renamed && isSignedBy(renamed, parseKey(vkey) as NoteKey)).toBe('no');
  });

  it('is one spelling: no carriage returns, no loose base64, no text behind', () => {
    for (const bad of [
      text.replace('\n', '\r\n'),
      text.slice(0, -1),
      `${text}x`,
      text.replace('AM=', 'AN='),
      text.replace('— ', '- '),
      text.replace('— PeterNeumann', '— Peter Neumann'),
      'no signatures\n\n',
    ]) {
      expect(parseNote(bytesOf(bad)), bad).toBeNull();
    }
  });

  it('has keys whose number is their digest’s', () => {
    expect(parseKey(vkey)?.name).toBe('PeterNeumann');
    expect(parseKey(` ${vkey}\n`)?.id).toBe('c74f20a3');
    for (const bad of [
      vkey.replace('c74f20a3', 'c74f20a4'),
      vkey.replace('+ARpc', '+BRpc'),
      vkey.slice(0, -1),
      '',
      'a+b',
      `Peter ${vkey}`,
    ]) {
      expect(parseKey(bad), bad).toBeNull();
    }
  });

  it('holds a checkpoint in three lines', () => {
    const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
    expect(parseCheckpoint(`example.com/log\n20852163\n${root}\n`)).toMatchObject({
      origin: 'example.com/log',
      size: 20852163,
    });
    expect(parseCheckpoint(`example.com/log\n1\n${root}\nextension\n`)?.size).toBe(1);
    for (const bad of [`a\n01\n${root}\n`, `a\n-1\n${root}\n`, `a\n1\n${root}`, `a\n1\n\n${root}\n`, 'a\n1\nAAAA\n']) {
      expect(parseCheckpoint(bad), bad).toBeNull();
    }
  });
});

it('digests are those of the platform, whole and bit by bit, of any length', async () => {
  for (const length of [0, 1, 7, 8, 9, 63, 64, 1000, 5_000_001]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) & 255);
    const expected = { sha256: createHash('sha256').update(bytes).digest('hex'), crc: nodeCrc(bytes) };
    for (const limit of [undefined, -1]) {
      const { sha256, crc } = await digestOf(new Blob([bytes]), undefined, limit);
      expect({ sha256: toHex(sha256), crc }).toEqual(expected);
    }
  }
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  expect(crc32(bytes.subarray(37), crc32(bytes.subarray(0, 37)))).toBe(nodeCrc(bytes));
});

it('bytes have one spelling', () => {
  expect(fromHex('0aff')).toEqual(new Uint8Array([10, 255]));
  for (const bad of ['0AFF', '0', 'zz', '0 ']) expect(fromHex(bad)).toBeNull();
  expect(fromBase64('AA==')).toEqual(new Uint8Array([0]));
  for (const bad of ['AB==', 'AA=', 'AA', ' AA==', 'A===', '====']) expect(fromBase64(bad), bad).toBeNull();
  expect(timeOf('2026-11-22T16:24:05.123456Z')).toBe(Date.UTC(2026, 10, 22, 16, 24, 5) * 1000 + 123456);
  expect(timeOf('2026-11-22T16:24:05Z')).toBe(Date.UTC(2026, 10, 22, 16, 24, 5) * 1000);
  for (const bad of [
    '2026-11-22',
    '2026-11-22T16:24:05+01:00',
    '2026-13-22T16:24:05Z',
    '2026-11-22T16:24:05.1234567Z',
  ]) {
    expect(timeOf(bad), bad).toBeNull();
  }
});
