// Builds the extension of leaky.c with this machine's compiler for an interpreter, once per test file.
// Where the compiler or the interpreter's headers are missing it says so, and the test that wanted it skips.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Interpreter } from './interpreters.ts';

export interface CExtension {
  /** Folder to put on `PYTHONPATH` (or `sys.path`). */
  readonly folder: string;
  /** What to import. */
  readonly module: string;
  /** File name of the shared object. */
  readonly fileName: string;
  /** Environment that makes the module importable. */
  readonly env: Readonly<Record<string, string>>;
  /** Removes the folder. */
  remove(): void;
}

const SOURCE = fileURLToPath(new URL('./leaky.c', import.meta.url));
const COMPILE_TIMEOUT_MS = 60_000;
const ASK_TIMEOUT_MS = 20_000;

/** Undefined, and a line on the console that says why, where it cannot be built. */
export function buildCExtension({ path, label }: Interpreter, module = '_leaky'): CExtension | undefined {
  const skip = (reason: string): undefined => {
    console.log(`no C extension for CPython ${label}: ${reason}`);
    return undefined;
  };
  const asked = spawnSync(
    path,
    [
      '-I',
      '-c',
      "import sysconfig; print(sysconfig.get_path('include')); print(sysconfig.get_path('platinclude')); print(sysconfig.get_config_var('EXT_SUFFIX'))",
    ],
    { encoding: 'utf8', timeout: ASK_TIMEOUT_MS },
  );
  if (asked.status !== 0) return skip(`it does not say where its headers are: ${asked.stderr.trim()}`);
  const [include, platformInclude, suffix] = asked.stdout.trim().split('\n') as [string, string, string];
  if (!existsSync(join(include, 'Python.h'))) return skip(`its headers are not installed (${include}/Python.h)`);
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-extension-'));
  const fileName = `${module}${suffix}`;
  const compiled = spawnSync(
    process.env.CC ?? 'cc',
    [
      ...['-shared', '-fPIC', '-O1', '-g', `-DMODULE=${module}`, `-I${include}`, `-I${platformInclude}`],
      ...[SOURCE, '-o', join(folder, fileName)],
    ],
    { encoding: 'utf8', timeout: COMPILE_TIMEOUT_MS },
  );
  if (compiled.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    const reason = compiled.error === undefined ? compiled.stderr.trim() : compiled.error.message;
    return skip(`the compiler failed: ${reason}`);
  }
  return {
    folder,
    module,
    fileName,
    env: { PYTHONPATH: folder },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
