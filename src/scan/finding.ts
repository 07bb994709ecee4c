// What the scan says of source: findings, where they stand, how sure they are, and the edits that remove them.
// Data only, and plain: it goes through worker threads, into the cache and into the JSON output as it is.

import type { HolderReference } from '../source/growth-site-query.ts';

export const CAUSES = [
  'global state',
  'unbounded cache',
  'circular reference',
  'open resource',
  'long-running process',
] as const;
export type Cause = (typeof CAUSES)[number];

/**
 * high: leaks whenever the line runs in a process that lives on. medium: leaks on a path that is real but not the usual
 * one, or one fact is a guess. low: two facts of three; shown on request only.
 */
export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** A stretch of text: UTF-16 offsets, 1-based lines and columns in UTF-16 units, ends exclusive. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Replaces the text between two UTF-16 offsets of the original. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** safe: the program means the same, but for the leak. unsafe: a person decides (a size, a default, a lifetime). */
export interface Fix {
  /** What applying it does, in the imperative: "Open the file in a with statement". */
  readonly title: string;
  readonly safety: 'safe' | 'unsafe';
  readonly edits: readonly Edit[];
}

/** Another line that makes the case: where the container is made, where it grows, who calls. */
export interface Evidence {
  readonly range: SourceRange;
  /** What that line has to do with it: "grows here", "registered here". */
  readonly text: string;
}

/** What holds the memory, as a live process names it too: lets find and `scan --live` recognise it in a heap. */
export type Subject = Exclude<HolderReference, { readonly form: 'local' }>;

/** A fact about the rest of the project that a finding of one file hangs on. See project-links.ts. */
export type Condition =
  /** No other file takes anything out of the module's variable, rebinds it or hands it to unknown code. */
  | { readonly kind: 'global is not shrunk elsewhere'; readonly module: string; readonly name: string }
  /** No other file takes anything out of, or rebinds, an attribute of that name. */
  | { readonly kind: 'attribute is not shrunk elsewhere'; readonly name: string }
  /** A request handler, task, consumer or endless loop comes to run the function. */
  | { readonly kind: 'runs repeatedly'; readonly module: string; readonly qualname: string }
  /** Some call in the project passes the parameter something else than a constant; holds when no call is known. */
  | {
      readonly kind: 'argument varies';
      readonly module: string;
      readonly qualname: string;
      /** Place among the arguments of a call, `self` not counted. */
      readonly position: number;
      readonly name: string;
    }
  /** Objects of the class are made where code runs repeatedly, not once at import. */
  | { readonly kind: 'is made repeatedly'; readonly module: string; readonly className: string }
  /** Not all objects of the class that the project makes are kept by a module's variable or class attribute. */
  | { readonly kind: 'is not a singleton'; readonly module: string; readonly className: string }
  /** An object of the class is kept by a module's variable, or the class outlives its objects' usual span. */
  | { readonly kind: 'lives long'; readonly module: string; readonly className: string }
  /** The project's function hands out an open resource that its caller must release. */
  | { readonly kind: 'returns a resource'; readonly module: string; readonly qualname: string }
  /** The project's function, or its class when it is made, neither keeps nor releases what it is passed at that place. */
  | {
      readonly kind: 'argument is only borrowed';
      readonly module: string;
      readonly qualname: string;
      readonly position: number;
    };

/** A condition, and what becomes of the finding where it does not hold. */
export interface Conditional {
  readonly condition: Condition;
  readonly otherwise: 'drop' | Confidence;
}

/** A finding of one file, before the rest of the project was asked. */
export interface DraftFinding {
  /** `cache-on-method` */
  readonly rule: string;
  /** `C01` */
  readonly code: string;
  readonly range: SourceRange;
  /** The case in one sentence, names in backquotes, no full stop. */
  readonly message: string;
  readonly confidence: Confidence;
  /** Qualified name of the function or class around: part of what identifies the finding when lines move. */
  readonly context: string;
  readonly evidence: readonly Evidence[];
  /** What to write instead, in one sentence. */
  readonly remedy: string;
  readonly conditions: readonly Conditional[];
  readonly subject: Subject | undefined;
  readonly fix: Fix | undefined;
}
