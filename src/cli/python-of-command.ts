// Which Python a started command is about: the command itself, or the first process it started that is one.

import { listPids, readProcessStat } from '../target/process-info.ts';
import { findPythonProcess, type PythonProcess } from '../target/python-processes.ts';

/** The Python process nearest to `pid` in its tree of children, or undefined while there is none. */
export function pythonOfCommand(pid: number): PythonProcess | undefined {
  for (const candidate of familyOf(pid)) {
    const python = findPythonProcess(candidate);
    if (python !== undefined) return python;
  }
  return undefined;
}

/** `pid` and its descendants, nearest generation first. */
export function familyOf(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const candidate of listPids()) {
    const parent = readProcessStat(candidate)?.parentPid;
    if (parent === undefined) continue;
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [candidate]);
    else siblings.push(candidate);
  }
  const family = [pid];
  // Grows while it is walked: breadth first. A PID cannot be its own ancestor, so this ends.
  for (const member of family) family.push(...(childrenOf.get(member) ?? []));
  return family;
}
