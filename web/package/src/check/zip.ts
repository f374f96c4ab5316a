import { areEqual, bytesOf, joined, textOf } from './bytes';

/*
 * A package is a ZIP of which nothing can be chosen: entries stored one behind the other, each header made from name, length, CRC and
 * the one time, nothing between them and nothing behind. So it is read by making its headers anew and comparing bytes (ref/package.md).
 */

export interface ZipEntry {
  name: string;
  size: number;
  crc: number;
  /** Of its header. */
  at: number;
  /** Of its bytes. */
  data: number;
}

const localSignature = 0x04034b50;
const centralSignature = 0x02014b50;
const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;
const full32 = 0xffffffff;
const full16 = 0xffff;
/** Names are UTF-8. */
const flags = 0x0800;
const plainVersion = 20;
const version64 = 45;
/** Numbers of 32 bits that hold no length: it stands in 64 bits behind the name. */
const large = (value: number) => value >= full32;

class Writer {
  readonly #bytes: number[] = [];
  u16(value: number): this {
    this.#bytes.push(value & 255, (value >>> 8) & 255);
    return this;
  }
  u32(value: number): this {
    return this.u16(value & full16).u16(value >>> 16);
  }
  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }
  done(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}

/** MS-DOS time and date, UTC, two seconds of grain. @param ms since 1970 */
function dosTime(ms: number): { time: number; date: number } {
  const at = new Date(ms);
  return {
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
    date: ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
  };
}

export function localHeader({ name, size, crc }: ZipEntry, created: number): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(name);
  const { time, date } = dosTime(created);
  const is64 = large(size);
  const length = is64 ? full32 : size;
  const header = new Writer()
    .u32(localSignature)
    .u16(is64 ? version64 : plainVersion)
    .u16(flags)
    .u16(0)
    .u16(time)
    .u16(date)
    .u32(crc)
    .u32(length)
    .u32(length)
    .u16(bytes.length)
    .u16(is64 ? 20 : 0);
  const extra = new Writer();
  if (is64) extra.u16(1).u16(16).u64(size).u64(size);
  return joined(header.done(), bytes, extra.done());
}

export function centralHeader({ name, size, crc, at }: ZipEntry, created: number): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(name);
  const { time, date } = dosTime(created);
  const extra = new Writer();
  if (large(size)) extra.u64(size).u64(size);
  if (large(at)) extra.u64(at);
  const more = extra.done();
  const version = more.length > 0 ? version64 : plainVersion;
  const length = large(size) ? full32 : size;
  const header = new Writer()
    .u32(centralSignature)
    .u16(version)
    .u16(version)
    .u16(flags)
    .u16(0)
    .u16(time)
    .u16(date)
    .u32(crc)
    .u32(length)
    .u32(length)
    .u16(bytes.length)
    .u16(more.length > 0 ? more.length + 4 : 0)
    .u16(0)
    .u16(0)
    .u16(0)
    .u32(0)
    .u32(large(at) ? full32 : at);
  return more.length > 0
    ? joined(header.done(), bytes, new Writer().u16(1).u16(more.length).done(), more)
    : joined(header.done(), bytes);
}

/** What stands behind the list. */
export function endOf(count: number, size: number, at: number): Uint8Array<ArrayBuffer> {
  const end = new Writer();
  if (count >= full16 || large(size) || large(at)) {
    end
      .u32(end64Signature)
      .u64(44)
      .u16(version64)
      .u16(version64)
      .u32(0)
      .u32(0)
      .u64(count)
      .u64(count)
      .u64(size)
      .u64(at)
      .u32(locatorSignature)
      .u32(0)
      .u64(at + size)
      .u32(1);
  }
  return end
    .u32(endSignature)
    .u16(0)
    .u16(0)
    .u16(Math.min(count, full16))
    .u16(Math.min(count, full16))
    .u32(Math.min(size, full32))
    .u32(Math.min(at, full32))
    .u16(0)
    .done();
}

/** Of a name, in bytes. */
const maxName = 240;
const fixedHeader = 30;

/** The entries one finds by going from header to header. */
export interface Walk {
  entries: ZipEntry[];
  /**
   * What came then: the list of entries, as it has to be; the end of the file in the middle of a header or of an entry's bytes;
   * or something else.
   */
  then: 'list' | 'cut' | 'other';
  /** Whose bytes the end of the file cut. */
  cut: ZipEntry | null;
}

/** Nothing that headers say is to be believed before {@link faultOf}. */
export async function walk(zip: Blob): Promise<Walk> {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (;;) {
    const view = new DataView(await zip.slice(at, at + fixedHeader + maxName + 20).arrayBuffer());
    if (view.byteLength >= 4 && view.getUint32(0, true) === centralSignature)
      return { entries, then: 'list', cut: null };
    if (view.byteLength < fixedHeader) return { entries, then: 'cut', cut: null };
    if (view.getUint32(0, true) !== localSignature) return { entries, then: 'other', cut: null };
    const nameLength = view.getUint16(26, true);
    const name =
      nameLength > maxName
        ? null
        : textOf(new Uint8Array(view.buffer, fixedHeader, Math.min(nameLength, view.byteLength - fixedHeader)));
    let size = view.getUint32(18, true);
    const header = fixedHeader + nameLength + (large(size) ? 20 : 0);
    if (name === null || name === '') return { entries, then: 'other', cut: null };
    if (view.byteLength < header) return { entries, then: 'cut', cut: null };
    if (large(size)) size = Number(view.getBigUint64(fixedHeader + nameLength + 4, true));
    const entry = { name, size, crc: view.getUint32(14, true), at, data: at + header };
    if (entry.data + size > zip.size) return { entries, then: 'cut', cut: entry };
    entries.push(entry);
    at = entry.data + size;
  }
}

/**
 * Whether the headers are as they have to be.
 * @param created the package's time, ms since 1970
 * @returns the first entry at which one isn't
 */
export async function faultOf(zip: Blob, entries: readonly ZipEntry[], created: number): Promise<ZipEntry | null> {
  for (const entry of entries) {
    const header = new Uint8Array(await zip.slice(entry.at, entry.data).arrayBuffer());
    if (!areEqual(localHeader(entry, created), header)) return entry;
  }
  return null;
}

/** Whether behind the entries there is their list, and nothing else; 'cut' if it begins so. */
export async function endOfZip(
  zip: Blob,
  entries: readonly ZipEntry[],
  created: number,
): Promise<'whole' | 'cut' | 'other'> {
  const last = entries.at(-1);
  const at = last ? last.data + last.size : 0;
  const list = joined(...entries.map((entry) => centralHeader(entry, created)));
  const wanted = joined(list, endOf(entries.length, list.length, at));
  const found = new Uint8Array(await zip.slice(at, at + wanted.length).arrayBuffer());
  if (!areEqual(found, wanted.subarray(0, found.length)) || zip.size > at + wanted.length) return 'other';
  return found.length < wanted.length ? 'cut' : 'whole';
}

export const dataOf = (zip: Blob, { data, size }: ZipEntry, type = ''): Blob => zip.slice(data, data + size, type);
