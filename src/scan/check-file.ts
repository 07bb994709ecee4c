// Runs rules over one file: finds what they say, gives it places and names, and keeps a fix only when it works, that is
// when the text with the fix parses, lacks the finding, and has no new one.

import { assert } from '../base/assert.ts';
import type { SourceFile } from '../source/growth-site-query.ts';
import type { ParseError } from '../source/parse.ts';
import type { Node } from '../source/python-ast.ts';
import { combineFixes } from './edits/combined-fixes.ts';
import { applyEdits } from './edits/edits.ts';
import type { DraftFinding, SourceRange } from './finding.ts';
import { collectFacts, type FileFacts } from './project/file-facts.ts';
import type { ReportedFinding, Rule } from './rule.ts';
import { contextOf, openFile, type ProjectFacts, type ScannedFile } from './scanned-file.ts';
import { type Suppression, suppressionsOf } from './suppressions.ts';
import { mentions } from './vocabulary.ts';

/** All that is kept of a file: plain data, small, and a function of its text, the rules and the project's facts. */
export interface FileResult {
  readonly path: string;
  readonly module: string;
  readonly lines: number;
  readonly drafts: readonly DraftFinding[];
  readonly suppressions: readonly Suppression[];
  readonly facts: FileFacts;
  readonly errors: readonly ParseError[];
}

export interface CheckOptions {
  readonly project: ProjectFacts;
  /** Whether fixes are made and tried, which costs a parse for each. */
  readonly withFixes: boolean;
}

export function checkFile(text: SourceFile, rules: readonly Rule[], options: CheckOptions): FileResult {
  const { file, errors } = openFile(text, options.project);
  const lines = file?.source.lines.length ?? text.text.split('\n').length;
  const common = { path: text.path, module: text.module, lines, errors };
  if (file === undefined) return { ...common, drafts: [], suppressions: [], facts: collectFacts(undefined) };
  const reported = runRules(file, rules);
  const drafts = reported.map(({ rule, finding }) => draftOf(file, rule, finding));
  return {
    ...common,
    drafts: options.withFixes ? withFixes(text, rules, options.project, reported, drafts) : drafts,
    suppressions: suppressionsOf(file),
    facts: collectFacts(file),
  };
}

interface Reported {
  readonly rule: Rule;
  readonly finding: ReportedFinding;
}

function runRules(file: ScannedFile, rules: readonly Rule[]): readonly Reported[] {
  const found: Reported[] = [];
  for (const rule of rules) {
    if (rule.words !== undefined && !rule.words.some((word) => mentions(file, word))) continue;
    rule.check(file, (finding) => found.push({ rule, finding }));
  }
  return found.sort((a, b) => a.finding.node.start - b.finding.node.start || (a.rule.code < b.rule.code ? -1 : 1));
}

function draftOf(file: ScannedFile, rule: Rule, finding: ReportedFinding): DraftFinding {
  return {
    rule: rule.name,
    code: rule.code,
    range: rangeOf(file, finding.node),
    message: finding.message,
    confidence: finding.confidence,
    context: contextOf(file, finding.node),
    evidence: (finding.evidence ?? []).map(({ node, text }) => ({ range: rangeOf(file, node), text })),
    remedy: finding.remedy,
    conditions: finding.conditions ?? [],
    subject: finding.subject,
    fix: undefined,
  };
}

/** Characters parsed, for one file, to try fixes one by one; past them none is offered. A file of nothing but findings ends too. */
const TRIED_ALONE = 16 << 20;

/**
 * The drafts with the fixes that work. Fixes of different places are tried in one go: a file with many findings is then
 * parsed once more and not once for each.
 */
function withFixes(
  original: SourceFile,
  rules: readonly Rule[],
  project: ProjectFacts,
  reported: readonly Reported[],
  drafts: readonly DraftFinding[],
): readonly DraftFinding[] {
  const offered = drafts.map((draft, i) => {
    const fix = reported[i]!.finding.fix?.();
    return fix === undefined ? draft : { ...draft, fix };
  });
  const works = (text: string | undefined, fixed: readonly DraftFinding[]) =>
    text !== undefined &&
    text !== original.text &&
    removesFindings({ ...original, text }, rules, project, drafts, fixed);
  const together = combineFixes(original.text, offered);
  const proven = new Set<DraftFinding>();
  if (together !== undefined && works(together.text, together.made)) {
    for (const draft of together.made) proven.add(draft);
  }
  let left = Math.ceil(TRIED_ALONE / Math.max(1, original.text.length));
  return offered.map((draft, i) => {
    if (draft.fix === undefined || proven.has(draft)) return draft;
    if (left-- <= 0) return drafts[i]!;
    return works(applyEdits(original.text, draft.fix.edits), [draft]) ? draft : drafts[i]!;
  });
}

/** Whether the fixed text is whole, lacks the findings fixed and has none that was not there. */
function removesFindings(
  fixedText: SourceFile,
  rules: readonly Rule[],
  project: ProjectFacts,
  before: readonly DraftFinding[],
  fixed: readonly DraftFinding[],
): boolean {
  const { file, errors } = openFile(fixedText, project);
  if (file === undefined || errors.length > 0) return false;
  const allowed = countByRule(before.map(({ rule }) => rule));
  for (const { rule } of fixed) allowed.set(rule, allowed.get(rule)! - 1);
  const after = countByRule(runRules(file, rules).map(({ rule }) => rule.name));
  return [...after].every(([rule, count]) => count <= (allowed.get(rule) ?? 0));
}

function countByRule(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The node's place; of a function or class only its header line, not the body that follows. */
export function rangeOf(file: ScannedFile, node: Node): SourceRange {
  const { text } = file.source;
  const { start } = node;
  let { end, endLine } = node;
  if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'ClassDef') {
    endLine = node.line;
    end = start;
    while (end < text.length && text[end] !== '\n' && text[end] !== '\r') end++;
  }
  assert(end >= start, 'a node ends before it starts');
  return {
    start,
    end,
    line: node.line,
    column: columnOf(text, start),
    endLine,
    endColumn: columnOf(text, end),
  };
}

/** 1-based, in UTF-16 units. */
function columnOf(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && text[start - 1] !== '\n' && text[start - 1] !== '\r') start--;
  return offset - start + 1;
}
