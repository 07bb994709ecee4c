// The page of `leakscope open`: dist/web. Style sheets are joined in the order of their names, without inline styles,
// which the daemon's content security policy would refuse.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'rolldown';
import { thirdPartyNotices } from '../scripts/third-party-notices.mjs';

const HERE = import.meta.dirname;

function pageFiles() {
  return {
    name: 'page-files',
    generateBundle() {
      const folder = join(HERE, 'styles');
      const sheets = readdirSync(folder).sort();
      const uplot = readFileSync(join(HERE, '../node_modules/uplot/dist/uPlot.min.css'), 'utf8');
      const css = [uplot, ...sheets.map((name) => readFileSync(join(folder, name), 'utf8'))].join('\n');
      this.emitFile({ type: 'asset', fileName: 'page.css', source: css });
      this.emitFile({ type: 'asset', fileName: 'index.html', source: readFileSync(join(HERE, 'index.html')) });
    },
  };
}

export default defineConfig({
  input: { page: join(HERE, 'main.tsx') },
  platform: 'browser',
  tsconfig: join(HERE, 'tsconfig.json'),
  plugins: [pageFiles(), thirdPartyNotices()],
  output: {
    dir: join(HERE, '../dist/web'),
    cleanDir: true,
    format: 'esm',
    entryFileNames: '[name].js',
    minify: true,
  },
});
