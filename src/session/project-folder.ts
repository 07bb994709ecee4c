// Where a project begins: the nearest folder upwards that says so.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MANIFESTS = ['pyproject.toml', 'setup.cfg', 'setup.py'];

/** A function from a folder to the nearest one, itself or above, with a manifest of a Python project, or else a repository. */
export function projectFolders(): (folder: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (folder) => {
    if (!known.has(folder)) known.set(folder, nearest(folder, MANIFESTS) ?? nearest(folder, ['.git', '.hg']));
    return known.get(folder);
  };
}

/** The nearest folder, itself or above, that holds a file or folder of one of the names. */
export function nearest(folder: string, names: readonly string[]): string | undefined {
  for (let current = folder; ; current = dirname(current)) {
    if (names.some((name) => existsSync(join(current, name)))) return current;
    if (current === dirname(current)) return undefined;
  }
}
