// One scan from paths to the answer: which files, what is found in them, what of it is shown.

import { dirname, relative, resolve, sep } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import { SCAN_SCHEMA, type ScanFinding, type ScanProblem, type ScanReport } from '../protocol/scan.ts';
import { findingIdentities } from '../scan/finding-identity.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { type PlacedFinding, type Selection, selectFindings } from '../scan/selection.ts';
import { readBaseline, writeBaseline } from './baseline-file.ts';
import { hashOf } from './checked-file.ts';
import { pathExclusion } from './path-exclusion.ts';
import { projectFolders } from './project-folder.ts';
import { type ProjectScan, scanProject } from './project-scan.ts';
import { collectPythonFiles } from './python-files.ts';
import { scanCachePath } from './scan-cache.ts';
import { type QuotedLines, reportedFinding } from './scan-report.ts';
import type { ScanSettings } from './scan-settings.ts';
import type { Progress } from './session-options.ts';

export interface ScanOptions {
  readonly settings: ScanSettings;
  /** Whether low findings that name a container are listed too. */
  readonly inventory: boolean;
  /** Whether comments that silence nothing are problems. */
  readonly reportUnusedIgnores: boolean;
  /** A file to write what is found to, which is then what the baseline knows. */
  readonly newBaseline: string | undefined;
  /** Where results are kept between scans; undefined for nowhere. */
  readonly cacheFolder: string | undefined;
  /** Told the folders that are searched, before they are read. */
  readonly onFolders?: (folders: readonly string[]) => void;
  readonly signal: AbortSignal;
}

/** Sixteen digits tell apart more findings than any project has. */
const FINGERPRINT_LENGTH = 16;
/** Who waits no longer than this needs no word of how far it is. */
const QUIET_MS = 1000;

/** Throws E_NO_MATCH where there is no Python file, E_FILE_READ where none could be read. */
export async function runScan(options: ScanOptions, progress: Progress): Promise<ScanReport> {
  const { settings } = options;
  const scan = await findAll(options, progress);
  const selection = selectFindings(scan.files, RULES, settings.selection);
  const identities = identitiesIn(selection, scan.quoted);
  const reported = (finding: PlacedFinding) =>
    reportedFinding(finding, scan.quoted, hashOf(identities.get(finding)!).slice(0, FINGERPRINT_LENGTH));
  const findings = selection.findings.map(reported);
  const known = await baselineOf(options, findings);
  const shown = findings.filter(({ fingerprint }) => !known.has(fingerprint));
  const read = scan.files.filter(({ lines }) => lines > 0);
  return {
    schema: SCAN_SCHEMA,
    files: read.length,
    lines: read.reduce((sum, { lines }) => sum + lines, 0),
    findings: shown,
    inventory: options.inventory ? selection.lessSure.filter(({ subject }) => subject !== undefined).map(reported) : [],
    hidden: {
      low: selection.lessSure.length,
      suppressed: selection.suppressed.length,
      baseline: findings.length - shown.length,
    },
    problems: [...scan.problems, ...(options.reportUnusedIgnores ? unusedIgnores(selection) : [])],
  };
}

async function findAll(
  { settings, cacheFolder, onFolders, signal }: ScanOptions,
  progress: Progress,
): Promise<ProjectScan> {
  const { paths } = settings;
  const collected = collectPythonFiles(paths, { isExcluded: pathExclusion(settings.excluded, paths) });
  onFolders?.(collected.folders);
  if (collected.paths.length === 0) {
    throw new LeakscopeError('E_NO_MATCH', `no Python file in ${paths.join(', ')}`, {
      hint: 'files named *.py are read, without what exclude, .gitignore and environments leave out',
    });
  }
  const loudFrom = performance.now() + QUIET_MS;
  let announced = false;
  const scan = await scanProject({
    files: collected.paths,
    cachePath: cacheFolder === undefined ? undefined : scanCachePath(cacheFolder, paths),
    signal,
    onProgress(fraction) {
      if (performance.now() < loudFrom) return;
      if (!announced) progress.stage(`reading ${collected.paths.length} Python files`);
      announced = true;
      progress.update(fraction);
    },
  });
  const problems: readonly ScanProblem[] = [
    ...collected.problems.map((problem) => ({ ...problem, line: null })),
    ...scan.problems,
  ];
  if (scan.files.every(({ lines }) => lines === 0)) {
    throw new LeakscopeError('E_FILE_READ', `${problems[0]?.path ?? paths[0]}: ${problems[0]?.message ?? 'is empty'}`);
  }
  return { ...scan, problems };
}

function identitiesIn({ findings, lessSure, suppressed }: Selection, quoted: QuotedLines) {
  const folderOf = projectFolders();
  const all = [...findings, ...lessSure, ...suppressed].sort(
    (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || a.range.start - b.range.start,
  );
  return findingIdentities(all, {
    pathOf({ path }) {
      const file = resolve(path);
      return relative(folderOf(dirname(file)) ?? resolve('.'), file)
        .split(sep)
        .join('/');
    },
    lineOf: ({ path, range }) => quoted.get(path)?.[range.line] ?? '',
  });
}

/** The fingerprints not to show. A new baseline knows all there is. */
async function baselineOf(options: ScanOptions, findings: readonly ScanFinding[]): Promise<ReadonlySet<string>> {
  if (options.newBaseline !== undefined) {
    await writeBaseline(options.newBaseline, findings);
    return new Set(findings.map(({ fingerprint }) => fingerprint));
  }
  return options.settings.baseline === undefined ? new Set() : readBaseline(options.settings.baseline);
}

function unusedIgnores({ unusedSuppressions }: Selection): readonly ScanProblem[] {
  return unusedSuppressions.map(({ path, line, names }) => ({
    path,
    line,
    message: `the comment silences nothing${names.length === 0 ? '' : `: ${names.join(', ')}`}`,
  }));
}
