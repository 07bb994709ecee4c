// What makes a finding the same one after the file around it has changed: not its line number, but the rule, the file, the
// function around and what the line says. Alike ones are told apart by their order.

import type { PlacedFinding } from '../selection.ts';

export interface IdentitySource {
  /** The file's path as every checkout of the project has it. */
  readonly pathOf: (finding: PlacedFinding) => string;
  /** The source line the finding stands on. */
  readonly lineOf: (finding: PlacedFinding) => string;
}

/** A text for each finding, no two alike. `findings` are all there are, shown or not, in the order of their places. */
export function findingIdentities(
  findings: readonly PlacedFinding[],
  { pathOf, lineOf }: IdentitySource,
): ReadonlyMap<PlacedFinding, string> {
  const seen = new Map<string, number>();
  const identities = new Map<PlacedFinding, string>();
  for (const finding of findings) {
    const line = lineOf(finding).trim().replaceAll(/\s+/g, ' ');
    const alike = [finding.rule, pathOf(finding), finding.context, line].join('\n');
    const occurrence = seen.get(alike) ?? 0;
    seen.set(alike, occurrence + 1);
    identities.set(finding, `${alike}\n${occurrence}`);
  }
  return identities;
}
