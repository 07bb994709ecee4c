// Reads the small text files, links and folders of /proc. A process may vanish at any moment: that gives undefined.
// Errors other than "it is gone" or "not allowed" are programmer errors and are thrown.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The errno code of a failed system call (`ENOENT`, `EACCES`, …), or undefined for any other error. */
export function errnoCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a failed call on /proc/PID means that the process has ended. */
export function meansGone(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'ENOENT' || code === 'ESRCH';
}

function unlessExpected(error: unknown): undefined {
  const code = errnoCode(error);
  if (code === undefined) throw error;
  return undefined;
}

/** The whole file as UTF-8, or undefined when it cannot be read. */
export function readProcText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return unlessExpected(error);
  }
}

/** Where a link of /proc points (`/usr/bin/python3`, `socket:[1234]`), or undefined. */
export function readProcLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    return unlessExpected(error);
  }
}

/** Names in a folder of /proc, or undefined. */
export function listProcFolder(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    return unlessExpected(error);
  }
}
