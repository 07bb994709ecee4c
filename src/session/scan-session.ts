// One scan of a project: which files, what the rules say of each, what the files together make of it, what is shown.

import { dirname, relative, resolve, sep } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import { SCAN_SCHEMA, type ScanProblem, type ScanReport } from '../protocol/scan.ts';
import type { Confidence } from '../scan/finding.ts';
import { findingIdentities } from '../scan/finding-identity.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { UNKNOWN_PROJECT } from '../scan/scanned-file.ts';
import { type PlacedFinding, selectFindings } from '../scan/selection.ts';
import { type CheckedFile, checkPath, hashOf } from './checked-file.ts';
import { projectFolders } from './project-folder.ts';
import { collectPythonFiles } from './python-files.ts';
import { moduleNamer } from './python-modules.ts';
import { type QuotedLines, reportedFinding } from './scan-report.ts';

export interface ScanOptions {
  readonly paths: readonly string[];
  readonly select: readonly string[];
  readonly ignore: readonly string[];
  readonly confidence: Confidence;
  /** Whether low findings that name a container are listed too. */
  readonly inventory: boolean;
  readonly signal: AbortSignal;
}

/** Sixteen digits tell apart more findings than any project has. */
const FINGERPRINT_LENGTH = 16;

export async function runScan(options: ScanOptions): Promise<ScanReport> {
  const files = collectPythonFiles(options.paths, { isExcluded: () => false });
  const problems: ScanProblem[] = files.problems.map((problem) => ({ ...problem, line: null }));
  if (files.paths.length === 0 && problems.length > 0) {
    throw new LeakscopeError('E_FILE_READ', `${problems[0]!.path} ${problems[0]!.message}`);
  }
  const projectOf = projectFolders();
  const folderOf = (path: string) => projectOf(dirname(path)) ?? resolve('.');
  const moduleOf = moduleNamer(folderOf);
  const checked: CheckedFile[] = [];
  for (const path of files.paths) {
    options.signal.throwIfAborted();
    const outcome = checkPath({ path, module: moduleOf(path), project: UNKNOWN_PROJECT });
    if (outcome.kind === 'checked') checked.push(outcome);
    else problems.push({ path, line: null, message: outcome.message });
  }
  for (const { result } of checked) {
    for (const { line, message } of result.errors) problems.push({ path: result.path, line: line ?? null, message });
  }
  const selection = selectFindings(
    checked.map(({ result }) => result),
    RULES,
    { ...options, ignoredFor: () => [] },
  );
  const inventory = options.inventory ? selection.lessSure.filter(({ subject }) => subject !== undefined) : [];
  const quoted: QuotedLines = new Map(checked.map(({ result, quoted: lines }) => [result.path, lines]));
  const identities = findingIdentities([...selection.findings, ...selection.lessSure, ...selection.suppressed], {
    pathOf: ({ path }) =>
      relative(folderOf(resolve(path)), resolve(path))
        .split(sep)
        .join('/'),
    lineOf: ({ path, range }) => quoted.get(path)?.[range.line] ?? '',
  });
  const rules = new Map(RULES.map((rule) => [rule.name, rule]));
  const reported = (finding: PlacedFinding) =>
    reportedFinding(
      finding,
      rules.get(finding.rule)!,
      quoted,
      hashOf(identities.get(finding)!).slice(0, FINGERPRINT_LENGTH),
    );
  return {
    schema: SCAN_SCHEMA,
    files: checked.length,
    lines: checked.reduce((sum, { result }) => sum + result.lines, 0),
    findings: selection.findings.map(reported),
    inventory: inventory.map(reported),
    hidden: {
      low: selection.lessSure.length,
      suppressed: selection.suppressed.length,
      baseline: 0,
    },
    problems,
  };
}
