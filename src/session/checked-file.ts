// One file from its path to what the rules say of it. Runs in the main thread and in the workers, and leaves plain data:
// the text and its tree are gone when it returns.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { checkFile, type FileResult } from '../scan/check-file.ts';
import { collectFacts } from '../scan/project/file-facts.ts';
import type { Rule } from '../scan/rule.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import type { ProjectFacts } from '../scan/scanned-file.ts';
import { readFailure } from './python-files.ts';
import { decodePython } from './python-text.ts';

export interface FileTask {
  readonly path: string;
  readonly module: string;
  readonly project: ProjectFacts;
}

export interface CheckedFile {
  /** SHA-256 of the bytes that were read. */
  readonly hash: string;
  readonly result: FileResult;
  /** The source lines that findings and their evidence stand on, by number. */
  readonly quoted: Readonly<Record<number, string>>;
}

/** What became of a task: checked, or why it could not be read. */
export type CheckOutcome =
  | ({ readonly kind: 'checked' } & CheckedFile)
  | { readonly kind: 'unreadable'; readonly path: string; readonly message: string };

/** A line of generated code may be megabytes long. */
const LONGEST_QUOTE = 1000;

export function checkPath(task: FileTask, rules: readonly Rule[] = RULES): CheckOutcome {
  let bytes: Buffer;
  try {
    bytes = readFileSync(task.path);
  } catch (error) {
    return { kind: 'unreadable', path: task.path, message: readFailure(error) };
  }
  const hash = hashOf(bytes);
  const decoded = decodePython(bytes);
  if ('message' in decoded) return { kind: 'checked', hash, result: uncheckedFile(task, decoded.message), quoted: {} };
  const { text } = decoded;
  try {
    const options = { project: task.project, withFixes: true };
    const result = checkFile({ path: task.path, module: task.module, text }, rules, options);
    return { kind: 'checked', hash, result, quoted: quotedLines(text, result) };
  } catch (error) {
    // Our own fault, but of one file among thousands: the rest is scanned, and this one is told.
    const message = `leakscope failed on it, please report: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'checked', hash, result: uncheckedFile(task, message), quoted: {} };
  }
}

/** A result like others, so that the file need not be tried again before it changes. */
function uncheckedFile({ path, module }: FileTask, message: string): FileResult {
  const errors = [{ message, line: undefined }];
  return { path, module, lines: 0, drafts: [], suppressions: [], facts: collectFacts(undefined), errors };
}

export function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function quotedLines(text: string, result: FileResult): Record<number, string> {
  const quoted: Record<number, string> = {};
  if (result.drafts.length === 0) return quoted;
  const lines = text.split(/\r\n|\r|\n/);
  for (const { range, evidence } of result.drafts) {
    for (const line of [range.line, ...evidence.map((each) => each.range.line)]) {
      quoted[line] = (lines[line - 1] ?? '').slice(0, LONGEST_QUOTE);
    }
  }
  return quoted;
}
