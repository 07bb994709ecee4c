// Python text to the syntax tree of python-ast.ts: the public face of the parser in parser/. A file it cannot read is a
// diagnostic, never an exception: a syntax error costs the statement or the clause it is in.

import { ModuleParser } from './parser/module-parser.ts';
import type { Module } from './python-ast.ts';

export interface ParseError {
  readonly message: string;
  /** 1-based; undefined where the error is about no line. */
  readonly line: number | undefined;
}

/** A `#` comment: UTF-16 offsets from its `#` to the end of its line. */
export interface Comment {
  readonly start: number;
  readonly end: number;
  /** 1-based. */
  readonly line: number;
}

export interface ParsedModule {
  /** Absent for a text longer than the limit. With errors beside it, it lacks the statements and clauses they are in. */
  readonly module: Module | undefined;
  /** In order of place. */
  readonly comments: readonly Comment[];
  /** The first ones; behind them, the number of the others. */
  readonly errors: readonly ParseError[];
}

export interface ParseLimits {
  /** Longest text parsed, in UTF-16 units: generated tables beyond it hold no growth site worth the time. */
  readonly maxLength?: number;
}

const DEFAULT_MAX_LENGTH = 8 * 1024 * 1024;

export function parse(text: string, limits: ParseLimits = {}): ParsedModule {
  const maxLength = limits.maxLength ?? DEFAULT_MAX_LENGTH;
  if (text.length > maxLength) {
    return {
      module: undefined,
      comments: [],
      errors: [{ message: `longer than ${maxLength} characters: not parsed`, line: undefined }],
    };
  }
  const parser = new ModuleParser(text);
  const module = parser.parseModule();
  return { module, comments: parser.comments, errors: parser.errors };
}
