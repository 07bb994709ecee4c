// A rolldown plugin: writes THIRD-PARTY.txt beside the bundle, with the licence of every package whose code is in it.
// What was shaken out is not named. The build fails on a package without a licence text, or under a licence that
// nobody has looked at yet.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Licences that allow passing the code on in an Apache-2.0 package with nothing but their text. */
const ACCEPTED = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD']);
/** LICENSE, license.md, LICENSE-MIT.txt. */
const LICENCE_FILE = /^(licen[cs]e|copying)([.-][\w.-]+)?$/i;
const RULE = `${'-'.repeat(78)}\n`;

/** The plugin; `fileName` is relative to the output folder. */
export function thirdPartyNotices({ fileName = 'THIRD-PARTY.txt' } = {}) {
  return {
    name: 'third-party-notices',
    generateBundle(_options, bundle) {
      const folders = new Set();
      for (const chunk of Object.values(bundle)) {
        for (const [id, module] of Object.entries(chunk.modules ?? {})) {
          if (module.renderedLength > 0 && id.includes('/node_modules/')) folders.add(packageFolder(id));
        }
      }
      const packages = [...folders].map(readPackage).sort((a, b) => (a.name < b.name ? -1 : 1));
      this.emitFile({ type: 'asset', fileName, source: notices(packages) });
    },
  };
}

/** The folder of the package that a module belongs to: the nearest one whose package.json has a name and a version. */
function packageFolder(id) {
  // Ids of virtual modules begin with a NUL, and a query may follow the path.
  let folder = dirname(id.replace(/^\0/, '').replace(/\?.*$/, ''));
  while (folder !== dirname(folder)) {
    const manifest = join(folder, 'package.json');
    // Folders such as dist/esm carry a package.json that only says {"type": "module"}.
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version !== undefined) return folder;
    folder = dirname(folder);
  }
  throw new Error(`no package.json above ${id}`);
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!ACCEPTED.has(license)) {
    throw new Error(`${name} ${version} is under ${license ?? 'no stated licence'}: decide in third-party-notices.mjs`);
  }
  const files = readdirSync(folder).filter((entry) => LICENCE_FILE.test(entry));
  if (files.length === 0) throw new Error(`${name} ${version} comes without the text of its licence (${license})`);
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  return { name, version, license, text };
}

function notices(packages) {
  const parts = packages.map(
    ({ name, version, license, text }) => `${RULE}${name} ${version} (${license})\n\n${text}\n`,
  );
  return ['leakscope contains code of these packages:\n', ...parts].join('\n');
}
