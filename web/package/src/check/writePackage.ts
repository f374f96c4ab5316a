import { getPublicKey, hashes, sign } from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesOf, joined, toBase64, toHex } from './bytes';
import { crc32 } from './crc32';
import { leafHash, nodeHash } from './merkle';
import { centralHeader, endOf, localHeader, type ZipEntry } from './zip';

// Makes packages for tests: the other half of the contract, written apart from what reads it but for the ZIP's headers.

hashes.sha512 = sha512;

export interface Signer {
  vkey: string;
  sign: (text: string) => string;
  cosign: (text: string, seconds: number) => string;
}

export function makeSigner(name: string, seedByte: number, kind = 1): Signer {
  const seed = new Uint8Array(32).fill(seedByte);
  const data = joined(new Uint8Array([kind]), getPublicKey(seed));
  const id = sha256(joined(bytesOf(`${name}\n`), data)).subarray(0, 4);
  const line = (signature: Uint8Array) => `— ${name} ${toBase64(joined(id, signature))}\n`;
  return {
    vkey: `${name}+${toHex(id)}+${toBase64(data)}`,
    sign: (text) => line(sign(bytesOf(text), seed)),
    cosign: (text, seconds) => {
      const time = new Uint8Array(8);
      new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
      return line(joined(time, sign(bytesOf(`cosignature/v1\ntime ${seconds}\n${text}`), seed)));
    },
  };
}

export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0] ?? new Uint8Array();
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

/** RFC 6962, section 2.1.1. */
export function pathOf(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return index < split
    ? [...pathOf(index, leaves.slice(0, split)), rootOf(leaves.slice(split))]
    : [...pathOf(index - split, leaves.slice(split)), rootOf(leaves.slice(0, split))];
}

const time = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');

/** A canonical ZIP of these files. */
export function zipOf(files: readonly (readonly [string, Uint8Array])[], created: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const entries: ZipEntry[] = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const entry = { name, size: bytes.length, crc: crc32(bytes), at, data: 0 };
    const header = localHeader(entry, created);
    entries.push(entry);
    parts.push(header, bytes);
    at += header.length + bytes.length;
  }
  const list = joined(...entries.map((entry) => centralHeader(entry, created)));
  return joined(...parts, list, endOf(entries.length, list.length, at));
}

function statementOf(earlier: Signer, next: Signer, size: number, fate: string): string {
  const text = `atalaya key v1\nlog ${logName}\nearlier ${earlier.vkey}\nnext ${next.vkey}\nsize ${size}\ntime 2026-11-01T00:00:00Z\nearlier-key ${fate}\nreason yearly\n`;
  return `${text}\n${earlier.sign(text)}${next.sign(text)}`;
}

/** What tests change of a manifest. */
export interface Draft {
  stretches: object[];
  video: {
    camera: string;
    start: string;
    seal: { leaf: number } | null;
    derived: { why: string; what: string; from: { sha256: string }[] } | null;
  }[];
  gaps: { cause: string; from: string }[];
  custody: { what: string; seal: object | null }[];
}

export interface Recipe {
  signer?: Signer;
  /** Keys that the log had before, with the size at which each ended. */
  earlier?: { signer: Signer; size: number }[];
  /** A key that followed the one that signs. */
  later?: { signer: Signer; size: number; fate: 'retired' | 'revoked' };
  witness?: Signer;
  /** Changes the manifest before it is signed. */
  edit?: (manifest: Draft) => void;
  /** Changes the files before they are packed. */
  repack?: (files: [string, Uint8Array][]) => [string, Uint8Array][];
  /** States the gap between the two files. */
  gap?: boolean;
  derived?: boolean;
}

export const start = Date.UTC(2026, 10, 22, 16, 0, 0);
export const logName = 'log.example.org/north';

