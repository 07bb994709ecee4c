// A throw-away copy of a project with some files changed: what a fix does can be run there without touching the original.
// Python files are copied, for an interpreter looks for modules where a script really lies, links resolved; everything
// else is linked, so that data and virtual environments cost nothing.

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative, sep } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';

export interface ProjectCopy {
  readonly root: string;
  /** The same place in the copy, for a path inside the project; the path itself for others. */
  inside(path: string): string;
  remove(): void;
}

/** Folders that are never edited and often large: linked whole. */
const LINKED_FOLDERS = /^(?:\.git|\.hg|\.venv|venv|env|node_modules|\.tox|\.nox|__pycache__|\..*_cache)$/;
/** A project of more files than this is no project: somebody ran it in a home folder. */
const FILES_LIMIT = 200_000;

/** Copies the folder `root`; `changed` has new contents by absolute path. Throws E_FILE_WRITE where that fails. */
export function copyProject(root: string, changed: ReadonlyMap<string, Uint8Array>): ProjectCopy {
  const original = realpathSync(root);
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'leakscope-proof-')));
  const remove = () => rmSync(copy, { recursive: true, force: true });
  const inside = (path: string): string => {
    const way = relative(original, path);
    return way.startsWith(`..${sep}`) || way === '..' || isAbsolute(way) ? path : join(copy, way);
  };
  try {
    copyTree(original, copy);
    for (const [path, contents] of changed) writeFileSync(inside(path), contents);
  } catch (error) {
    remove();
    if (error instanceof LeakscopeError) throw error;
    throw new LeakscopeError('E_FILE_WRITE', `cannot copy ${root} to try the fix: ${(error as Error).message}`, {
      hint: 'the copy is made in the folder that TMPDIR names: give one with room to spare',
      cause: error,
    });
  }
  return { root: copy, inside, remove };
}

function copyTree(from: string, to: string): void {
  const pending: (readonly [from: string, to: string])[] = [[from, to]];
  let files = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [source, target] = next;
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      if (++files > FILES_LIMIT) {
        throw new LeakscopeError(
          'E_USAGE',
          `${from} has more than ${FILES_LIMIT} files: too many to copy for a trial`,
          {
            hint: 'run it in the project’s own folder',
          },
        );
      }
      const [path, place] = [join(source, entry.name), join(target, entry.name)];
      if (entry.isDirectory() && !LINKED_FOLDERS.test(entry.name)) {
        mkdirSync(place);
        pending.push([path, place]);
      } else if (entry.isFile() && entry.name.endsWith('.py')) copyFileSync(path, place);
      // Sockets and devices have no part in a copy; compiled modules of the original would hide the changed ones.
      else if (entry.isFile() || entry.isSymbolicLink() || (entry.isDirectory() && entry.name !== '__pycache__')) {
        symlinkSync(path, place);
      }
    }
  }
}
