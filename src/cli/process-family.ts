// A process and all it started, for commands that are wrappers.

import { listPids, type ProcessStat, readProcessStat } from '../target/process-info.ts';

/** `pid` and its descendants, nearest generation first; empty when it is gone. */
export function familyOf(pid: number): ProcessStat[] {
  const first = readProcessStat(pid);
  if (first === undefined) return [];
  const childrenOf = new Map<number, ProcessStat[]>();
  for (const candidate of listPids()) {
    const stat = readProcessStat(candidate);
    if (stat === undefined) continue;
    const siblings = childrenOf.get(stat.parentPid);
    if (siblings === undefined) childrenOf.set(stat.parentPid, [stat]);
    else siblings.push(stat);
  }
  const family = [first];
  // Grows while it is walked: breadth first. Nobody is their own ancestor, so this ends.
  for (const member of family) family.push(...(childrenOf.get(member.pid) ?? []));
  return family;
}
