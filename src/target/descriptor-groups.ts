// Names for descriptors that do the same thing, which stay the same while there are more of them.

import type { Descriptor, DescriptorKind } from './descriptors.ts';

/** Descriptors that do the same thing. */
export interface DescriptorGroup {
  readonly kind: DescriptorKind;
  /** `files in /tmp`, `/etc/hosts`, `tcp to 10.0.0.5:5432`, `tcp accepted on :8000`, `pipes`, `eventpoll`. */
  readonly name: string;
  readonly count: number;
  /** How many in each state (`CLOSE_WAIT: 12`), for sockets. */
  readonly states: Readonly<Record<string, number>>;
}

/** Files of one folder are one group, unless a single path is open this often and so says more than the folder. */
const SAME_PATH_FROM = 3;

/** Groups by what each descriptor is for, largest first. */
export function groupDescriptors(descriptors: readonly Descriptor[]): DescriptorGroup[] {
  const nameOf = descriptorNamer(descriptors);
  const groups = new Map<string, { kind: DescriptorKind; count: number; states: Record<string, number> }>();
  for (const descriptor of descriptors) {
    const name = nameOf(descriptor);
    let group = groups.get(name);
    if (group === undefined) {
      group = { kind: descriptor.kind, count: 0, states: {} };
      groups.set(name, group);
    }
    group.count++;
    const state = descriptor.socket?.state;
    if (state !== undefined && state !== '') group.states[state] = (group.states[state] ?? 0) + 1;
  }
  return [...groups]
    .map(([name, { kind, count, states }]) => ({ kind, name, count, states }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

/** What the group of each of these descriptors is called; how often a file is open decides with it. */
export function descriptorNamer(descriptors: readonly Descriptor[]): (descriptor: Descriptor) => string {
  const nameFile = fileNamer(descriptors.filter(({ kind }) => kind === 'file').map(({ target }) => target));
  const listening = new Set<string>();
  for (const { socket } of descriptors) if (socket?.state === 'LISTEN') listening.add(portOf(socket.local));
  return ({ kind, target, socket }) => {
    switch (kind) {
      case 'pipe':
        return 'pipes';
      case 'anonymous':
      case 'device':
        return target;
      case 'file':
        return nameFile(target);
      case 'socket':
        // A socket without an entry was never connected, was closed by its peer, or is of another family.
        if (socket === undefined) return 'unconnected sockets';
        if (socket.state === 'LISTEN') return `${socket.protocol} listening on ${socket.local}`;
        if (socket.protocol === 'unix') return socket.local === '' ? 'unix sockets' : `unix ${socket.local}`;
        if (listening.has(portOf(socket.local))) return `${socket.protocol} accepted on :${portOf(socket.local)}`;
        return socket.peer === '' ? `${socket.protocol} unconnected` : `${socket.protocol} to ${socket.peer}`;
    }
  };
}

/** The path of a file that is among `paths` often, else `files in FOLDER`. */
export function fileNamer(paths: readonly string[]): (path: string) => string {
  const opens = new Map<string, number>();
  for (const path of paths) opens.set(path, (opens.get(path) ?? 0) + 1);
  return (path) => {
    if ((opens.get(path) ?? 0) >= SAME_PATH_FROM) return path;
    return `files in ${path.slice(0, path.lastIndexOf('/')) || '/'}`;
  };
}

function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(':') + 1);
}
