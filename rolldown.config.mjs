import { defineConfig } from 'rolldown';
import { thirdPartyNotices } from './scripts/third-party-notices.mjs';

export default defineConfig({
  input: { leakscope: 'src/cli/main.ts' },
  platform: 'node',
  plugins: [thirdPartyNotices()],
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js', minify: false },
});
