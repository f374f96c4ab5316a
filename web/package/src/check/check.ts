import { areEqual, bytesOf, fromHex, joined, textOf, timeOf, toHex } from './bytes';
import { digestOf, sha256Of } from './digest';
import { keyAt, keysFrom, parseKeys, type KeyChange } from './keys';
import {
  FormFault,
  parseManifest,
  type Clip,
  type Custody,
  type Gap,
  type Manifest,
  type Origin,
  type Seal,
} from './manifest';
import { isIncluded, leafHash } from './merkle';
import {
  areSame,
  cosignedAt,
  isSignedBy,
  isSigner,
  parseCheckpoint,
  parseKey,
  parseNote,
  type Checkpoint,
  type Note,
  type NoteKey,
} from './note';
import { dataOf, endOfZip, faultOf, walk, type ZipEntry } from './zip';

export const verdicts = ['authentic', 'authenticWithGaps', 'altered', 'unknownSigner', 'incomplete'] as const;
export type Verdict = (typeof verdicts)[number];

/** What is wrong; words.ts says each in four languages. */
export type FaultCode =
  | 'zip'
  | 'cut'
  | 'structure'
  | 'end'
  | 'order'
  | 'content'
  | 'crc'
  | 'sums'
  | 'manifest'
  | 'files'
  | 'sealForm'
  | 'sealSignature'
  | 'checkpointForm'
  | 'checkpointSignature'
  | 'keys'
  | 'proof'
  | 'record'
  | 'origin'
  | 'missing'
  | 'uncovered'
  | 'witness';

export interface Fault {
  code: FaultCode;
  /** A file of the package, or a camera and its stream. */
  where: string;
  /** Stretches of time that it touches, microseconds since 1970. */
  times: { from: number; to: number }[];
  detail: string;
}

const incomplete: ReadonlySet<FaultCode> = new Set(['missing', 'cut', 'uncovered']);

