// Which files a scan reads: the Python files under the given paths, without what is installed, built or cached there.
// Links found on the way are not followed: what they lead to is either met under its own name or not of the project.

import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';

export interface PathProblem {
  readonly path: string;
  readonly message: string;
}

export interface PythonFiles {
  /** Sorted, each once; relative where the path it was found under is. */
  readonly paths: readonly string[];
  /** Folders that were searched, and those of given files: where a change may change the list. */
  readonly folders: readonly string[];
  /** Paths that do not exist or cannot be read. */
  readonly problems: readonly PathProblem[];
}

export interface CollectOptions {
  /** Whether a path below a given folder is left out, with all that is below it. */
  readonly isExcluded: (path: string, isFolder: boolean) => boolean;
}

const PYTHON_FILE = /\.pyw?$/;

/** Folders of tools: environments, caches, packages of others. */
const SKIPPED = new Set([
  '.bzr',
  '.direnv',
  '.eggs',
  '.git',
  '.hg',
  '.hypothesis',
  '.ipynb_checkpoints',
  '.mypy_cache',
  '.nox',
  '.pants.d',
  '.pytest_cache',
  '.ruff_cache',
  '.svn',
  '.tox',
  '.venv',
  '__pycache__',
  '__pypackages__',
  'node_modules',
  'site-packages',
  'venv',
]);
/** Names that hold build products, unless they are packages of the project (`pip._internal.operations.build`). */
const SKIPPED_UNLESS_PACKAGE = new Set(['build', 'dist']);

/** Files are taken whatever they are called; folders are searched. */
export function collectPythonFiles(given: readonly string[], options: CollectOptions): PythonFiles {
  const found = new Map<string, string>();
  const folders: string[] = [];
  const problems: PathProblem[] = [];
  for (const path of given.map((each) => normalize(each))) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) problems.push({ path, message: 'does not exist' });
    else if (stats.isDirectory()) searchFolder(path, options, { found, folders, problems });
    else {
      found.set(resolve(path), path);
      folders.push(dirname(path));
    }
  }
  return { paths: [...found.values()].sort(byCodeUnits), folders, problems };
}

interface Search {
  /** By absolute path. */
  readonly found: Map<string, string>;
  readonly folders: string[];
  readonly problems: PathProblem[];
}

function searchFolder(root: string, options: CollectOptions, { found, folders, problems }: Search): void {
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    let entries: readonly Dirent[];
    folders.push(folder);
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      problems.push({ path: folder, message: readFailure(error) });
      continue;
    }
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!isSkipped(entry.name, path) && !options.isExcluded(path, true)) pending.push(path);
      } else if (entry.isFile() && PYTHON_FILE.test(entry.name) && !options.isExcluded(path, false)) {
        found.set(resolve(path), path);
      }
    }
  }
}

function isSkipped(name: string, path: string): boolean {
  if (SKIPPED.has(name)) return true;
  if (SKIPPED_UNLESS_PACKAGE.has(name)) return !existsSync(join(path, '__init__.py'));
  // A virtual environment, whatever it is called.
  return existsSync(join(path, 'pyvenv.cfg'));
}

/** Why a file or folder could not be read, without its path. */
export function readFailure(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return 'may not be read';
    case 'ENOENT':
      return 'does not exist';
    case 'EISDIR':
      return 'is a folder';
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The same order whatever the locale. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
