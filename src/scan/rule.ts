// What a rule is: a name, the knowledge behind it, and a function from one parsed file to findings. One file per rule,
// under rules/CAUSE/; rules/catalogue.ts lists them all, and docs/rules is generated from what they say of themselves.

import type { Node } from '../source/python-ast.ts';
import type { Cause, Conditional, Confidence, Fix, Subject } from './finding.ts';
import type { ScannedFile } from './scanned-file.ts';

export interface Rule {
  /** `cache-on-method`: what users select, ignore and read. Kebab case; never changes once released. */
  readonly name: string;
  /** `C01`: its place in the catalogue. */
  readonly code: string;
  readonly cause: Cause;
  readonly doc: RuleDoc;
  /** Codes of other linters that mean the same: a `# noqa: B019` on the line is honoured. */
  readonly sameAs: readonly string[];
  /** The rule is run only on files whose text has one of these words; all files when absent. */
  readonly words?: readonly string[];
  readonly check: (file: ScannedFile, report: Report) => void;
}

/** One page of documentation. Sentences; code in backquotes. */
export interface RuleDoc {
  /** One line: what the rule finds. */
  readonly what: string;
  /** Why that keeps memory or a resource. */
  readonly why: string;
  /** What must be seen before the rule speaks, and what decides its confidence. */
  readonly evidence: string;
  /** What to write instead, and what the automatic fix does, if there is one. */
  readonly fix: string;
  /** When it is right to ignore it. */
  readonly ignore: string;
  /** A file the rule finds something in, and the same without the leak. Both are run by the tests. */
  readonly example: { readonly leaks: string; readonly fine: string };
}

export type Report = (finding: ReportedFinding) => void;

/** What a rule says; check-file.ts adds places, names and the rule's own. Defaults: no evidence, no conditions. */
export interface ReportedFinding {
  /** Where a person should look: the expression or statement to edit. A definition is marked at its header line. */
  readonly node: Node;
  readonly message: string;
  readonly confidence: Confidence;
  readonly remedy: string;
  readonly evidence?: readonly { readonly node: Node; readonly text: string }[];
  readonly conditions?: readonly Conditional[];
  readonly subject?: Subject;
  /** Called when a fix is wanted. Undefined where none is sure to be right. */
  readonly fix?: () => Fix | undefined;
}
