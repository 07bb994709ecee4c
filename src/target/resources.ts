// What a process holds besides memory: descriptors, threads and child processes, grouped so that growth shows.
// Reads /proc only; says what is open, not which Python object holds it.

import { readdirSync } from 'node:fs';
import { permissionError } from './permission.ts';
import { listProcFolder, readProcLink, readProcText } from './proc-file.ts';
import { listPids, parseProcessStat, readProcessInfo, readProcessStat } from './process-info.ts';
import { applicationOf } from './python-processes.ts';
import { readSockets, type SocketInfo } from './sockets.ts';

export type DescriptorKind = 'file' | 'socket' | 'pipe' | 'device' | 'anonymous';

/** One open file descriptor. */
export interface Descriptor {
  readonly fd: number;
  readonly kind: DescriptorKind;
  /** Path of a file or device (in the target's mount namespace), `eventpoll` and the like, or '' . */
  readonly target: string;
  /** Of a socket or pipe; 0 otherwise. */
  readonly inode: number;
  /** Of a socket that the network namespace shows. */
  readonly socket: SocketInfo | undefined;
}

/** Descriptors that do the same thing, under a name that stays the same while they grow. */
export interface DescriptorGroup {
  readonly kind: DescriptorKind;
  /** `files in /tmp`, `/etc/hosts`, `tcp to 10.0.0.5:5432`, `tcp accepted on :8000`, `pipes`, `eventpoll`. */
  readonly name: string;
  readonly count: number;
  /** How many in each state (`CLOSE_WAIT: 12`), for sockets. */
  readonly states: Readonly<Record<string, number>>;
  /** Ascending, at most `FDS_SHOWN`. */
  readonly fds: readonly number[];
}

export interface ThreadGroup {
  /** Name the thread gave itself (15 bytes), as the kernel knows it. */
  readonly name: string;
  readonly count: number;
}

export interface ChildProcess {
  readonly pid: number;
  readonly startTimeTicks: number;
  /** One letter as in ProcessStat; Z is a zombie nobody waited for. */
  readonly state: string;
  /** Application of a Python child, or the name of its executable. */
  readonly name: string;
}

export interface ProcessResources {
  readonly descriptors: readonly Descriptor[];
  /** Largest first. */
  readonly descriptorGroups: readonly DescriptorGroup[];
  /** Soft limit of open descriptors, or undefined when unlimited. */
  readonly descriptorLimit: number | undefined;
  readonly threadCount: number;
  /** Largest first. */
  readonly threadGroups: readonly ThreadGroup[];
  readonly children: readonly ChildProcess[];
  readonly zombies: number;
}

const FDS_SHOWN = 1000;
/** Files of one folder are one group, unless a single path is open this often and so says more than the folder. */
const SAME_PATH_FROM = 3;

/** Descriptors, threads and children now. Throws E_PERMISSION or E_NO_SUCH_PROCESS. */
export function readResources(pid: number): ProcessResources {
  const descriptors = readDescriptors(pid);
  const limits = readProcText(`/proc/${pid}/limits`) ?? '';
  const threads = readThreadNames(pid);
  const children = readChildren(pid);
  const soft = /^Max open files +(\d+)/m.exec(limits);
  return {
    descriptors,
    descriptorGroups: groupDescriptors(descriptors),
    descriptorLimit: soft === null ? undefined : Number(soft[1]),
    threadCount: threads.length,
    threadGroups: countNames(threads),
    children,
    zombies: children.filter((child) => child.state === 'Z').length,
  };
}

/** Open descriptors in ascending order. Those closed meanwhile are left out. */
export function readDescriptors(pid: number): Descriptor[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    throw permissionError(pid, error, 'its open files');
  }
  let sockets: Map<number, SocketInfo> | undefined;
  const descriptors: Descriptor[] = [];
  for (const fd of names.map(Number).sort((a, b) => a - b)) {
    const link = readProcLink(`/proc/${pid}/fd/${fd}`);
    if (link === undefined) continue;
    const numbered = /^(socket|pipe):\[(\d+)\]$/.exec(link);
    if (numbered === null) {
      descriptors.push({ fd, ...kindOfLink(link), inode: 0, socket: undefined });
      continue;
    }
    const inode = Number(numbered[2]);
    if (numbered[1] === 'pipe') {
      descriptors.push({ fd, kind: 'pipe', target: '', inode, socket: undefined });
      continue;
    }
    // Read only where there is a socket: the table of a busy host is long.
    sockets ??= readSockets(pid);
    descriptors.push({ fd, kind: 'socket', target: '', inode, socket: sockets.get(inode) });
  }
  return descriptors;
}

