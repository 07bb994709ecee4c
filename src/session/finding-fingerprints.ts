// Fingerprints of findings: short names that stay the same when lines move, and in every checkout of the project.

import { dirname, relative, resolve, sep } from 'node:path';
import { findingIdentities } from '../scan/project/finding-identity.ts';
import type { PlacedFinding, Selection } from '../scan/selection.ts';
import { hashOf } from './checked-file.ts';
import { projectFolders } from './project-folder.ts';
import type { QuotedLines } from './scan-report.ts';

/** Sixteen digits tell apart more findings than any project has. */
const LENGTH = 16;

/** Of all findings, shown or not: which are shown must not change what others are called. */
export function fingerprintsOf(
  { findings, lessSure, suppressed }: Selection,
  quoted: QuotedLines,
): ReadonlyMap<PlacedFinding, string> {
  const folderOf = projectFolders();
  const all = [...findings, ...lessSure, ...suppressed].sort(
    (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || a.range.start - b.range.start,
  );
  const identities = findingIdentities(all, {
    pathOf({ path }) {
      const file = resolve(path);
      return relative(folderOf(dirname(file)) ?? resolve('.'), file)
        .split(sep)
        .join('/');
    },
    lineOf: ({ path, range }) => quoted.get(path)?.[range.line] ?? '',
  });
  return new Map([...identities].map(([finding, identity]) => [finding, hashOf(identity).slice(0, LENGTH)]));
}
