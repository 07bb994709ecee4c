// What the scan says of the source a process runs, for the holders that were seen to grow in it.

import { diagnoseCandidates } from '../diagnose/diagnose.ts';
import type { FindReport, FindScan } from '../diagnose/find-report.ts';
import type { Observation } from '../diagnose/observation.ts';
import { checkFile, type FileResult } from '../scan/check-file.ts';
import type { DraftFinding, Subject } from '../scan/finding.ts';
import { linkProject, settle } from '../scan/project/project-links.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { UNKNOWN_PROJECT } from '../scan/scanned-file.ts';
import type { SourceFile } from '../source/growth-site-query.ts';
import { isLibraryPath } from '../source/source-index.ts';

/** Source of the application beyond this is not scanned in passing: `leakscope scan` is there for it. */
const TOTAL_LIMIT = 8 << 20;
const FILE_LIMIT = 1 << 20;

interface SourceFinding {
  readonly file: SourceFile;
  readonly finding: DraftFinding & { readonly subject: Subject };
}

/** Judges the run; findings whose holder a rule speaks of say which, and where. */
export function diagnoseWithSource(observation: Observation): FindReport {
  const found = holdersInSource(observation.source.files);
  const { report, candidates } = diagnoseCandidates(
    observation,
    found.map(({ finding }) => finding.subject),
  );
  const byHolder = new Map<string, SourceFinding>();
  candidates.forEach(({ holderName }, i) => {
    if (holderName !== undefined && !byHolder.has(holderName)) byHolder.set(holderName, found[i]!);
  });
  const findings = report.findings.map((finding) => {
    const inSource = byHolder.get(finding.holder.name);
    return inSource === undefined ? finding : { ...finding, scan: describe(inSource) };
  });
  return { ...report, findings };
}

/** Findings of the application's files that name a holder. */
function holdersInSource(files: readonly SourceFile[]): readonly SourceFinding[] {
  const scanned: SourceFile[] = [];
  let total = 0;
  for (const file of files) {
    if (isLibraryPath(file.path) || file.text.length > FILE_LIMIT || total + file.text.length > TOTAL_LIMIT) continue;
    total += file.text.length;
    scanned.push(file);
  }
  const results = scanned.map((file) => check(file, false));
  const links = linkProject(results);
  return results.flatMap(({ drafts }, i) =>
    drafts.flatMap((draft) => {
      const finding = draft.subject === undefined ? undefined : settle(links, draft);
      return finding === undefined ? [] : [{ file: scanned[i]!, finding: { ...finding, subject: draft.subject! } }];
    }),
  );
}

function check(file: SourceFile, withFixes: boolean): FileResult {
  return checkFile(file, RULES, { project: UNKNOWN_PROJECT, withFixes });
}

function describe({ file, finding }: SourceFinding): FindScan {
  const { rule, message, range } = finding;
  // Fixes are tried one by one, which few findings are worth.
  const fix = check(file, true).drafts.find((draft) => draft.rule === rule && draft.range.start === range.start)?.fix;
  return {
    rule,
    file: file.path,
    line: range.line,
    message,
    ...(fix === undefined ? {} : { fix: { title: fix.title, safety: fix.safety } }),
  };
}
