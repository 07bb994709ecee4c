// A folder of its own inside a target's file system, through which a script goes to it and its reply comes back. Made by
// the target's mount namespace and user, so that it works across containers; readable by that user only.

import {
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import { errnoCode, readProcText } from './proc-file.ts';
import { statusField } from './process-info.ts';

export interface ScriptFolder {
  /** As the target names it. */
  readonly path: string;
  /** Writes a file that the target may read, 0600. Throws E_FILE_WRITE. */
  write(name: string, text: string): void;
  /** Text of a file that the target wrote; undefined while there is none. Throws E_FILE_READ for what is no plain file. */
  read(name: string): string | undefined;
  remove(): void;
}

/** Tried in this order: a container may have a read-only root. */
const PARENTS = ['/tmp', '/dev/shm', '/var/tmp', '/run'];
/** A reply is a line of numbers. */
const LONGEST_REPLY = 64 * 1024;

/** Throws E_FILE_WRITE where the target has no folder to write to, E_PERMISSION where it is another user's. */
export function makeScriptFolder(pid: number): ScriptFolder {
  const root = `/proc/${pid}/root`;
  const owner = fileOwner(pid);
  const reasons: string[] = [];
  for (const parent of PARENTS) {
    let folder: string;
    try {
      folder = mkdtempSync(`${root}${parent}/leakscope-`);
    } catch (error) {
      reasons.push(`${parent}: ${errnoCode(error) ?? 'failed'}`);
      continue;
    }
    try {
      if (owner.uid !== process.geteuid?.()) chownSync(folder, owner.uid, owner.gid);
    } catch (cause) {
      rmSync(folder, { recursive: true, force: true });
      throw new LeakscopeError(
        'E_PERMISSION',
        `process ${pid} is another user’s: it could not read what it is to run`,
        {
          hint: 'run leakscope as root, or as the user of the process',
          cause,
        },
      );
    }
    return openFolder(folder, folder.slice(root.length), owner);
  }
  throw new LeakscopeError('E_FILE_WRITE', `process ${pid} has no folder for the script: ${reasons.join(', ')}`, {
    hint: 'it is handed over in /tmp, /dev/shm, /var/tmp or /run of the process: one of them must be writable',
  });
}

function openFolder(folder: string, path: string, owner: FileOwner): ScriptFolder {
  return {
    path,
    write(name, text) {
      const file = `${folder}/${name}`;
      try {
        writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
        if (owner.uid !== process.geteuid?.()) chownSync(file, owner.uid, owner.gid);
      } catch (cause) {
        throw new LeakscopeError('E_FILE_WRITE', `cannot write ${path}/${name}: ${errnoCode(cause) ?? 'failed'}`, {
          cause,
        });
      }
    },
    read: (name) => readReply(`${folder}/${name}`, `${path}/${name}`),
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The target's user owns the folder and could put anything there: no link is followed, nothing long is read. */
function readReply(file: string, name: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw new LeakscopeError('E_FILE_READ', `cannot read ${name}: ${errnoCode(error) ?? 'failed'}`, { cause: error });
  }
  try {
    if (!fstatSync(fd).isFile()) throw new LeakscopeError('E_FILE_READ', `${name} is no plain file`);
    const bytes = new Uint8Array(LONGEST_REPLY);
    const length = readSync(fd, bytes, 0, LONGEST_REPLY, 0);
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}

interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** The user and group by which the kernel lets the process open files (the last of four ids). */
function fileOwner(pid: number): FileOwner {
  const status = readProcText(`/proc/${pid}/status`) ?? '';
  const last = (field: string): number => Number(statusField(status, field)?.trim().split(/\s+/).at(-1) ?? Number.NaN);
  const owner = { uid: last('Uid'), gid: last('Gid') };
  if (Number.isInteger(owner.uid) && Number.isInteger(owner.gid)) return owner;
  throw new LeakscopeError('E_NO_SUCH_PROCESS', `there is no process ${pid}`);
}
