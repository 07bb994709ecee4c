// Throw-away virtual environments with packages from PyPI, for tests of what real packages do. Kept in a cache folder
// between runs; where a package cannot be had the reason is returned, for the test to print.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Interpreter } from './interpreters.ts';

const CREATE_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 180_000;

export type PypiEnvironment = { readonly python: string } | { readonly missing: string };

/** The interpreter of an environment that has `packages`, or why there is none. */
export function pypiEnvironment(interpreter: Interpreter, packages: readonly string[]): PypiEnvironment {
  const root = process.env.LEAKSCOPE_VENV_CACHE ?? join(tmpdir(), 'leakscope-venvs');
  const folder = join(root, `${interpreter.label}-${packages.join('-')}`);
  const python = join(folder, 'bin', 'python');
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return { python };
  mkdirSync(root, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  const made = spawnSync(interpreter.path, ['-m', 'venv', folder], { encoding: 'utf8', timeout: CREATE_TIMEOUT_MS });
  if (made.status !== 0) return { missing: `no virtual environment: ${lastLine(made.stderr)}` };
  const args = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--disable-pip-version-check', ...packages];
  const installed = spawnSync(python, args, { encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
  if (installed.status !== 0)
    return { missing: `pip cannot install ${packages.join(', ')}: ${lastLine(installed.stderr)}` };
  writeFileSync(ready, '');
  return { python };
}

function lastLine(text: string | null): string {
  return text?.trim().split('\n').at(-1) ?? 'no reason given';
}
