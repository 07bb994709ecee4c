// Everything the kernel has for a process, one item each, with the numbers a Python object would know it by.

import type { HandleKind } from '../cpython/resource-handles.ts';
import type { ChildProcess } from './child-processes.ts';
import { descriptorNamer } from './descriptor-groups.ts';
import type { Descriptor } from './descriptors.ts';
import { mapItems } from './mapping-items.ts';
import type { MappedRegion } from './memory-maps.ts';
import { type ProcessThread, threadGroupName } from './process-threads.ts';
import { addToSegment, type SharedSegments, segmentKey } from './shared-segments.ts';
import type { SysvSegment } from './sysv-shared-memory.ts';

export type ItemKind =
  | 'files'
  | 'temporary files'
  | 'deleted files'
  | 'devices'
  | 'sockets'
  | 'pipes'
  | 'event descriptors'
  | 'shared memory'
  | 'memory maps'
  | 'threads'
  | 'child processes';

/** A number of a descriptor, thread or child, or the addresses of a mapping. */
export interface ItemHandle {
  readonly kind: HandleKind;
  readonly number: number;
  /** Exclusive end of a mapping. */
  readonly end?: number;
}

export interface ResourceItem {
  readonly kind: ItemKind;
  /** What others that do the same are called too. */
  readonly name: string;
  readonly state: string;
  readonly bytes: number | undefined;
  /** Tells it from another that comes to have its number later. */
  readonly identity: string;
  /** Native code has such of its own: that no Python object owns one says nothing. */
  readonly isCommonlyNative: boolean;
  readonly handles: readonly ItemHandle[];
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a device',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  I: 'idle',
  X: 'dead',
};

export interface KernelFacts {
  readonly descriptors: readonly Descriptor[];
  readonly regions: readonly MappedRegion[];
  readonly threads: readonly ProcessThread[];
  readonly children: readonly ChildProcess[];
  /** System V segments that nobody is attached to. */
  readonly unattached: readonly SysvSegment[];
}

/** One item for each descriptor, mapping of interest, shared segment, thread and child. */
export function resourceItems(facts: KernelFacts): ResourceItem[] {
  const segments: SharedSegments = new Map();
  const items = descriptorItems(facts.descriptors, segments);
  for (const item of mapItems(facts.regions, segments)) items.push(item);
  for (const segment of segments.values()) {
    items.push({ kind: 'shared memory', state: '', isCommonlyNative: false, ...segment });
  }
  for (const { id, bytes } of facts.unattached) {
    items.push({
      kind: 'shared memory',
      name: 'System V shared memory that nobody is attached to',
      state: '',
      bytes,
      identity: `sysv ${id}`,
      isCommonlyNative: false,
      handles: [],
    });
  }
  for (const { tid, ownTid, name, state } of facts.threads) {
    items.push({
      kind: 'threads',
      name: threadGroupName(name),
      state: STATE_WORDS[state] ?? state,
      bytes: undefined,
      identity: `thread ${tid}`,
      isCommonlyNative: false,
      handles: [{ kind: 'thread', number: ownTid }],
    });
  }
  for (const { pid, ownPid, startTimeTicks, name, state, ended } of facts.children) {
    const word = STATE_WORDS[state] ?? state;
    items.push({
      kind: 'child processes',
      name,
      state: ended === undefined ? word : `${word} (${ended})`,
      bytes: undefined,
      identity: `child ${pid} ${startTimeTicks}`,
      isCommonlyNative: false,
      handles: [{ kind: 'child', number: ownPid }],
    });
  }
  return items;
}

function descriptorItems(descriptors: readonly Descriptor[], segments: SharedSegments): ResourceItem[] {
  const nameOf = descriptorNamer(descriptors);
  const items: ResourceItem[] = [];
  for (const descriptor of descriptors) {
    const { fd, kind, target, inode, socket, place, bytes } = descriptor;
    const handle: ItemHandle = { kind: 'descriptor', number: fd };
    if (place === 'memory') {
      addToSegment(segments, segmentKey(target, inode), target, bytes, handle);
      continue;
    }
    items.push({
      kind: descriptorItemKind(descriptor),
      name: nameOf(descriptor),
      state: socket?.state ?? '',
      bytes,
      identity: `descriptor ${fd} ${kind} ${inode === 0 ? target : inode}`,
      isCommonlyNative: false,
      handles: [handle],
    });
  }
  return items;
}

function descriptorItemKind({ kind, place }: Descriptor): ItemKind {
  switch (kind) {
    case 'socket':
      return 'sockets';
    case 'pipe':
      return 'pipes';
    case 'device':
      return 'devices';
    case 'anonymous':
      return 'event descriptors';
    case 'file':
      return place === 'deleted' ? 'deleted files' : place === 'temporary' ? 'temporary files' : 'files';
  }
}
