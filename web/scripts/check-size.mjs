// Fails when the first load grows past what a post's slow link bears: 280 kB compressed,
// counted over everything index.html pulls in before a room is chosen, plus the largest room. The words of a language come beside it.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 280_000;
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
  worst = Math.max(worst, sum(files));
}
const languages = Object.keys(manifest).filter((key) => /^src\/i18n\/\w+\.json$/.test(key));
const words = Math.max(...languages.map((key) => size(manifest[key].file)));
console.log(
  `largest first load ${(worst / 1000).toFixed(1)} kB gzip (limit ${limit / 1000} kB), beside it at most ${(words / 1000).toFixed(1)} kB of words`,
);
if (worst > limit) {
  console.error('The first load is too large: load the room or the library that grew only when it is opened.');
  process.exit(1);
}
