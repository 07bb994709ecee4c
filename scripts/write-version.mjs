// Run by `npm version` after it raised package.json: carries the new version over to src/base/version.ts and the agent.

import { readFileSync, writeFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
carryOver('../src/base/version.ts', /VERSION = '[^']*'/, `VERSION = '${version}'`);
carryOver('../agent/leakscope_agent.py', /^__version__ = '[^']*'/m, `__version__ = '${version}'`);

function carryOver(path, pattern, text) {
  const file = new URL(path, import.meta.url);
  const after = readFileSync(file, 'utf8').replace(pattern, text);
  if (!after.includes(text)) throw new Error(`${path} has no version to set`);
  writeFileSync(file, after);
}