/** Two files of 10 s of one camera, 4 s between them, in a log of a few other leaves. */
export function writePackage({ gap = true, derived = false, ...recipe }: Recipe = {}): Blob {
  const signer = recipe.signer ?? makeSigner(logName, 1);
  const created = start + 3_600_000;
  const leaves: Uint8Array[] = [];
  const add = (kind: number, record: object) => {
    const text = JSON.stringify(record);
    const salt = sha256(bytesOf(`salt ${leaves.length}`)).subarray(0, 16);
    const entry = joined(
      new Uint8Array([1, kind, 0, 0, 0, 0, 0, 0, 0, leaves.length]),
      sha256(joined(salt, bytesOf(text))),
    );
    leaves.push(entry);
    return { leaf: leaves.length - 1, entry: toHex(entry), salt: toHex(salt), record: text };
  };
  const pending: { leaf: number; proof?: string[] }[] = [];
  const seal = (kind: number, record: object) => {
    const made = { ...add(kind, record), proof: [] as string[] };
    pending.push(made);
    return made;
  };
  const files: [string, Uint8Array][] = [];
  const video = [start, start + 14_000].map((from, index) => {
    const bytes = Uint8Array.from({ length: 1500 }, (_, i) => (i * 7 + index * 13 + (i >> 8)) & 255);
    const place = { camera: 'north', stream: 'main', start: time(from), end: time(from + 10_000) };
    const path = `video/north/main/${from}.mp4`;
    files.push([path, bytes]);
    add(3, { other: index });
    const origin = { ...place, sha256: toHex(sha256(bytesOf(`original ${index}`))) };
    const digest = toHex(sha256(bytes));
    return {
      path,
      ...place,
      codecs: 'avc1.640028',
      width: 640,
      height: 360,
      seal: derived
        ? seal(13, { sha256: digest, why: 'mask', what: 'a house', from: [origin] })
        : seal(1, { ...place, bytes: bytes.length, sha256: digest }),
      fragments: Array.from({ length: 10 }, (_, n) => ({
        at: n * 1000,
        offset: 100 + n * 130,
        length: 130,
        sha256: toHex(sha256(bytes.subarray(100 + n * 130, 230 + n * 130))),
      })),
      derived: derived
        ? { why: 'mask', what: 'a house', from: [{ ...origin, seal: seal(1, { ...origin, bytes: 1 }) }] }
        : null,
    };
  });
  const between = {
    camera: 'north',
    stream: 'main',
    from: time(start + 10_000),
    to: time(start + 14_000),
    cause: 'camera',
    detail: 'no answer',
  };
  const gaps = gap ? [{ ...between, seal: seal(2, between) }] : [];
  const held = seal(5, { id: 'x', reason: 'court', owner: 'Ana', created: time(start + 60_000) });
  const custody = [
    { what: 'held', at: time(start + 60_000), by: 'Ana', detail: 'court', seal: held },
    { what: 'packaged', at: time(created), by: 'Ana', detail: '', seal: null },
  ];
  add(3, { last: true });
  const hashed = leaves.map(leafHash);
  for (const each of pending) each.proof = pathOf(each.leaf, hashed).map(toHex);

  const head = `${logName}\n${leaves.length}\n${toBase64(rootOf(hashed))}\n`;
  const checkpoint = `${head}\n${signer.sign(head)}${recipe.witness?.cosign(head, 1_795_000_000) ?? ''}`;
  const history = (recipe.earlier ?? []).map(({ signer: earlier, size }, index, all) => {
    const next = all[index + 1]?.signer ?? signer;
    return statementOf(earlier, next, size, 'retired');
  });
  if (recipe.later) history.push(statementOf(signer, recipe.later.signer, recipe.later.size, recipe.later.fate));
  const packed: [string, Uint8Array][] = [
    ['index.html', bytesOf('<!doctype html>')],
    ['log/checkpoint', bytesOf(checkpoint)],
    ['log/keys', bytesOf(history.join('\n'))],
    ...files,
  ];
  const manifest = {
    format: 'atalaya-package-1',
    id: '0193',
    created: time(created),
    title: 'Boat at the mole',
    language: 'en',
    organisation: 'Example Guard',
    site: 'North post',
    log: { name: logName, key: signer.vkey },
    certificate: '00'.repeat(32),
    purpose: { id: 'investigation', text: 'Investigation', reference: '2026/118' },
    createdBy: { id: 'u1', name: 'Ana' },
    agreedBy: null,
    incident: null,
    release: null,
    stretches: [{ camera: 'north', name: 'North gate', stream: 'main', from: time(start), to: time(start + 24_000) }],
    video,
    gaps,
    custody,
    files: packed.map(([path, bytes]) => ({ path, bytes: bytes.length, sha256: toHex(sha256(bytes)) })),
  };
  recipe.edit?.(manifest);
  const manifestBytes = bytesOf(JSON.stringify(manifest));
  const cms = bytesOf('CMS');
  const [page, log, keys, ...rest] = packed as [[string, Uint8Array], [string, Uint8Array], [string, Uint8Array]];
  const before: [string, Uint8Array][] = [page, ['manifest.json', manifestBytes], ['manifest.json.p7s', cms]];
  const sums = [...before, log, keys, ...rest].map(([path, bytes]) => `${toHex(sha256(bytes))}  ${path}\n`).join('');
  const text = `atalaya package v1\n${toHex(sha256(manifestBytes))} manifest.json\n${toHex(sha256(cms))} manifest.json.p7s\n`;
  const all: [string, Uint8Array][] = [
    ...before,
    ['SHA256SUMS', bytesOf(sums)],
    log,
    keys,
    ...rest,
    ['seal', bytesOf(`${text}\n${signer.sign(text)}`)],
  ];
  return new Blob([zipOf(recipe.repack?.(all) ?? all, created)]);
}
