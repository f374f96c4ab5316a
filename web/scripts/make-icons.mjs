// Draws the page's icons as PNG: the watchtower of public/favicon.svg, which installed pages can't use everywhere.
// node scripts/make-icons.mjs writes public/icons/; they are kept, since they change as seldom as the drawing does.
import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

// On a field of 32 by 32, as in the drawing.
const lines = [
  [11, 26, 12.6, 13],
  [12.6, 13, 19.4, 13],
  [19.4, 13, 21, 26],
  [9, 13, 23, 13],
  [11, 13, 11, 9],
  [11, 9, 16, 5],
  [16, 5, 21, 9],
  [21, 9, 21, 13],
  [12, 20, 20, 20],
];
const ground = [0x16, 0x19, 0x1c];
const stroke = [0x6c, 0xb0, 0xf5];

function distance(x, y, [ax, ay, bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/** From 0 outside to 1 inside of a square with round corners. */
function inSquare(x, y, radius, pixel) {
  const [dx, dy] = [Math.max(Math.abs(x - 16) - 16 + radius, 0), Math.max(Math.abs(y - 16) - 16 + radius, 0)];
  return Math.min(1, Math.max(0, (radius - Math.hypot(dx, dy)) / pixel + 0.5));
}

/** @param scale of the drawing on its ground: what may be cut to a circle keeps it in the middle four fifths */
function picture(size, radius, scale) {
  const pixel = 32 / size;
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [x, y] = [(column + 0.5) * pixel, (row + 0.5) * pixel];
      const [u, v] = [(x - 16) / scale + 16, (y - 15.5) / scale + 15.5];
      const far = Math.min(...lines.map((line) => distance(u, v, line)));
      const ink = Math.min(1, Math.max(0, ((1 - far) * scale) / pixel + 0.5));
      const at = row * (size * 4 + 1) + 1 + column * 4;
      for (let i = 0; i < 3; i++) rows[at + i] = Math.round(ground[i] + (stroke[i] - ground[i]) * ink);
      rows[at + 3] = radius === 0 ? 255 : Math.round(255 * inSquare(x, y, radius, pixel));
    }
  }
  return rows;
}

const table = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return whole;
}

function png(size, rows) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

for (const [name, size, radius, scale] of [
  ['icon-192', 192, 6, 1],
  ['icon-512', 512, 6, 1],
  ['maskable-512', 512, 0, 0.8],
  ['touch-180', 180, 0, 0.86],
]) {
  writeFileSync(`public/icons/${name}.png`, png(size, picture(size, radius, scale)));
}
