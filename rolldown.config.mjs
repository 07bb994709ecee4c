import { defineConfig } from 'rolldown';
import { thirdPartyNotices } from './scripts/third-party-notices.mjs';

export default defineConfig({
  input: {
    leakscope: 'src/cli/main.ts',
    'scan-worker': 'src/session/scan-worker.ts',
    'daemon-task': 'src/cli/daemon-task.ts',
    'daemon-query': 'src/cli/daemon-query.ts',
  },
  platform: 'node',
  plugins: [thirdPartyNotices()],
  output: {
    dir: 'dist',
    // What an earlier build left would be packed too.
    cleanDir: true,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    minify: false,
  },
});
