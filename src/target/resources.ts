// What a process holds besides memory: descriptors, maps, shared memory, threads and child processes.
// Reads /proc only; says what is there, not which Python object holds it.

import { type ChildProcess, readChildren } from './child-processes.ts';
import { type DescriptorGroup, groupDescriptors } from './descriptor-groups.ts';
import { type Descriptor, readDescriptors } from './descriptors.ts';
import { readMemoryMaps } from './memory-maps.ts';
import { readProcText } from './proc-file.ts';
import { idInNamespace, namespaceDepth } from './process-namespace.ts';
import { groupThreads, readThreads, type ThreadGroup } from './process-threads.ts';
import { type ResourceItem, resourceItems } from './resource-items.ts';
import { readUnattachedSegments } from './sysv-shared-memory.ts';

export interface ProcessResources {
  readonly descriptors: readonly Descriptor[];
  /** Largest first. */
  readonly descriptorGroups: readonly DescriptorGroup[];
  readonly descriptorCount: number;
  /** Soft limit of open descriptors, or undefined when unlimited. */
  readonly descriptorLimit: number | undefined;
  readonly threadCount: number;
  /** Largest first. */
  readonly threadGroups: readonly ThreadGroup[];
  readonly children: readonly ChildProcess[];
  readonly zombies: number;
  /** All of it, one by one. */
  readonly items: readonly ResourceItem[];
}

/** Everything there is now. Throws E_PERMISSION or E_NO_SUCH_PROCESS. */
export function readResources(pid: number): ProcessResources {
  const depth = namespaceDepth(pid);
  const descriptors = readDescriptors(pid);
  const limits = readProcText(`/proc/${pid}/limits`) ?? '';
  const threads = readThreads(pid, depth);
  const children = readChildren(pid, depth);
  const soft = /^Max open files +(\d+)/m.exec(limits);
  const ownPid = depth === 0 ? pid : (idInNamespace(readProcText(`/proc/${pid}/status`), depth) ?? pid);
  return {
    descriptors,
    descriptorGroups: groupDescriptors(descriptors),
    descriptorCount: descriptors.length,
    descriptorLimit: soft === null ? undefined : Number(soft[1]),
    threadCount: threads.length,
    threadGroups: groupThreads(threads),
    children,
    zombies: children.filter((child) => child.state === 'Z').length,
    items: resourceItems({
      descriptors,
      regions: readMemoryMaps(pid),
      threads,
      children,
      unattached: readUnattachedSegments(pid, ownPid),
    }),
  };
}