function kindOfLink(link: string): { kind: DescriptorKind; target: string } {
  if (link.startsWith('anon_inode:')) {
    return { kind: 'anonymous', target: link.slice('anon_inode:'.length).replace(/^\[|\]$/g, '') };
  }
  if (link.startsWith('/memfd:')) return { kind: 'anonymous', target: 'memfd' };
  if (link.startsWith('/dev/') && !link.startsWith('/dev/shm/')) return { kind: 'device', target: link };
  return { kind: 'file', target: link };
}

/** Groups by what each descriptor is for. */
export function groupDescriptors(descriptors: readonly Descriptor[]): DescriptorGroup[] {
  const opens = new Map<string, number>();
  const listening = new Set<string>();
  for (const { target, socket } of descriptors) {
    opens.set(target, (opens.get(target) ?? 0) + 1);
    if (socket?.state === 'LISTEN') listening.add(portOf(socket.local));
  }
  const groups = new Map<string, { kind: DescriptorKind; fds: number[]; states: Record<string, number> }>();
  for (const descriptor of descriptors) {
    const name = groupName(descriptor, opens, listening);
    let group = groups.get(name);
    if (group === undefined) {
      group = { kind: descriptor.kind, fds: [], states: {} };
      groups.set(name, group);
    }
    group.fds.push(descriptor.fd);
    const state = descriptor.socket?.state;
    if (state !== undefined && state !== '') group.states[state] = (group.states[state] ?? 0) + 1;
  }
  return [...groups]
    .map(([name, { kind, fds, states }]) => ({ kind, name, count: fds.length, states, fds: fds.slice(0, FDS_SHOWN) }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function groupName(descriptor: Descriptor, opens: ReadonlyMap<string, number>, listening: ReadonlySet<string>): string {
  const { kind, target, socket } = descriptor;
  switch (kind) {
    case 'pipe':
      return 'pipes';
    case 'anonymous':
    case 'device':
      return target;
    case 'file':
      if ((opens.get(target) ?? 0) >= SAME_PATH_FROM) return target;
      return `files in ${target.slice(0, target.lastIndexOf('/')) || '/'}`;
    case 'socket':
      // A socket without an entry was never connected, was closed by its peer, or is of another family.
      if (socket === undefined) return 'unconnected sockets';
      if (socket.state === 'LISTEN') return `${socket.protocol} listening on ${socket.local}`;
      if (socket.protocol === 'unix') return socket.local === '' ? 'unix sockets' : `unix ${socket.local}`;
      if (listening.has(portOf(socket.local))) return `${socket.protocol} accepted on :${portOf(socket.local)}`;
      return socket.peer === '' ? `${socket.protocol} unconnected` : `${socket.protocol} to ${socket.peer}`;
  }
}

function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(':') + 1);
}

function readThreadNames(pid: number): string[] {
  const names: string[] = [];
  for (const thread of listProcFolder(`/proc/${pid}/task`) ?? []) {
    const text = readProcText(`/proc/${pid}/task/${thread}/stat`);
    const stat = text === undefined ? undefined : parseProcessStat(text);
    if (stat !== undefined) names.push(stat.comm);
  }
  return names;
}

/** Names that differ only in their number (`pool-1`, `pool-2`) are one group. */
function countNames(names: readonly string[]): ThreadGroup[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const group = name.replace(/\d+$/, '#');
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
}

function readChildren(pid: number): ChildProcess[] {
  const children: ChildProcess[] = [];
  for (const candidate of listPids()) {
    const stat = readProcessStat(candidate);
    if (stat?.parentPid !== pid) continue;
    const info = stat.state === 'Z' ? undefined : readProcessInfo(candidate);
    children.push({
      pid: candidate,
      startTimeTicks: stat.startTimeTicks,
      state: stat.state,
      name: info === undefined || info.argv.length === 0 ? stat.comm : applicationOf(info),
    });
  }
  return children;
}
