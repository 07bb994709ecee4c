// Which findings a person sees: those of the rules asked for, sure enough, not silenced by a comment and not in the
// baseline. What is left out is counted, so that no answer looks better than it is.

import { CAUSES, type Cause, CONFIDENCES, type Confidence, type DraftFinding } from './finding.ts';
import type { SettledFile } from './project/settled-file.ts';
import type { Rule } from './rule.ts';
import { createSilencer, type UnusedSuppression } from './silenced-findings.ts';

export interface SelectionOptions {
  /** Names, codes, beginnings of codes (`C`, `C0`) or causes; every rule when empty. */
  readonly select: readonly string[];
  readonly ignore: readonly string[];
  /** The least confidence shown. */
  readonly confidence: Confidence;
  /** More rules to ignore, for some files. */
  readonly ignoredFor: (path: string) => readonly string[];
}

/** A finding of the project, with the file it is of and what its rule says of itself. */
export interface PlacedFinding extends DraftFinding {
  readonly path: string;
  readonly module: string;
  readonly cause: Cause;
}

export interface Selection {
  readonly findings: readonly PlacedFinding[];
  /** Below the confidence asked for. */
  readonly lessSure: readonly PlacedFinding[];
  readonly suppressed: readonly PlacedFinding[];
  readonly unusedSuppressions: readonly UnusedSuppression[];
}

/** Sorts the project's findings into shown and hidden, in the order of files and lines. */
export function selectFindings(
  files: readonly SettledFile[],
  rules: readonly Rule[],
  options: SelectionOptions,
): Selection {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const least = CONFIDENCES.indexOf(options.confidence);
  const isSelected = createRuleFilter(rules, options);
  const findings: PlacedFinding[] = [];
  const lessSure: PlacedFinding[] = [];
  const suppressed: PlacedFinding[] = [];
  const unusedSuppressions: UnusedSuppression[] = [];
  for (const { path, module, findings: settled, suppressions } of files) {
    const silencer = createSilencer(path, suppressions);
    const ignored = matchingRules(rules, options.ignoredFor(path));
    for (const draft of settled) {
      const rule = byName.get(draft.rule);
      if (rule === undefined) continue;
      // Asked first: a comment is in use even where the rule is not.
      const silenced = silencer.silences(rule, draft.range.line);
      if (!isSelected(rule.name) || ignored.has(rule.name)) continue;
      const finding = { ...draft, path, module, cause: rule.cause };
      if (silenced) suppressed.push(finding);
      else if (CONFIDENCES.indexOf(finding.confidence) > least) lessSure.push(finding);
      else findings.push(finding);
    }
    unusedSuppressions.push(...silencer.unused());
  }
  return { findings, lessSure, suppressed, unusedSuppressions };
}

function createRuleFilter(rules: readonly Rule[], { select, ignore }: SelectionOptions): (rule: string) => boolean {
  const selected = select.length === 0 ? undefined : matchingRules(rules, select);
  const ignored = matchingRules(rules, ignore);
  return (rule) => (selected?.has(rule) ?? true) && !ignored.has(rule);
}

function matchingRules(rules: readonly Rule[], selectors: readonly string[]): ReadonlySet<string> {
  return new Set(selectors.flatMap((selector) => rulesMatching(rules, selector)));
}

/** Names of the rules a selector means: by name, code, beginning of a code, or cause; none for a word that is no selector. */
export function rulesMatching(rules: readonly Rule[], selector: string): readonly string[] {
  const word = selector.trim().toLowerCase().replaceAll('_', '-');
  if (word === '') return [];
  if (word === 'all') return rules.map(({ name }) => name);
  const cause = CAUSES.find((each) => each === word || each.replaceAll(/[ -]/g, '-') === word);
  return rules
    .filter(
      (rule) =>
        rule.name === word ||
        rule.cause === cause ||
        (/^[a-z]\d*$/.test(word) && rule.code.toLowerCase().startsWith(word)),
    )
    .map(({ name }) => name);
}
