// Fails when src/api/schema.ts is not what `npm run generate` makes from ref/openapi.json.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fresh = join(mkdtempSync(join(tmpdir(), 'atalaya-api-')), 'schema.ts');
execFileSync('npx', ['openapi-typescript', '../ref/openapi.json', '-o', fresh], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (readFileSync(fresh, 'utf8') !== readFileSync('src/api/schema.ts', 'utf8')) {
  console.error('src/api/schema.ts is out of date: run `npm run generate` in web/ and commit the result.');
  process.exit(1);
}
console.log('src/api/schema.ts is current.');
