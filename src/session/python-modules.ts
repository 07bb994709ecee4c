// The dotted names modules are imported by, as far as folders tell: a package reaches up as long as there is an
// `__init__.py`; outside of one, the path from the project's folder, or from its `src`, is the name.

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** A function from a file's path to its module name, no two alike; for one scan, in a fixed order of files. */
export function moduleNamer(projectFolderOf: (path: string) => string): (path: string) => string {
  const packageParents = new Map<string, string>();
  const taken = new Set<string>();
  return (path) => {
    const file = resolve(path);
    const project = projectFolderOf(file);
    const base = importBase(packageParent(dirname(file), packageParents), dirname(file), project);
    const name = dotted(relative(base, file));
    // Two services of one repository may each have a `main`: the second goes by its whole path.
    const unique = taken.has(name) ? dotted(file.slice(1)) : name;
    taken.add(unique);
    return unique;
  };
}

/** The folder that must be on `sys.path` for a file of the project to be imported. */
export function importRoot(path: string, project: string): string {
  const folder = dirname(path);
  return importBase(packageParent(folder, new Map()), folder, project);
}

/** The folder that is on `sys.path` when the file is imported. */
function importBase(packageParent: string, folder: string, project: string): string {
  const source = join(project, 'src');
  if (isWithin(packageParent, source)) return source;
  return packageParent !== folder || !isWithin(folder, project) ? packageParent : project;
}

/** The first folder above that has no `__init__.py`; the folder itself when it has none. */
function packageParent(folder: string, known: Map<string, string>): string {
  const cached = known.get(folder);
  if (cached !== undefined) return cached;
  let parent = folder;
  while (parent !== dirname(parent) && existsSync(join(parent, '__init__.py'))) parent = dirname(parent);
  known.set(folder, parent);
  return parent;
}

function dotted(path: string): string {
  return path
    .replace(/\.pyw?$/, '')
    .split(sep)
    .join('.')
    .replace(/\.__init__$/, '');
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === sep ? sep : `${folder}${sep}`);
}
