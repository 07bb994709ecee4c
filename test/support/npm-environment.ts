// Folders with packages from npm that are too heavy to be development dependencies, for tests against other tools.
// Kept in a cache folder between runs, no install script is run; where a package cannot be had the reason is returned.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const INSTALL_TIMEOUT_MS = 180_000;

export type NpmEnvironment = { readonly folder: string } | { readonly missing: string };

/** A folder whose node_modules has `packages` (`name@version`), or why there is none. */
export function npmEnvironment(packages: readonly string[]): NpmEnvironment {
  const root = process.env.LEAKSCOPE_NPM_CACHE ?? join(tmpdir(), 'leakscope-npm');
  const folder = join(root, packages.join('-').replace(/[^\w.-]/g, '_'));
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return { folder };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages];
  const installed = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
  if (installed.status !== 0) {
    const reason = installed.stderr?.trim().split('\n').at(-1) ?? 'no reason given';
    return { missing: `npm cannot install ${packages.join(', ')}: ${reason}` };
  }
  writeFileSync(ready, '');
  return { folder };
}
