// CRC-32 of ISO 3309, as ZIP has it, eight bytes a step: table n holds what a byte does n bytes on.
const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
const [first] = tables as [Uint32Array];
for (let n = 0; n < 256; n++) {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  first[n] = value;
}
for (let n = 0; n < 256; n++) {
  let value = first[n] ?? 0;
  for (const table of tables.slice(1)) table[n] = value = (first[value & 255] ?? 0) ^ (value >>> 8);
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** @param before what came before, as this returned it; 0 at the start */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % 8);
  /* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is a byte */
  for (let i = 0; i < whole; i += 8) {
    const a = view.getUint32(i, true) ^ crc;
    const b = view.getUint32(i + 4, true);
    crc =
      t7[a & 255]! ^
      t6[(a >>> 8) & 255]! ^
      t5[(a >>> 16) & 255]! ^
      t4[a >>> 24]! ^
      t3[b & 255]! ^
      t2[(b >>> 8) & 255]! ^
      t1[(b >>> 16) & 255]! ^
      t0[b >>> 24]!;
  }
  for (let i = whole; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  /* eslint-enable @typescript-eslint/no-non-null-assertion */
  return ~crc >>> 0;
}
