// Which files fixes would change, and to what. Nothing is written: fixes are made in memory, round by round, and after each
// round the whole project is settled again, so that what is called fixed is gone and what is left is told.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import { fileError } from '../base/replaced-file.ts';
import { checkFile, type FileResult } from '../scan/check-file.ts';
import { combineFixes } from '../scan/edits/combined-fixes.ts';
import { settleProject } from '../scan/project/settled-file.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { type PlacedFinding, selectFindings } from '../scan/selection.ts';
import { hashOf, quotedLines } from './checked-file.ts';
import { fingerprintsOf } from './finding-fingerprints.ts';
import { projectFacts } from './project-facts.ts';
import { projectFolders } from './project-folder.ts';
import { decodePython, encodePython, type TextEncoding } from './python-text.ts';
import type { QuotedLines } from './scan-report.ts';
import type { ScanSettings } from './scan-settings.ts';

export interface PlanOptions {
  readonly settings: ScanSettings;
  /** Whether fixes are made that a person should decide on. */
  readonly unsafe: boolean;
  /** Only the findings of this line, whatever their confidence; everything selected when undefined. */
  readonly at: SourceLine | undefined;
  /** Fingerprints of findings that are left alone. */
  readonly baseline: ReadonlySet<string>;
}

export interface SourceLine {
  readonly path: string;
  readonly line: number;
}

/** A file with fixes made. */
export interface ChangedFile {
  readonly path: string;
  readonly encoding: TextEncoding;
  /** Of the bytes that were read: the file is written only while it still has them. */
  readonly hash: string;
  readonly before: string;
  readonly after: string;
  /** The findings fixed, each with its place in the text it was found in. */
  readonly fixed: readonly PlacedFinding[];
}

export interface FixPlan {
  /** In the order of paths. */
  readonly files: readonly ChangedFile[];
  /** Findings asked for that are left with the fixes made, with their fingerprints. */
  readonly remaining: ReadonlyMap<PlacedFinding, string>;
  /** Lines of the files as the fixes leave them. */
  readonly quoted: QuotedLines;
}

/** The project as the fixes made so far leave it. */
interface Draft {
  readonly results: Map<string, FileResult>;
  readonly quoted: Map<string, Readonly<Record<number, string>>>;
  readonly files: Map<string, ChangedFile>;
}

/** Every round makes at least one fix, and a fix may make room for another; none of them goes on for long. */
const MOST_ROUNDS = 30;

/** Throws E_NO_MATCH where nothing is found at the line asked for, E_FILE_READ where a file cannot be read any more. */
export function planFixes(results: readonly FileResult[], quoted: QuotedLines, options: PlanOptions): FixPlan {
  const draft: Draft = {
    results: new Map(results.map((result) => [result.path, result])),
    quoted: new Map(quoted),
    files: new Map(),
  };
  let found = findingsOf(draft, options.settings);
  const isAsked = askedFor(found, options);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const wanted = [...found].flatMap(([finding, fingerprint]) => {
      const isWanted = finding.fix !== undefined && (options.unsafe || finding.fix.safety === 'safe');
      return isWanted && isAsked(fingerprint) ? [finding] : [];
    });
    if (!makeFixes(draft, wanted)) break;
    found = findingsOf(draft, options.settings);
  }
  return {
    files: [...draft.files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    remaining: new Map([...found].filter(([, fingerprint]) => isAsked(fingerprint))),
    quoted: draft.quoted,
  };
}

/** The findings selected in the project as it stands, by the order of places, with their fingerprints. */
function findingsOf({ results, quoted }: Draft, { selection }: ScanSettings): ReadonlyMap<PlacedFinding, string> {
  const selected = selectFindings(settleProject([...results.values()]), RULES, selection);
  const fingerprints = fingerprintsOf(selected, quoted);
  return new Map(selected.findings.map((finding) => [finding, fingerprints.get(finding)!]));
}

/** What was asked for, by fingerprint: lines move while fixes are made. */
function askedFor(
  found: ReadonlyMap<PlacedFinding, string>,
  { at, baseline }: PlanOptions,
): (fingerprint: string) => boolean {
  if (at === undefined) return (fingerprint) => !baseline.has(fingerprint);
  const file = resolve(at.path);
  const there = [...found].filter(([{ path, range }]) => range.line === at.line && resolve(path) === file);
  if (there.length === 0) {
    throw new LeakscopeError('E_NO_MATCH', `nothing is found at ${at.path}:${at.line}`, {
      hint: `leakscope scan ${at.path} --confidence low shows what is found in the file, and where`,
    });
  }
  const asked = new Set(there.map(([, fingerprint]) => fingerprint));
  return (fingerprint) => asked.has(fingerprint);
}

/** Makes as many of the fixes as go together, and checks the files anew. Whether any was made. */
function makeFixes(draft: Draft, wanted: readonly PlacedFinding[]): boolean {
  const paths = [...new Set(wanted.map(({ path }) => path))];
  const made = paths.map((path) => {
    const inFile = wanted.filter((finding) => finding.path === path);
    // Where fixes that are each right do not go together, one of them at a time does.
    return fixFile(draft, path, inFile) || inFile.some((finding) => fixFile(draft, path, [finding]));
  });
  return made.includes(true);
}

function fixFile(draft: Draft, path: string, findings: readonly PlacedFinding[]): boolean {
  const file = draft.files.get(path) ?? openForFixing(path);
  const combined = file === undefined ? undefined : combineFixes(file.after, findings);
  if (file === undefined || combined === undefined) return false;
  const before = draft.results.get(path)!;
  const after = checkFile({ path, module: before.module, text: combined.text }, RULES, {
    project: projectFacts()(projectFolders()(dirname(resolve(path)))),
    withFixes: true,
  });
  if (!isBetter(before, after, combined.made)) return false;
  draft.results.set(path, after);
  draft.quoted.set(path, quotedLines(combined.text, after));
  draft.files.set(path, { ...file, after: combined.text, fixed: [...file.fixed, ...combined.made] });
  return true;
}

/** Whether the file parses as before, the findings are gone, and none is new. */
function isBetter(before: FileResult, after: FileResult, fixed: readonly PlacedFinding[]): boolean {
  if (after.errors.length > before.errors.length) return false;
  const rules = new Set([...before.drafts, ...after.drafts].map(({ rule }) => rule));
  return [...rules].every((rule) => {
    const count = (findings: readonly { readonly rule: string }[]) =>
      findings.filter((finding) => finding.rule === rule).length;
    return count(after.drafts) <= count(before.drafts) - count(fixed);
  });
}

/** Undefined for a file in an encoding that is read and not written. */
function openForFixing(path: string): ChangedFile | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileError('E_FILE_READ', `cannot read ${path}`, error);
  }
  const decoded = decodePython(bytes);
  if ('message' in decoded)
    throw new LeakscopeError('E_FILE_READ', `${path} ${decoded.message}`, {
      hint: 'it changed while it was fixed: run fix again',
    });
  const { text, encoding } = decoded;
  if (encodePython(text, encoding) === undefined) return undefined;
  return { path, encoding, hash: hashOf(bytes), before: text, after: text, fixed: [] };
}
