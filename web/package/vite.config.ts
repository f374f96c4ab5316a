import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// In every package; beside its footage it is nothing, but it must not grow unseen.
const limit = 150_000;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Everything in one file, under a policy that names its one script and its one style by their digests and lets nothing out. */
const oneFile: Plugin = {
  name: 'one-file',
  enforce: 'post',
  generateBundle(_, bundle) {
    const page = bundle['index.html'];
    if (page?.type !== 'asset') throw new Error('There is no index.html.');
    let script = '';
    let style = '';
    for (const [name, file] of Object.entries(bundle)) {
      if (name === 'index.html') continue;
      if (file.type === 'chunk' && file.isEntry && script === '') script = file.code;
      else if (file.type === 'asset' && name.endsWith('.css') && style === '') style = String(file.source);
      else throw new Error(`${name} would be a file beside the page.`);
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- how a plugin drops a file
      delete bundle[name];
    }
    script = script.trim().replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
    style = style.trim();
    // file: and 'self' for the videos of an extracted package, blob: for those of one that is read where it lies, and for the worker.
    const policy =
      `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; media-src 'self' file: blob:; ` +
      `worker-src blob:; img-src data:; base-uri 'none'; form-action 'none'`;
    const html = String(page.source)
      .replace(/\s*<script type="module"[^>]*><\/script>/, '')
      .replace(/\s*<link rel="stylesheet"[^>]*>/, '')
      .replace(
        '<meta charset="utf-8" />',
        (charset) => `${charset}\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`,
      )
      .replace('</head>', () => `  <style>${style}</style>\n  </head>`)
      .replace('</body>', () => `  <script type="module">${script}</script>\n  </body>`);
    page.source = html;
    const size = gzipSync(html, { level: 9 }).length;
    console.log(
      `package viewer ${(html.length / 1000).toFixed(1)} kB, ${(size / 1000).toFixed(1)} kB gzip (limit ${limit / 1000} kB)`,
    );
    if (size > limit) throw new Error('The page that packages carry is too large.');
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), oneFile],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // One page without files of its own beside it.
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
});
