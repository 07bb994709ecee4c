// Several fixes of one file made at once: those that touch different places, an import that two of them add once only.

import type { DraftFinding, Edit } from '../finding.ts';
import { applyEdits } from './edits.ts';

export interface CombinedFixes<F extends DraftFinding> {
  /** The findings whose fixes are in it. */
  readonly made: readonly F[];
  readonly text: string;
}

/** As many of the findings' fixes as go together, first come first made; undefined where there is none. */
export function combineFixes<F extends DraftFinding>(
  text: string,
  findings: readonly F[],
): CombinedFixes<F> | undefined {
  const made: F[] = [];
  let edits: readonly Edit[] = [];
  for (const finding of findings) {
    if (finding.fix === undefined) continue;
    const added = finding.fix.edits.filter((edit) => !edits.some((other) => isSameInsertion(edit, other)));
    if (added.some((edit) => edits.some((other) => touch(edit, other)))) continue;
    edits = [...edits, ...added];
    made.push(finding);
  }
  const fixed = made.length === 0 ? undefined : applyEdits(text, edits);
  return fixed === undefined ? undefined : { made, text: fixed };
}

function isSameInsertion(a: Edit, b: Edit): boolean {
  return a.start === a.end && a.start === b.start && a.end === b.end && a.text === b.text;
}

/** Two insertions at one place go together, in order; all else must keep apart, and is made in a later round. */
function touch(a: Edit, b: Edit): boolean {
  if (a.start === a.end && b.start === b.end) return false;
  return a.start <= b.end && b.start <= a.end;
}
