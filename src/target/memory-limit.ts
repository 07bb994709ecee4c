// What will stop a process from growing: cgroup limits along its hierarchy, resource limits, the memory of the host.
// Linux only; reads cgroup v2 and v1. Paths are those of this process's own cgroup namespace.

import { readProcText } from './proc-file.ts';
import { statusField } from './process-info.ts';

export interface MemoryLimit {
  readonly kind: 'cgroup' | 'address-space' | 'data' | 'host';
  /** In bytes. For `host`, the memory of the machine. */
  readonly limitBytes: number;
  /** In bytes, of what the limit counts: a cgroup counts all its processes, without cache that can be dropped. */
  readonly usedBytes: number;
}

const CGROUP_ROOT = '/sys/fs/cgroup';
/** cgroup v1 writes "no limit" as the largest page-aligned number below 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;
/** Deeper than any orchestrator nests. */
const MAX_CGROUP_DEPTH = 64;

/** The limit that leaves the least room to grow, or undefined when the process is gone. */
export function memoryLimit(pid: number): MemoryLimit | undefined {
  return readMemoryLimits(pid)[0];
}

/** Every limit that applies to the process, the one with the least room first. */
export function readMemoryLimits(pid: number): MemoryLimit[] {
  const limits: (MemoryLimit | undefined)[] = [
    ...cgroupLimits(readProcText(`/proc/${pid}/cgroup`) ?? ''),
    hostMemory(),
  ];
  const status = readProcText(`/proc/${pid}/status`);
  const text = readProcText(`/proc/${pid}/limits`);
  if (status !== undefined && text !== undefined) {
    limits.push(resourceLimit('address-space', text, 'Max address space', status, 'VmSize'));
    limits.push(resourceLimit('data', text, 'Max data size', status, 'VmData'));
  }
  const room = (limit: MemoryLimit): number => limit.limitBytes - limit.usedBytes;
  return limits.filter((limit) => limit !== undefined).sort((a, b) => room(a) - room(b));
}

/** How much this process itself may still allocate without harm to its neighbours, in bytes. */
export function readAvailableMemory(): number | undefined {
  const limits = [...cgroupLimits(readProcText('/proc/self/cgroup') ?? ''), hostMemory()].filter(
    (limit) => limit !== undefined,
  );
  if (limits.length === 0) return undefined;
  return Math.max(0, Math.min(...limits.map((limit) => limit.limitBytes - limit.usedBytes)));
}

function resourceLimit(
  kind: MemoryLimit['kind'],
  limits: string,
  name: string,
  status: string,
  usage: string,
): MemoryLimit | undefined {
  const soft = new RegExp(`^${name} +(\\d+)`, 'm').exec(limits);
  if (soft === null) return undefined;
  return {
    kind,
    limitBytes: Number(soft[1]),
    usedBytes: Number.parseInt(statusField(status, usage) ?? '0', 10) * 1024,
  };
}

function hostMemory(): MemoryLimit | undefined {
  const text = readProcText('/proc/meminfo') ?? '';
  const total = /^MemTotal: +(\d+)/m.exec(text);
  const available = /^MemAvailable: +(\d+)/m.exec(text);
  if (total === null || available === null) return undefined;
  const limitBytes = Number(total[1]) * 1024;
  return { kind: 'host', limitBytes, usedBytes: limitBytes - Number(available[1]) * 1024 };
}

/**
 * The limits of a group and of every group around it, innermost first. `membership` is the text of /proc/PID/cgroup,
 * `root` where the cgroup file systems are mounted.
 */
export function cgroupLimits(membership: string, root: string = CGROUP_ROOT): MemoryLimit[] {
  for (const line of membership.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const controllers = match[1]!.split(',');
    if (controllers.includes('memory')) return limitsAlong(`${root}/memory`, match[2]!, VERSION_1);
    // A hybrid host lists both; its version 2 tree then has no memory files and gives nothing.
    if (match[1] === '') {
      const limits = limitsAlong(root, match[2]!, VERSION_2);
      if (limits.length > 0) return limits;
    }
  }
  return [];
}

interface CgroupFiles {
  readonly limit: string;
  readonly usage: string;
  /** Key in memory.stat of cache that the kernel drops before it kills anyone. */
  readonly droppable: string;
}

const VERSION_1: CgroupFiles = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  droppable: 'total_inactive_file',
};
const VERSION_2: CgroupFiles = { limit: 'memory.max', usage: 'memory.current', droppable: 'inactive_file' };

function limitsAlong(root: string, path: string, files: CgroupFiles): MemoryLimit[] {
  const limits: MemoryLimit[] = [];
  // `/../x` is outside of our cgroup namespace and not mounted here. In a container without a namespace the path names
  // folders of the host that do not exist here, and the mounted root is the container's own group.
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  for (let depth = Math.min(parts.length, MAX_CGROUP_DEPTH); depth >= 0; depth--) {
    const folder = [root, ...parts.slice(0, depth)].join('/');
    // `max` and the number for "none" are both no limit.
    const limitBytes = Number(readProcText(`${folder}/${files.limit}`)?.trim() ?? Number.NaN);
    if (!(limitBytes < NO_LIMIT_BYTES)) continue;
    const usage = Number(readProcText(`${folder}/${files.usage}`)?.trim() ?? 0);
    const stat = readProcText(`${folder}/memory.stat`) ?? '';
    const droppable = Number(new RegExp(`^${files.droppable} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
    limits.push({ kind: 'cgroup', limitBytes, usedBytes: Math.max(0, usage - droppable) });
  }
  return limits;
}
