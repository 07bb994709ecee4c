// The open descriptors of a process: what each is, and what its file takes of disk or memory. Reads /proc only.

import { readdirSync, type Stats, statSync } from 'node:fs';
import { permissionError } from './permission.ts';
import { readProcLink, readProcText } from './proc-file.ts';
import { readSockets, type SocketInfo } from './sockets.ts';

export type DescriptorKind = 'file' | 'socket' | 'pipe' | 'device' | 'anonymous';

/** One open file descriptor. */
export interface Descriptor {
  readonly fd: number;
  readonly kind: DescriptorKind;
  /** Path of a file or device (in the target's mount namespace), `eventpoll` and the like, or '' . */
  readonly target: string;
  /** Of a socket, a pipe, or a file that `place` sets apart; 0 otherwise. */
  readonly inode: number;
  /** Of a socket that the network namespace shows. */
  readonly socket: SocketInfo | undefined;
  /** Where a file is that is no ordinary one. */
  readonly place: FilePlace | undefined;
  /** What a file with a `place` takes; undefined for the other descriptors of the same file, and where unknown. */
  readonly bytes: number | undefined;
}

/** `deleted`: its disk space comes back when it is closed; `memory`: in /dev/shm or a memfd. */
export type FilePlace = 'deleted' | 'temporary' | 'memory';

const DELETED = ' (deleted)';
const DISK_BLOCK = 512;
const SHARED_MEMORY_FOLDER = '/dev/shm/';
const MEMORY_FILE = '/memfd:';
/** Where programs put temporary files, beside what TMPDIR says. */
const TEMPORARY_FOLDERS = ['/tmp/', '/var/tmp/', '/usr/tmp/'];

/** Open descriptors in ascending order. Those closed meanwhile are left out. */
export function readDescriptors(pid: number): Descriptor[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    throw permissionError(pid, error, 'its open files');
  }
  let sockets: Map<number, SocketInfo> | undefined;
  const folders = temporaryFolders(pid);
  const sized = new Set<string>();
  const descriptors: Descriptor[] = [];
  for (const fd of names.map(Number).sort((a, b) => a - b)) {
    const link = readProcLink(`/proc/${pid}/fd/${fd}`);
    if (link === undefined) continue;
    const numbered = /^(socket|pipe):\[(\d+)\]$/.exec(link);
    if (numbered === null) {
      descriptors.push(describeFile(pid, fd, link, folders, sized));
      continue;
    }
    const plain = { fd, target: '', inode: Number(numbered[2]), place: undefined, bytes: undefined };
    if (numbered[1] === 'pipe') {
      descriptors.push({ ...plain, kind: 'pipe', socket: undefined });
      continue;
    }
    // Read only where there is a socket: the table of a busy host is long.
    sockets ??= readSockets(pid);
    descriptors.push({ ...plain, kind: 'socket', socket: sockets.get(plain.inode) });
  }
  return descriptors;
}

function describeFile(
  pid: number,
  fd: number,
  link: string,
  folders: readonly string[],
  sized: Set<string>,
): Descriptor {
  const plain = { fd, ...kindOfLink(link), inode: 0, socket: undefined, place: undefined, bytes: undefined };
  const isMemory = link.startsWith(MEMORY_FILE) || link.startsWith(SHARED_MEMORY_FOLDER);
  const isTemporary = plain.kind === 'file' && folders.some((folder) => link.startsWith(folder));
  if (!isMemory && !isTemporary && !(plain.kind === 'file' && link.endsWith(DELETED))) return plain;
  const stat = statDescriptor(pid, fd);
  // A file may be called "… (deleted)"; one that is has no name left.
  const isDeleted = link.endsWith(DELETED) && (stat === undefined || stat.nlink === 0);
  const isFolder = stat?.isDirectory() ?? false;
  if (!isMemory && (!isTemporary || isFolder) && !isDeleted) return plain;
  const target = plain.kind === 'file' && isDeleted ? link.slice(0, -DELETED.length) : plain.target;
  const place = isMemory ? 'memory' : isDeleted ? 'deleted' : 'temporary';
  if (stat === undefined) return { ...plain, target, place };
  const key = `${stat.dev}:${stat.ino}`;
  const isFirst = !sized.has(key);
  sized.add(key);
  // Memory is said as it was asked for, disk as it is taken: files may have holes.
  const bytes = isMemory ? stat.size : stat.blocks * DISK_BLOCK;
  return { ...plain, target, inode: stat.ino, place, bytes: isFirst ? bytes : undefined };
}

function statDescriptor(pid: number, fd: number): Stats | undefined {
  try {
    return statSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    // Closed meanwhile, or on a file system that is gone: its size is not known then.
    return undefined;
  }
}

function kindOfLink(link: string): { kind: DescriptorKind; target: string } {
  if (link.startsWith('anon_inode:')) {
    return { kind: 'anonymous', target: link.slice('anon_inode:'.length).replace(/^\[|\]$/g, '') };
  }
  if (link.startsWith(MEMORY_FILE)) return { kind: 'anonymous', target: 'memfd' };
  if (link.startsWith('/dev/') && !link.startsWith(SHARED_MEMORY_FOLDER)) return { kind: 'device', target: link };
  return { kind: 'file', target: link };
}

/** Of the environment, which may hold secrets, nothing but TMPDIR is looked at. */
function temporaryFolders(pid: number): string[] {
  const environment = readProcText(`/proc/${pid}/environ`) ?? '';
  const own = /(?:^|\0)TMPDIR=(\/[^\0]+)/.exec(environment)?.[1];
  return own === undefined ? TEMPORARY_FOLDERS : [...TEMPORARY_FOLDERS, `${own.replace(/\/+$/, '')}/`];
}
