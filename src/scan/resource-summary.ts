// What a function does with resources, as its callers need to know it: whether it hands one out, and what becomes of
// what it is passed.

import type { ScannedFile } from './scanned-file.ts';
import { oncePerFile } from './scanned-file.ts';

export interface ResourceSummary {
  /** Name in the model table of the resource it returns open, where its own file shows it. */
  readonly returns: string | undefined;
  /** Dotted names of functions whose result it returns. */
  readonly returnsResultOf: readonly string[];
  /** Parameters by position that it only uses: neither kept, nor returned, nor released. */
  readonly borrows: readonly number[];
  /** Parameters by position that it releases. */
  readonly releases: readonly number[];
}

/** Summaries by qualified name; functions that have nothing to do with resources have none. */
export const resourceSummariesOf = oncePerFile((_file: ScannedFile): ReadonlyMap<string, ResourceSummary> => new Map());
