import { describe, expect, it } from 'vitest';
import { bytesOf, joined } from './bytes';
import { examine, judge, uncovered, type FaultCode, type Judgement } from './check';
import { parseKey, type NoteKey } from './note';
import { logName, makeSigner, start, writePackage, zipOf, type Recipe } from './writePackage';

const signer = makeSigner(logName, 1);
const key = parseKey(signer.vkey) as NoteKey;

async function verdictOf(zip: Blob, known = [key]): Promise<Judgement> {
  return judge(await examine(zip), known);
}

const codes = ({ faults }: Judgement): FaultCode[] => faults.map(({ code }) => code);
const bytesIn = async (zip: Blob) => new Uint8Array(await zip.arrayBuffer());

describe('a package', () => {
  it('is authentic to whoever has the key of its log', async () => {
    const stretches = [
      { camera: 'north', name: '', stream: 'main', from: '2026-11-22T16:00:00Z', to: '2026-11-22T16:00:10Z' },
    ];
    const judgement = await verdictOf(
      writePackage({ gap: false, edit: (manifest) => (manifest.stretches = stretches) }),
    );
    expect(judgement).toMatchObject({ verdict: 'authentic', faults: [], isSignerKnown: true });
  });

  it('is authentic with the gaps that it states', async () => {
    expect(await verdictOf(writePackage())).toMatchObject({ verdict: 'authenticWithGaps', faults: [] });
  });

  it('is by somebody unknown without a key, and with another one', async () => {
    expect((await verdictOf(writePackage(), [])).verdict).toBe('unknownSigner');
    const other = parseKey(makeSigner(logName, 2).vkey) as NoteKey;
    expect((await verdictOf(writePackage(), [other])).verdict).toBe('unknownSigner');
  });

  it('is known through the statements of its key’s changes, by an earlier key only', async () => {
    const [first, second] = [makeSigner(logName, 7), makeSigner(logName, 8)];
    const zip = writePackage({
      earlier: [
        { signer: first, size: 1 },
        { signer: second, size: 3 },
      ],
    });
    for (const known of [first, second, signer]) {
      expect((await verdictOf(zip, [parseKey(known.vkey) as NoteKey])).verdict).toBe('authenticWithGaps');
    }
    // Nor does a later key speak for an earlier one.
    const later = parseKey(makeSigner(logName, 9).vkey) as NoteKey;
    expect((await verdictOf(zip, [later])).verdict).toBe('unknownSigner');
  });

  it('isn’t known by a key that it says itself was followed or revoked', async () => {
    const next = makeSigner(logName, 2);
    for (const [size, fate, verdict] of [
      [3, 'retired', 'unknownSigner'],
      [1000, 'retired', 'authenticWithGaps'],
      [1000, 'revoked', 'unknownSigner'],
    ] as const) {
      const judgement = await verdictOf(writePackage({ later: { signer: next, size, fate } }));
      expect(judgement).toMatchObject({ verdict, isSignerSpent: verdict === 'unknownSigner' });
    }
  });

  it('names the witnesses whose keys are known, and refuses a false cosignature', async () => {
    const witness = makeSigner('witness.example.org', 5, 4);
    const known = [key, parseKey(witness.vkey) as NoteKey];
    const [witnessed] = (await verdictOf(writePackage({ witness }), known)).witnesses;
    expect(witnessed).toMatchObject({ name: 'witness.example.org', id: known[1]?.id });
    // Whoever takes the witness's name signs with another key.
    const forged = makeSigner('witness.example.org', 6, 4);
    expect((await verdictOf(writePackage({ witness: forged }), known)).witnesses).toEqual([]);
    const both = {
      ...witness,
      cosign: (text: string, at: number) => witness.cosign(text, at) + forged.cosign(text, at),
    };
    expect((await verdictOf(writePackage({ witness: both }), known)).witnesses).toEqual([witnessed]);
    const liar = { ...witness, cosign: (_: string, seconds: number) => witness.cosign('other\n1\n', seconds) };
    expect(await verdictOf(writePackage({ witness: liar }), known)).toMatchObject({ verdict: 'altered' });
  });

  it('is incomplete where neither footage nor a stated gap is', async () => {
    const judgement = await verdictOf(writePackage({ gap: false }));
    expect(judgement.verdict).toBe('incomplete');
    expect(judgement.faults).toEqual([
      {
        code: 'uncovered',
        where: 'North gate main',
        detail: '',
        times: [{ from: (start + 10_000) * 1000, to: (start + 14_000) * 1000 }],
      },
    ]);
  });

  it('is incomplete without one of its files', async () => {
    for (const name of [
      'seal',
      'log/checkpoint',
      `video/north/main/${start}.mp4`,
      'SHA256SUMS',
      'index.html',
      'manifest.json.p7s',
    ]) {
      const judgement = await verdictOf(writePackage({ repack: (files) => files.filter(([path]) => path !== name) }));
      expect(judgement.faults[0], name).toMatchObject({ code: 'missing', where: name });
      expect(judgement.verdict === 'incomplete' || judgement.verdict === 'altered', name).toBe(true);
    }
  });

  it('says which second of which file was altered', async () => {
    const path = `video/north/main/${start + 14_000}.mp4`;
    const judgement = await verdictOf(
      writePackage({
        repack: (files) =>
          files.map(([name, bytes]) => [
            name,
            name === path ? bytes.map((byte, i) => (i === 100 + 130 * 3 + 5 ? byte ^ 1 : byte)) : bytes,
          ]),
      }),
    );
    expect(judgement.verdict).toBe('altered');
    expect(judgement.faults.find(({ code }) => code === 'content')).toEqual({
      code: 'content',
      where: path,
      detail: '',
      times: [{ from: (start + 17_000) * 1000, to: (start + 18_000) * 1000 }],
    });
  });

  it('is refused with another order, another file, the same twice', async () => {
    const orders: NonNullable<Recipe['repack']>[] = [
      (files) => files.toReversed(),
      (files) => [...files, ['extra.txt', bytesOf('x')]],
      (files) => [['extra.txt', bytesOf('x')], ...files],
      (files) => [...files, ...files.slice(-1)],
      (files) => files.map(([name, bytes]) => [name === 'log/keys' ? 'log/Keys' : name, bytes]),
    ];
    for (const repack of orders) expect((await verdictOf(writePackage({ repack }))).verdict).toBe('altered');
  });

  it('is refused when its records say something else than its manifest', async () => {
    const edits: NonNullable<Recipe['edit']>[] = [
      ({ video: [clip] }) => Object.assign(clip ?? {}, { camera: 'south' }),
      ({ video: [clip] }) => Object.assign(clip ?? {}, { start: '2026-11-22T15:59:59.000000Z' }),
      ({ video: [clip] }) => Object.assign(clip?.seal ?? {}, { leaf: 0 }),
      ({ video: [clip] }) => Object.assign(clip ?? {}, { seal: null }),
      ({ gaps: [gap] }) => Object.assign(gap ?? {}, { cause: 'operator' }),
      ({ gaps: [gap] }) => Object.assign(gap ?? {}, { detail: 'night' }),
      ({ custody: [held] }) => Object.assign(held ?? {}, { what: 'agreed' }),
      ({ custody: [held] }) => Object.assign(held ?? {}, { by: 'Eva' }),
      ({ custody: [held] }) => Object.assign(held ?? {}, { detail: 'none' }),
      ({ custody: [held] }) => Object.assign(held ?? {}, { at: '2026-11-21T16:00:00.000000Z' }),
      ({ custody: [held], video: [clip] }) => Object.assign(held ?? {}, { seal: clip?.seal }),
      ({ gaps: [gap] }) => Object.assign(gap ?? {}, { from: '2026-11-22T16:00:09.000000Z' }),
    ];
    for (const edit of edits) {
      expect((await verdictOf(writePackage({ edit }))).verdict).toBe('altered');
    }
  });

  it('may hold footage that was made from sealed footage, if both are sealed', async () => {
    expect((await verdictOf(writePackage({ derived: true }))).verdict).toBe('authenticWithGaps');
    const edit: Recipe['edit'] = ({ video: [clip] }) =>
      Object.assign(clip?.derived?.from[0] ?? {}, { sha256: 'ab'.repeat(32) });
    const judgement = await verdictOf(writePackage({ derived: true, edit }));
    expect(judgement.verdict).toBe('altered');
    expect(codes(judgement)).toContain('origin');
  });

  it('may call it nothing but what its record and its originals say', async () => {
    const lies: Record<string, NonNullable<Recipe['edit']>> = {
      'no originals': ({ video: [clip] }) => Object.assign(clip?.derived ?? {}, { from: [] }),
      'another reason': ({ video: [clip] }) => Object.assign(clip?.derived ?? {}, { why: 'redaction' }),
      'something else hidden': ({ video: [clip] }) => Object.assign(clip?.derived ?? {}, { what: 'dust' }),
      'recorded, not derived': ({ video: [clip] }) => Object.assign(clip ?? {}, { derived: null }),
      'another camera': ({ video: [clip] }) => Object.assign(clip ?? {}, { camera: 'south' }),
      'another stream': ({ video: [clip] }) => Object.assign(clip ?? {}, { stream: 'sub' }),
      'another day': ({ video: [clip] }) =>
        Object.assign(clip ?? {}, { start: '2026-11-23T16:00:00.000000Z', end: '2026-11-23T16:00:10.000000Z' }),
      'it began earlier': ({ video: [clip] }) => Object.assign(clip ?? {}, { start: '2026-11-22T15:59:59.000000Z' }),
      'it ended later': ({ video: [, clip] }) => Object.assign(clip ?? {}, { end: '2026-11-22T16:00:25.000000Z' }),
    };
    for (const [lie, edit] of Object.entries(lies))
      expect((await verdictOf(writePackage({ derived: true, edit }))).verdict, lie).toBe('altered');
    // Over what a gap states a copy may last.
    const longer: Recipe['edit'] = ({ video: [clip] }) =>
      Object.assign(clip ?? {}, { end: '2026-11-22T16:00:14.000000Z' });
    expect((await verdictOf(writePackage({ derived: true, edit: longer }))).verdict).toBe('authenticWithGaps');
  });

  it('with any bit changed is never authentic, and never a crash', { timeout: 3_600_000 }, async () => {
    const bytes = await bytesIn(writePackage());
    const accepted: number[] = [];
    // A prime stride: every structure is hit, and over the bits of a byte in turn. Each bit by itself in `make bits`.
    const stride = Number(process.env['ATALAYA_BIT_STRIDE'] ?? 31);
    for (let bit = 0; bit < bytes.length * 8; bit += stride) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { verdict } = await verdictOf(new Blob([changed]));
      if (verdict === 'authentic' || verdict === 'authenticWithGaps') accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  it('with bytes missing, doubled or behind it is never authentic', async () => {
    const bytes = await bytesIn(writePackage());
    const wrong: Uint8Array<ArrayBuffer>[] = [
      joined(bytes, new Uint8Array(1)),
      joined(new Uint8Array(1), bytes),
      joined(bytes, bytes),
      new Uint8Array(),
    ];
    for (let at = 1; at < bytes.length; at += 997) {
      wrong.push(
        bytes.slice(0, at),
        joined(bytes.subarray(0, at), bytes.subarray(at + 1)),
        joined(bytes.subarray(0, at), bytes.subarray(at - 1)),
      );
    }
    for (const each of wrong) expect(['altered', 'incomplete']).toContain((await verdictOf(new Blob([each]))).verdict);
  });

  it('that was cut short is incomplete, wherever it was cut', async () => {
    const bytes = await bytesIn(writePackage());
    for (let at = 0; at < bytes.length; at += 101) {
      expect((await verdictOf(new Blob([bytes.slice(0, at)]))).verdict, `${at}`).toBe('incomplete');
    }
  });

  it('packed again by another program is refused', async () => {
    const files: [string, Uint8Array][] = [];
    writePackage({
      repack: (all) => {
        files.push(...all);
        return all;
      },
    });
    // Another time in its headers is enough.
    const judgement = await verdictOf(new Blob([zipOf(files, start)]));
    expect(codes(judgement)).toContain('structure');
  });

  it('tells how far its check is', async () => {
    const parts: number[] = [];
    await examine(writePackage(), (part) => parts.push(part));
    expect(parts.at(-1)).toBe(1);
    expect(parts).toEqual([...parts].sort((a, b) => a - b));
  });
});

it('stretches are covered by what lies over them, in any order and overlapping', () => {
  const at = (from: number, to: number, stream = 'main') => ({ camera: 'a', stream, from, to });
  expect(uncovered(at(0, 10), [])).toEqual([{ from: 0, to: 10 }]);
  expect(uncovered(at(0, 10), [at(4, 20), at(-5, 4)])).toEqual([]);
  expect(uncovered(at(0, 10), [at(2, 3), at(5, 8), at(2, 4)])).toEqual([
    { from: 0, to: 2 },
    { from: 4, to: 5 },
    { from: 8, to: 10 },
  ]);
  expect(uncovered(at(0, 10), [at(0, 10, 'sub')])).toHaveLength(1);
});
