// Run by `npm version` after it raised package.json: carries the new version over to src/base/version.ts.

import { readFileSync, writeFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const file = new URL('../src/base/version.ts', import.meta.url);
const before = readFileSync(file, 'utf8');
const after = before.replace(/VERSION = '[^']*'/, `VERSION = '${version}'`);
if (!after.includes(`'${version}'`)) throw new Error('src/base/version.ts has no VERSION to set');
writeFileSync(file, after);
