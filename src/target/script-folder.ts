// A folder of its own inside a target's file system, through which a script goes to it and its reply comes back. Made by
// the target's mount namespace, so that it works across containers, and handed to the target's user, who alone can read it.
//
// leakscope may be root and the target somebody else's: nothing here follows a link that the target could have laid. Folders are
// opened one part of the path after the other, files by their folder's descriptor, and the folder changes hands last.

import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import { errnoCode, readProcText } from './proc-file.ts';
import { statusField } from './process-info.ts';

export interface ScriptFolder {
  /** As the target names it. */
  readonly path: string;
  /** Text of a file that the target wrote; undefined while there is none. Throws E_FILE_READ for what is no plain file. */
  read(name: string): string | undefined;
  /** Removes the folder with the files of these names. What else the target's user put there stays. */
  remove(names: readonly string[]): void;
}

export interface ScriptFile {
  readonly name: string;
  /** Given the folder's path as the target names it. */
  readonly text: (folder: string) => string;
}

/** Tried in this order: a container may have a read-only root. */
const PARENTS = ['tmp', 'dev/shm', 'var/tmp', 'run'];
/** A reply is a line of numbers. */
const LONGEST_REPLY = 64 * 1024;

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
// open(2) on x86-64 and aarch64; Node does not name it.
const O_CLOEXEC = 0o2000000;
const FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/** Throws E_FILE_WRITE where the target has no folder to write to, E_PERMISSION where it is another user's. */
export function makeScriptFolder(pid: number, script: ScriptFile): ScriptFolder {
  const owner = fileOwner(pid);
  const reasons: string[] = [];
  for (const parent of PARENTS) {
    let made: { readonly parentFd: number; readonly fd: number; readonly name: string };
    try {
      made = makeFolder(pid, parent);
    } catch (error) {
      reasons.push(`/${parent}: ${errnoCode(error) ?? 'failed'}`);
      continue;
    }
    const folder = openFolder(made, `/${parent}/${made.name}`);
    try {
      fill(made.fd, folder.path, script, owner);
      return folder;
    } catch (cause) {
      folder.remove([script.name]);
      if (errnoCode(cause) !== 'EPERM') throw cause;
      throw new LeakscopeError(
        'E_PERMISSION',
        `process ${pid} is another user’s: it could not read what it is to run`,
        {
          hint: 'run leakscope as root, or as the user of the process',
          cause,
        },
      );
    }
  }
  throw new LeakscopeError('E_FILE_WRITE', `process ${pid} has no folder for the script: ${reasons.join(', ')}`, {
    hint: 'it is handed over in /tmp, /dev/shm, /var/tmp or /run of the process: one of them must be writable',
  });
}

/** The link to the root is the kernel's own; every part below it must be a real folder. */
function makeFolder(pid: number, parent: string): { parentFd: number; fd: number; name: string } {
  let parentFd = openSync(`/proc/${pid}/root`, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const part of parent.split('/')) {
    const upper = parentFd;
    try {
      parentFd = openSync(`${byDescriptor(upper)}/${part}`, FOLDER);
    } finally {
      closeSync(upper);
    }
  }
  try {
    const name = mkdtempSync(`${byDescriptor(parentFd)}/leakscope-`)
      .split('/')
      .at(-1)!;
    return { parentFd, fd: openSync(`${byDescriptor(parentFd)}/${name}`, FOLDER), name };
  } catch (error) {
    closeSync(parentFd);
    throw error;
  }
}

/** While the folder is ours alone: nobody can have put anything into it yet. */
function fill(fd: number, path: string, { name, text }: ScriptFile, owner: FileOwner): void {
  const isOurs = owner.uid === process.geteuid?.();
  const file = openSync(`${byDescriptor(fd)}/${name}`, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600);
  try {
    writeSync(file, text(path));
    if (!isOurs) fchownSync(file, owner.uid, owner.gid);
  } finally {
    closeSync(file);
  }
  if (!isOurs) fchownSync(fd, owner.uid, owner.gid);
}

function openFolder(
  { parentFd, fd, name }: { readonly parentFd: number; readonly fd: number; readonly name: string },
  path: string,
): ScriptFolder {
  return {
    path,
    read: (file) => readReply(`${byDescriptor(fd)}/${file}`, `${path}/${file}`),
    remove(names) {
      for (const file of names) ignoreMissing(() => unlinkSync(`${byDescriptor(fd)}/${file}`));
      ignoreMissing(() => rmdirSync(`${byDescriptor(parentFd)}/${name}`));
      closeSync(fd);
      closeSync(parentFd);
    },
  };
}

function byDescriptor(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** The target's user may have removed, renamed or filled it meanwhile: nothing that is ours is left then. */
function ignoreMissing(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
  }
}

/** The target's user owns the folder and could put anything there: no link is followed, nothing long is read. */
function readReply(file: string, name: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw new LeakscopeError('E_FILE_READ', `cannot read ${name}: ${errnoCode(error) ?? 'failed'}`, { cause: error });
  }
  try {
    if (!fstatSync(fd).isFile())
      throw new LeakscopeError('E_FILE_READ', `${name} is no plain file`, {
        hint: 'the user of the process replaced its reply: do not trust that program',
      });
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
