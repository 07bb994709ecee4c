import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { leakscope: 'src/cli/main.ts' },
  platform: 'node',
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name].js', minify: false },
});
