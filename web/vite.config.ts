import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The node serves the built page itself; while developing, its API is reached through this proxy.
const node = process.env.ATALAYA_NODE ?? 'http://127.0.0.1:8480';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // Everything is a file of its own: the content security policy allows neither inline scripts nor data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    manifest: true,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': { target: node, ws: true },
      '/health': node,
    },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', 'package/**/*.test.ts', 'scripts/**/*.test.ts'],
  },
});
