// How a .heap file can fail, in the user's words.

import { LeakscopeError } from '../base/errors.ts';

/** The bytes of one section are not what was written. */
export function damaged(section: string, why: string): LeakscopeError {
  return new LeakscopeError('E_HEAP_FILE', `the snapshot is damaged in its section '${section}': ${why}`, {
    hint: 'copy the file again in binary mode, or take the snapshot again',
  });
}

/** The file ends before it should. */
export function truncated(section: string): LeakscopeError {
  return new LeakscopeError('E_HEAP_FILE', `the snapshot is cut off in or before its section '${section}'`, {
    hint: 'the copy or the disk was full: copy the file again, or take the snapshot again',
  });
}

export function notAHeapFile(): LeakscopeError {
  return new LeakscopeError('E_HEAP_FILE', 'not a leakscope snapshot', {
    hint: 'snapshots are made with: leakscope snapshot PID -o NAME.heap',
  });
}

export function unknownVersion(version: number, newest: number): LeakscopeError {
  return version > newest
    ? new LeakscopeError('E_HEAP_VERSION', `the snapshot has format ${version}; this leakscope reads up to ${newest}`, {
        hint: 'read it with the leakscope that wrote it, or a newer one',
      })
    : new LeakscopeError('E_HEAP_VERSION', `the snapshot has format ${version}, which never existed`);
}
