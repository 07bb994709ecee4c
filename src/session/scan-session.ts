// One scan from paths to the answer: which files, what is found in them, what of it is shown.

import type { LiveCandidate } from '../diagnose/live-candidates.ts';
import type { Observation } from '../diagnose/observation.ts';
import { SCAN_SCHEMA, type ScanFinding, type ScanProblem, type ScanReport } from '../protocol/scan.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { type PlacedFinding, type Selection, selectFindings } from '../scan/selection.ts';
import { readBaseline, writeBaseline } from './baseline-file.ts';
import { fingerprintsOf } from './finding-fingerprints.ts';
import { confirmSelection } from './live-scan.ts';
import { reportedFinding } from './scan-report.ts';
import type { ScanSettings } from './scan-settings.ts';
import { scanPaths } from './scanned-paths.ts';
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
  /** Watches a live process that runs the source, where findings are to be joined with one. */
  readonly observe?: (() => Promise<Observation>) | undefined;
  /** Told the folders that are searched, before they are read. */
  readonly onFolders?: ((folders: readonly string[]) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Throws E_NO_MATCH where there is no Python file, E_FILE_READ where none could be read. */
export async function runScan(options: ScanOptions, progress: Progress): Promise<ScanReport> {
  const { settings } = options;
  const { paths, excluded } = settings;
  const { cacheFolder, onFolders, signal } = options;
  const scan = await scanPaths({ paths, excluded, cacheFolder, onFolders, signal }, progress);
  const selected = selectFindings(scan.files, RULES, settings.selection);
  const selection =
    options.observe === undefined
      ? { ...selected, live: new Map<PlacedFinding, LiveCandidate>() }
      : confirmSelection(await options.observe(), selected, settings.selection.confidence);
  const fingerprints = fingerprintsOf(selection, scan.quoted);
  const reported = (finding: PlacedFinding) =>
    reportedFinding(finding, {
      quoted: scan.quoted,
      fingerprint: fingerprints.get(finding)!,
      live: selection.live.get(finding),
    });
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
