// The second line of a report on a snapshot: which file, and when it was taken.

import type { SnapshotFacts } from '../../diagnose/snapshot-facts.ts';

/** `a.heap`, `taken 2026-11-20 08:12:44 UTC`. */
export function snapshotFacts(snapshot: SnapshotFacts): string[] {
  const taken = `taken ${takenAt(snapshot)}`;
  return snapshot.file === undefined ? [taken] : [snapshot.file, taken];
}

/** To the second; what is finer only makes the line longer. */
export function takenAt(snapshot: SnapshotFacts): string {
  return snapshot.taken_at.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');
}
