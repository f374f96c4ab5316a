// Fails when the first load grows past what a post's slow link bears: 300 kB compressed,
// counted over everything index.html pulls in before a room is chosen, plus the largest room.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 300_000;
const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const size = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;

function closure(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) closure(next, seen);
  return seen;
}

const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
const entry = closure('index.html');
console.log(`entry ${(sum(entry) / 1000).toFixed(1)} kB gzip`);
let worst = sum(entry);
for (const key of manifest['index.html'].dynamicImports ?? []) {
  const files = closure(key, new Set(entry));
  const extra = sum(files) - sum(entry);
  console.log(`  + ${key} ${(extra / 1000).toFixed(1)} kB`);
  if (/i18n/.test(key)) continue;
  worst = Math.max(worst, sum(files));
}
console.log(`largest first load ${(worst / 1000).toFixed(1)} kB gzip (limit ${limit / 1000} kB)`);
if (worst > limit) {
  console.error('The first load is too large: load the room or the library that grew only when it is opened.');
  process.exit(1);
}
