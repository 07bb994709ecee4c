// Writes a file beside its place and moves it there: nobody ever sees half of it, and a failure leaves an older one as
// it was. Readable by its owner only, unless asked for otherwise.

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { LeakscopeError } from './errors.ts';

/** Names and structure of a program, let alone its memory, are nobody else's business. */
const FILE_MODE = 0o600;

/**
 * Replaces `path` in one step when `write` has written all and it is on disk. Throws E_FILE_WRITE where the system
 * refuses, and whatever `write` throws; then nothing is left behind.
 */
export async function replaceFile<T>(
  path: string,
  write: (file: FileHandle) => Promise<T>,
  { mode = FILE_MODE }: { readonly mode?: number } = {},
): Promise<T> {
  const existing = await stat(path).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) {
    // The rename would replace a device or fail on a folder, after all the work.
    throw new LeakscopeError('E_FILE_WRITE', `cannot write ${path}: it is not an ordinary file`);
  }
  // Same folder: a rename does not cross file systems.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    // 'wx': a link planted under the temporary name is not followed.
    const file = await open(temporary, 'wx', mode);
    let result: T;
    try {
      result = await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return result;
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw fileError('E_FILE_WRITE', `cannot write ${path}`, error);
  }
}

/** A failed system call as an expected failure; anything else is a broken invariant, and stays what it is. */
export function fileError(code: 'E_FILE_READ' | 'E_FILE_WRITE', message: string, cause: unknown): unknown {
  if (!isErrno(cause)) return cause;
  const [words, hint] = REASONS[cause.code ?? ''] ?? [cause.message, undefined];
  return new LeakscopeError(code, `${message}: ${words}`, { ...(hint === undefined ? {} : { hint }), cause });
}

/** What the usual failures mean, and what to do about them. */
const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['there is no such file or folder', 'check the path; it is looked for from the current folder'],
  EACCES: ['no permission', 'run leakscope as a user who may, or choose another place'],
  EISDIR: ['it is a folder', 'name a file in it'],
  ENOTDIR: ['a part of the path is no folder', 'check the path'],
  ENOSPC: ['no space is left there', 'choose another place, or make room'],
  EROFS: ['the file system is read-only', 'choose another place'],
};

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
