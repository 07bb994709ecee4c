// Ids across PID namespaces: what the target calls its threads and children, seen from outside its container.

import { readProcText } from './proc-file.ts';
import { statusField } from './process-info.ts';

/** How many namespaces below the reader's the process lives; 0 in the same one. */
export function namespaceDepth(pid: number): number {
  return Math.max(0, ids(readProcText(`/proc/${pid}/status`)).length - 1);
}

/** The id that the namespace at `depth` has for a task, by the task's status text. */
export function idInNamespace(status: string | undefined, depth: number): number | undefined {
  return ids(status)[depth];
}

/** From the reader's namespace to the task's own. */
function ids(status: string | undefined): number[] {
  const field = status === undefined ? undefined : statusField(status, 'NSpid');
  return field === undefined ? [] : field.trim().split(/\s+/).map(Number);
}