export interface Witnessed {
  name: string;
  /** Of the key that it says it is by. */
  id: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** All that can be found out without knowing anybody's key. */
export interface Findings {
  faults: Fault[];
  manifest: Manifest | null;
  entries: ZipEntry[];
  /** Whose signatures were checked. */
  signer: NoteKey | null;
  changes: KeyChange[];
  checkpoint: Checkpoint | null;
  checkpointNote: Note | null;
  cosignatures: Witnessed[];
  files: number;
  bytes: number;
  proofs: number;
  hasTimestamp: boolean;
}

export interface Judgement {
  verdict: Verdict;
  faults: Fault[];
  /** Those of the cosignatures that known keys made. */
  witnesses: Witnessed[];
  isSignerKnown: boolean;
  /** A known key leads to the signer, which had been followed by another or is revoked: the package says so itself. */
  isSignerSpent: boolean;
}

/** What a package's own names are; video/… follows. */
const names = {
  page: 'index.html',
  manifest: 'manifest.json',
  cms: 'manifest.json.p7s',
  timestamp: 'manifest.json.tsr',
  sums: 'SHA256SUMS',
  checkpoint: 'log/checkpoint',
  keys: 'log/keys',
  seal: 'seal',
} as const;

const videoPath = /^video\/(?!\.)[\w.-]+\/(?!\.)[\w.-]+\/(?!\.)[\w.-]+\.mp4$/;
const leafLength = 42;
/** Kinds of leaves (ref/log.md). Retention that removed footage left a gap, too. */
const kinds = { segment: [1], gap: [2, 6], hold: [5], derived: [13] } as const;
/** A manifest of a day of twenty cameras has some tens of megabytes. */
const maxManifest = 256 << 20;
/** Of what the manifest doesn't tell the length of. */
const mostOf: Record<string, number> = {
  [names.page]: 64 << 20,
  [names.manifest]: maxManifest,
  [names.cms]: 1 << 20,
  [names.timestamp]: 256 << 10,
  [names.sums]: 64 << 20,
  [names.seal]: 64 << 10,
};

/**
 * Checks everything but who the signer is. Reads every byte of the package.
 * @param onProgress 0 to 1
 */
export async function examine(zip: Blob, onProgress: (part: number) => void = () => undefined): Promise<Findings> {
  const found: Findings = {
    faults: [],
    manifest: null,
    entries: [],
    signer: null,
    changes: [],
    checkpoint: null,
    checkpointNote: null,
    cosignatures: [],
    files: 0,
    bytes: zip.size,
    proofs: 0,
    hasTimestamp: false,
  };
  const tell = (code: FaultCode, where = '', detail = '', times: Fault['times'] = []) =>
    void found.faults.push({ code, where, times, detail });

  const { entries, then, cut } = await walk(zip);
  found.entries = entries;
  found.files = entries.length;
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  found.hasTimestamp = byName.has(names.timestamp);
  const isCut = then === 'cut';

  const small = async (name: string, limit = mostOf[name] ?? 1 << 20): Promise<Uint8Array | null> => {
    const entry = byName.get(name);
    if (!entry || entry.size > limit) return null;
    return new Uint8Array(await dataOf(zip, entry).arrayBuffer());
  };

  const manifestBytes = await small(names.manifest);
  const manifestText = manifestBytes && textOf(manifestBytes);
  if (manifestText === null) {
    if (byName.has(names.manifest)) tell('manifest', names.manifest);
    else if (isCut && isExpected(cut, entries.length === 0 ? names.page : names.manifest)) tell('cut');
    else tell('zip');
    return found;
  }
  let manifest: Manifest;
  try {
    manifest = parseManifest(manifestText);
  } catch (fault) {
    if (!(fault instanceof FormFault)) throw fault;
    tell('manifest', names.manifest, fault.message);
    return found;
  }
  found.manifest = manifest;

  const created = Math.floor(manifest.created / 1000);
  const listed = new Map(manifest.files.map((file) => [file.path, file]));

  // 1. The entries that there have to be, in their order, and their headers as they have to be.
  const [, , , ...videoFiles] = manifest.files;
  const paths = manifest.video.map(({ path }) => path);
  const videos = new Map(manifest.video.map((clip) => [clip.path, clip]));
  const inManifest = [names.page, names.checkpoint, names.keys, ...paths];
  if (
    manifest.files.length !== inManifest.length ||
    manifest.files.some(({ path }, index) => path !== inManifest[index]) ||
    videos.size !== paths.length ||
    paths.length === 0 ||
    manifest.video.some(
      ({ path, camera, stream }) => !videoPath.test(path) || !path.startsWith(`video/${camera}/${stream}/`),
    )
  ) {
    tell('files', names.manifest);
  }
  const wanted = [
    names.page,
    names.manifest,
    names.cms,
    ...(found.hasTimestamp ? [names.timestamp] : []),
    names.sums,
    names.checkpoint,
    names.keys,
    ...videoFiles.map(({ path }) => path),
    names.seal,
  ];
  const present = wanted.filter((name) => byName.has(name));
  const odd = entries.find(({ name }, index) => name !== present[index]);
  if (odd || present.length !== entries.length) tell('order', odd?.name ?? '');
  const misshapen = await faultOf(zip, cut ? [...entries, cut] : entries, created);
  if (misshapen) tell('structure', misshapen.name);
  if (then === 'other') tell('structure', wanted[entries.length] ?? '');
  // A length that was changed looks like an end that came too early.
  else if (
    cut &&
    (!isExpected(cut, wanted[entries.length]) || cut.size !== (listed.get(cut.name)?.bytes ?? cut.size))
  ) {
    tell('structure', cut.name);
  } else {
    if (isCut) tell('cut');
    for (const name of wanted) if (!byName.has(name)) tell('missing', name, '', timesOf(videos.get(name)));
  }
  if (then === 'list') {
    const end = await endOfZip(zip, entries, created);
    if (end !== 'whole') tell(end === 'cut' ? 'cut' : 'end');
  }

  // 2. Every byte of every entry.
  const digests = new Map<string, string>();
  const total = Math.max(
    1,
    entries.reduce((sum, { size }) => sum + size, 0),
  );
  let read = 0;
  for (const entry of entries) {
    const blob = dataOf(zip, entry);
    const { sha256, crc } = await digestOf(blob, (bytes) => {
      read += bytes;
      onProgress(Math.min(1, read / total));
    });
    const digest = toHex(sha256);
    digests.set(entry.name, digest);
    const file = listed.get(entry.name);
    if (file && (file.sha256 !== digest || file.bytes !== entry.size)) {
      const clip = videos.get(entry.name);
      tell('content', entry.name, '', clip ? await damageOf(blob, clip) : []);
    } else if (crc !== entry.crc) {
      tell('crc', entry.name);
    }
  }

  // 3. The list of digests, for those who check with sha256sum.
  const sums = await small(names.sums);
  const lines = entries
    .filter(({ name }) => name !== names.sums && name !== names.seal)
    .map(({ name }) => `${listed.get(name)?.sha256 ?? digests.get(name) ?? ''}  ${name}\n`);
  if (sums && present.length === wanted.length && textOf(sums) !== lines.join('')) tell('sums', names.sums);

  // 4. Whose it says that it is, and what they signed.
  const signer = parseKey(manifest.log.key);
  if (!signer || !isSigner(signer) || signer.name !== manifest.log.name)
    tell('manifest', names.manifest, "log.key isn't a log's key");
  else found.signer = signer;

  const sealBytes = await small(names.seal);
  const seal = sealBytes && parseNote(sealBytes);
  const sealed = [names.manifest, names.cms, ...(found.hasTimestamp ? [names.timestamp] : [])].filter((name) =>
    byName.has(name),
  );
  const sealText = `atalaya package v1\n${sealed.map((name) => `${digests.get(name) ?? ''} ${name}\n`).join('')}`;
  if (byName.has(names.seal)) {
    if (!seal) tell('sealForm', names.seal);
    else if (seal.text !== sealText) tell('content', sealedOtherwise(seal.text, sealed, digests));
    else if (found.signer && (isSignedBy(seal, found.signer) !== 'yes' || seal.signatures.length !== 1))
      tell('sealSignature', names.seal);
  }

  const keysBytes = await small(names.keys);
  const changes = keysBytes && parseKeys(keysBytes, manifest.log.name);
  if (changes) found.changes = changes;
  else if (keysBytes) tell('keys', names.keys);

  const noteBytes = await small(names.checkpoint);
  const note = noteBytes && parseNote(noteBytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note && checkpoint && checkpoint.origin === manifest.log.name) {
    found.checkpointNote = note;
    if (found.signer && isSignedBy(note, found.signer) !== 'yes') tell('checkpointSignature', names.checkpoint);
    else found.checkpoint = checkpoint;
    for (const signature of note.signatures) {
      const time = cosignedAt(signature);
      if (time !== null) found.cosignatures.push({ name: signature.name, id: signature.id, at: time });
    }
  } else if (noteBytes) {
    tell('checkpointForm', names.checkpoint);
  }

  // 5. What the log says of each file, gap and step.
  if (found.checkpoint) {
    const log = found.checkpoint;
    const proves = (
      claim: Seal,
      kind: readonly number[],
      where: string,
      times: Fault['times'],
    ): Record<string, unknown> | null => {
      found.proofs++;
      if (isSealed(claim, kind, log)) return recordOf(claim);
      tell('proof', where, '', times);
      return null;
    };
    const gaps = byStream(manifest.gaps);
    for (const clip of manifest.video) {
      const times = timesOf(clip);
      const sha256 = listed.get(clip.path)?.sha256 ?? '';
      if (!clip.seal) {
        tell('proof', clip.path, '', times);
        continue;
      }
      const record = proves(clip.seal, clip.derived ? kinds.derived : kinds.segment, clip.path, times);
      if (record && !(clip.derived ? isDerived(record, clip, sha256) : isSegment(record, clip, sha256))) {
        tell('record', clip.path, '', times);
      }
      for (const origin of clip.derived?.from ?? []) {
        const original = origin.seal && proves(origin.seal, kinds.segment, clip.path, times);
        if (!origin.seal || (original && !isSegment(original, origin, origin.sha256)))
          tell('origin', clip.path, '', times);
      }
      if (clip.derived && !isWithin(clip, clip.derived.from, gaps.get(streamOf(clip)) ?? []))
        tell('origin', clip.path, '', times);
    }
    for (const gap of manifest.gaps) {
      if (!gap.seal) continue;
      const where = `${gap.camera} ${gap.stream}`;
      const times = [{ from: gap.from, to: gap.to }];
      const record = proves(gap.seal, kinds.gap, where, times);
      if (record && !isGap(record, gap)) tell('record', where, '', times);
    }
    for (const step of manifest.custody) {
      if (!step.seal) continue;
      const where = `custody: ${step.what}`;
      const times = [{ from: step.at, to: step.at }];
      const record = proves(step.seal, kinds.hold, where, times);
      // Of what is told as custody the log has holds alone in these words.
      if (record && !isHold(record, step)) tell('record', where, '', times);
    }
  }

  // 6. Every instant that was asked for: footage, or why there is none.
  const over = byStream([...manifest.video, ...manifest.gaps]);
  for (const stretch of manifest.stretches) {
    for (const times of uncovered(stretch, over.get(streamOf(stretch)) ?? [])) {
      tell('uncovered', `${stretch.name || stretch.camera} ${stretch.stream}`, '', [times]);
    }
  }
  onProgress(1);
  return found;
}

/** The verdict to somebody who has these keys: of logs, and of witnesses. */
export function judge(found: Findings, known: readonly NoteKey[]): Judgement {
  const faults = [...found.faults];
  const witnesses: Witnessed[] = [];
  const { signer, checkpointNote } = found;
  for (const key of known) {
    if (isSigner(key) || !checkpointNote) continue;
    const signed = isSignedBy(checkpointNote, key);
    if (signed === 'yes')
      witnesses.push(...found.cosignatures.filter(({ name, id }) => name === key.name && id === key.id));
    if (signed === 'false') faults.push({ code: 'witness', where: key.name, times: [], detail: '' });
  }
  const leading = known.filter((key) => signer && keysFrom(key, found.changes).some((each) => areSame(each, signer)));
  // A revoked key counts for nothing, whatever size and time are in what it signed.
  const isRevoked = found.changes.some((change) => change.isRevoked && signer && areSame(change.earlier, signer));
  const size = found.checkpoint?.size ?? 0;
  const isSignerKnown =
    signer !== null && !isRevoked && leading.some((key) => areSame(keyAt(key, found.changes, size), signer));
  const verdict: Verdict = faults.some(({ code }) => !incomplete.has(code))
    ? 'altered'
    : faults.length > 0
      ? 'incomplete'
      : !isSignerKnown
        ? 'unknownSigner'
        : found.manifest && hasGaps(found.manifest)
          ? 'authenticWithGaps'
          : 'authentic';
  const isSignerSpent = verdict === 'unknownSigner' && leading.length > 0;
  return { verdict, faults, witnesses, isSignerKnown, isSignerSpent };
}

/** Whether an entry that the end of the file cut is the one that was to come. */
const isExpected = (cut: ZipEntry | null, name: string | undefined): boolean =>
  cut === null || (cut.name === name && cut.size <= (mostOf[cut.name] ?? Infinity));

/** In what was asked for. */
const hasGaps = ({ gaps, stretches }: Manifest): boolean =>
  gaps.some((gap) =>
    stretches.some(
      ({ camera, stream, from, to }) =>
        camera === gap.camera && stream === gap.stream && gap.from < to && gap.to > from,
    ),
  );

const timesOf = (clip: Clip | undefined): Fault['times'] => (clip ? [{ from: clip.start, to: clip.end }] : []);

/** When the fragments are shown that aren't what they were; all of it where the damage lies beside them. */
async function damageOf(blob: Blob, clip: Clip): Promise<Fault['times']> {
  const damaged: Fault['times'] = [];
  for (const [index, { at, offset, length, sha256 }] of clip.fragments.entries()) {
    const { sha256: is } = await digestOf(blob.slice(offset, offset + length));
    if (toHex(is) === sha256) continue;
    const from = clip.start + at * 1000;
    const next = clip.fragments[index + 1];
    const to = next ? clip.start + next.at * 1000 : clip.end;
    const last = damaged.at(-1);
    if (last?.to === from) last.to = to;
    else damaged.push({ from, to });
  }
  return damaged.length > 0 ? damaged : timesOf(clip);
}

/** Which of the sealed files the seal says something else of. */
function sealedOtherwise(text: string, sealed: readonly string[], digests: ReadonlyMap<string, string>): string {
  const lines = text.split('\n');
  return sealed.find((name) => !lines.includes(`${digests.get(name) ?? ''} ${name}`)) ?? names.seal;
}

function isSealed({ leaf, entry, salt, record, proof }: Seal, kind: readonly number[], log: Checkpoint): boolean {
  const entryBytes = fromHex(entry);
  const saltBytes = fromHex(salt);
  if (entryBytes?.length !== leafLength || entryBytes[0] !== 1 || saltBytes?.length !== 16) return false;
  if (!kind.includes(entryBytes[1] ?? 0)) return false;
  if (!areEqual(sha256Of(joined(saltBytes, bytesOf(record))), entryBytes.subarray(10))) return false;
  const hashes: Uint8Array[] = [];
  for (const text of proof) {
    const hash = fromHex(text);
    if (hash?.length !== 32) return false;
    hashes.push(hash);
  }
  return isIncluded(leafHash(entryBytes), leaf, log.size, hashes, log.root);
}

/** A sealed record, empty if it isn't an object. */
function recordOf({ record }: Seal): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(record);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isTime = (value: unknown, time: number) => typeof value === 'string' && timeOf(value) === time;

const isSegment = (record: Record<string, unknown>, clip: Clip | Origin, sha256: string): boolean =>
  record.camera === clip.camera &&
  record.stream === clip.stream &&
  record.sha256 === sha256 &&
  isTime(record.start, clip.start) &&
  isTime(record.end, clip.end);

function isDerived(record: Record<string, unknown>, clip: Clip, sha256: string): boolean {
  const origins: unknown[] = Array.isArray(record.from) ? record.from : [];
  const from = clip.derived?.from ?? [];
  return (
    record.sha256 === sha256 &&
    record.why === clip.derived?.why &&
    record.what === clip.derived?.what &&
    from.length > 0 &&
    origins.length === from.length &&
    from.every(({ sha256 }, index) => (origins[index] as Record<string, unknown> | null)?.sha256 === sha256)
  );
}

/** A copy shows nothing but its originals: of its camera and stream, in its time; where they don't reach, a gap is stated. */
const isWithin = (clip: Clip, from: readonly Origin[], gaps: readonly Gap[]): boolean =>
  from.every(
    ({ camera, stream, start, end }) =>
      camera === clip.camera && stream === clip.stream && start < clip.end && end > clip.start,
  ) &&
  uncovered({ camera: clip.camera, stream: clip.stream, from: clip.start, to: clip.end }, [...from, ...gaps]).length ===
    0;

const isHold = (record: Record<string, unknown>, step: Custody): boolean =>
  step.what === 'held' && record.owner === step.by && record.reason === step.detail && isTime(record.created, step.at);

/** A package may state the part of a gap that lies inside of what was asked for. */
function isGap(record: Record<string, unknown>, gap: Gap): boolean {
  const from = typeof record.from === 'string' ? timeOf(record.from) : null;
  const to = typeof record.to === 'string' ? timeOf(record.to) : null;
  return (
    record.camera === gap.camera &&
    record.stream === gap.stream &&
    record.cause === gap.cause &&
    record.detail === gap.detail &&
    from !== null &&
    to !== null &&
    from <= gap.from &&
    to >= gap.to
  );
}

interface Span {
  camera: string;
  stream: string;
}
type Spanned = Span & ({ start: number; end: number } | { from: number; to: number });

const streamOf = ({ camera, stream }: Span): string => JSON.stringify([camera, stream]);

function byStream<T extends Span>(spans: readonly T[]): Map<string, T[]> {
  const streams = new Map<string, T[]>();
  for (const span of spans) {
    const key = streamOf(span);
    const list = streams.get(key);
    if (list) list.push(span);
    else streams.set(key, [span]);
  }
  return streams;
}

/** The parts of a stretch that none of these lies over. */
export function uncovered(
  stretch: Span & { from: number; to: number },
  over: readonly Spanned[],
): { from: number; to: number }[] {
  const spans = over
    .filter(({ camera, stream }) => camera === stretch.camera && stream === stretch.stream)
    .map((span) => ('start' in span ? { from: span.start, to: span.end } : { from: span.from, to: span.to }))
    .sort((a, b) => a.from - b.from);
  const bare: { from: number; to: number }[] = [];
  let at = stretch.from;
  for (const { from, to } of spans) {
    if (from > at && at < stretch.to) bare.push({ from: at, to: Math.min(from, stretch.to) });
    at = Math.max(at, to);
  }
  if (at < stretch.to) bare.push({ from: at, to: stretch.to });
  return bare;
}
