// A folder with files for one test, removed after it.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Files by path below the folder; a text ending without a line break gets none. */
export type ProjectFiles = Readonly<Record<string, string | Uint8Array>>;

/** The folder, absolute and with links resolved. */
export function temporaryProject(files: ProjectFiles): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'leakscope-project-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: ProjectFiles): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** As if the test had been started in the folder, until it is over. */
export function workIn(folder: string): string {
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return folder;
}
