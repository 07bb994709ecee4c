// The CPython interpreters of this machine that leakscope supports (3.8 and later), for tests that start real targets.
// Looks where people keep them: LEAKSCOPE_PYTHONS (colon-separated executables), the cache of newer-pythons.ts, pyenv,
// and python3* on PATH.
// Finds, never installs: a test over a version that is not here says so with `interpreters()` and runs on the rest.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cachedPythons } from './newer-pythons.ts';

export interface Interpreter {
  /** Executable with every symbolic link resolved. */
  readonly path: string;
  /** `[3, 11, 7]`. */
  readonly version: readonly [number, number, number];
  /** `3.11.7`, `3.14.0rc2`, `3.13.7t` for a free-threaded build; with a number behind it where two share a version. */
  readonly label: string;
  readonly freeThreaded: boolean;
  /** `path` is a script that starts the interpreter (those in the cache): it cannot be copied or moved. */
  readonly isLauncher: boolean;
}

/** Oldest layout leakscope reads. */
const OLDEST_MINOR = 8;
/** How long a candidate may take to say what it is: a cold start on a busy machine is well below a second. */
const PROBE_TIMEOUT_MS = 20_000;

const PROBE = `
import json, platform, sys, sysconfig
print(json.dumps([platform.python_implementation(), list(sys.version_info[:3]), platform.python_version(),
                  bool(sysconfig.get_config_var('Py_GIL_DISABLED')), sys.executable]))
`;

let found: readonly Interpreter[] | undefined;

/** Every supported interpreter of this machine, oldest first; looked for once per process. */
export function interpreters(): readonly Interpreter[] {
  found ??= discover();
  return found;
}

/**
 * The interpreter to use where one is enough: the newest default build that is a plain executable (those in the cache
 * are started through a script); throws where there is none.
 */
export function anyInterpreter(): Interpreter {
  const chosen =
    interpreters().findLast(({ freeThreaded, isLauncher }) => !freeThreaded && !isLauncher) ?? interpreters().at(-1);
  if (chosen === undefined) {
    throw new Error('no CPython 3.8 or later here: put python3 on PATH, or name one in LEAKSCOPE_PYTHONS');
  }
  return chosen;
}

function discover(): Interpreter[] {
  const byPath = new Map<string, Interpreter>();
  const seen = new Set<string>();
  for (const candidate of candidates()) {
    // Links such as python3 -> python3.11 are one interpreter: ask it once.
    const resolved = realpathSync(candidate);
    if (seen.has(resolved)) continue;
    seen.add(resolved);
    const interpreter = probe(candidate);
    if (interpreter !== undefined && !byPath.has(interpreter.path)) byPath.set(interpreter.path, interpreter);
  }
  const ordered = [...byPath.values()].sort(byVersion);
  return ordered.map((interpreter, index) => {
    const before = ordered.slice(0, index).filter((other) => other.label === interpreter.label).length;
    return before === 0 ? interpreter : { ...interpreter, label: `${interpreter.label} #${before + 1}` };
  });
}

function candidates(): string[] {
  const named = (process.env.LEAKSCOPE_PYTHONS ?? '').split(':');
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const fromPyenv = listed(pyenv).map((version) => join(pyenv, version, 'bin', 'python3'));
  // Every folder of PATH, not only the first hit: a distribution's python3 often stands behind a newer one.
  const fromPath = (process.env.PATH ?? '').split(':').flatMap((folder) =>
    listed(folder)
      .filter((name) => /^python3(\.\d+t?)?$/.test(name))
      .map((name) => join(folder, name)),
  );
  return [...named, ...cachedPythons(), ...fromPyenv, ...fromPath].filter((path) => path !== '' && existsSync(path));
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function probe(executable: string): Interpreter | undefined {
  // -I -S: the answer must not depend on the environment or on site packages.
  const answer = spawnSync(executable, ['-I', '-S', '-c', PROBE], { encoding: 'utf8', timeout: PROBE_TIMEOUT_MS });
  if (answer.status !== 0) return undefined;
  const [implementation, version, name, freeThreaded, path] = JSON.parse(answer.stdout) as [
    string,
    [number, number, number],
    string,
    boolean,
    string,
  ];
  if (implementation !== 'CPython' || version[0] !== 3 || version[1] < OLDEST_MINOR) return undefined;
  const label = freeThreaded ? `${name}t` : name;
  const resolved = realpathSync(path);
  const isLauncher = cachedPythons().some((launcher) => realpathSync(launcher) === resolved);
  return { path: resolved, version, label, freeThreaded, isLauncher };
}

function byVersion(a: Interpreter, b: Interpreter): number {
  for (let part = 0; part < 3; part++) {
    if (a.version[part] !== b.version[part]) return a.version[part]! - b.version[part]!;
  }
  return Number(a.freeThreaded) - Number(b.freeThreaded) || (a.path < b.path ? -1 : 1);
}
