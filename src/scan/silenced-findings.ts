// Which findings of one file a comment silences, and which comments silence nothing any more.

import type { Rule } from './rule.ts';
import type { Suppression } from './suppressions.ts';

export interface UnusedSuppression {
  readonly path: string;
  readonly line: number;
  /** What the comment names, or all rules when it names none. */
  readonly names: readonly string[];
}

export interface Silencer {
  /** Whether a comment on the line, or alone on the line above, silences the rule. Marks the comment as used. */
  silences(rule: Rule, line: number): boolean;
  /** Our own comments that silenced nothing; other linters' are theirs to judge. */
  unused(): readonly UnusedSuppression[];
}

export function createSilencer(path: string, suppressions: readonly Suppression[]): Silencer {
  const used = new Set<Suppression>();
  return {
    silences(rule, line) {
      const matching = suppressions.filter(
        (each) => (each.line === line || standsAbove(each, line)) && names(each, rule),
      );
      for (const each of matching) used.add(each);
      return matching.length > 0;
    },
    unused: () =>
      suppressions
        .filter((each) => each.kind === 'leakscope' && !used.has(each))
        .map((each) => ({ path, line: each.line, names: each.names })),
  };
}

/** Other linters know no comments above. */
function standsAbove({ kind, alone, line }: Suppression, findingLine: number): boolean {
  return kind === 'leakscope' && alone && line === findingLine - 1;
}

function names({ kind, names: listed }: Suppression, rule: Rule): boolean {
  if (listed.length === 0) return true;
  const ours = kind === 'leakscope' ? [rule.name, rule.code] : [rule.code, ...rule.sameAs];
  return listed.some((name) => ours.some((own) => own.toLowerCase() === name.toLowerCase()));
}
