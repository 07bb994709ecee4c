// Runs one rule over Python text written into a test, with the marks of where it must speak: `# <- finds`.

import { expect } from 'vitest';
import { checkFile, type FileResult } from '../../src/scan/check-file.ts';
import { applyEdits } from '../../src/scan/edits/edits.ts';
import type { DraftFinding } from '../../src/scan/finding.ts';
import { linkProject, settle } from '../../src/scan/project/project-links.ts';
import type { Rule } from '../../src/scan/rule.ts';
import { type ProjectFacts, UNKNOWN_PROJECT } from '../../src/scan/scanned-file.ts';

export interface CaseOptions {
  readonly path?: string;
  readonly module?: string;
  readonly project?: Partial<ProjectFacts>;
}

/** What the rule says of the text, alone in its project. */
export function findingsIn(rule: Rule, text: string, options: CaseOptions = {}): readonly DraftFinding[] {
  return settled([checked(rule, text, options)]);
}

/** What the rule says of several files that are one project, by module name. */
export function findingsInProject(rule: Rule, files: Readonly<Record<string, string>>): readonly DraftFinding[] {
  return settled(Object.entries(files).map(([module, text]) => checked(rule, text, { module, path: `${module}.py` })));
}

/** Expects findings on the lines marked `# <- finds`, optionally with a confidence (`# <- finds medium`), and no others. */
export function expectMarkedLines(rule: Rule, text: string, options: CaseOptions = {}): void {
  const marked = text.split('\n').flatMap((line, i) => {
    const mark = /# <- finds(?: (high|medium|low))?/.exec(line);
    return mark === null ? [] : [[i + 1, mark[1]] as const];
  });
  const found = findingsIn(rule, text, options);
  expect(found.map(({ range }) => range.line)).toEqual(marked.map(([line]) => line));
  marked.forEach(([line, confidence], i) => {
    if (confidence !== undefined) expect([line, found[i]!.confidence]).toEqual([line, confidence]);
  });
}

/** The text with the fix of its first finding applied; undefined when none is offered. */
export function fixed(rule: Rule, text: string, options: CaseOptions = {}): string | undefined {
  const [finding] = findingsIn(rule, text, options);
  return finding?.fix === undefined ? undefined : applyEdits(text, finding.fix.edits);
}

function checked(rule: Rule, text: string, { path = 'app.py', module = 'app', project }: CaseOptions): FileResult {
  const result = checkFile({ path, module, text }, [rule], {
    project: { ...UNKNOWN_PROJECT, ...project },
    withFixes: true,
  });
  expect(result.errors).toEqual([]);
  return result;
}

function settled(results: readonly FileResult[]): readonly DraftFinding[] {
  const links = linkProject(results);
  return results.flatMap(({ drafts }) => drafts.flatMap((draft) => settle(links, draft) ?? []));
}
