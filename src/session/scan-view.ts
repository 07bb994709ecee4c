// The scan of a few source files with each finding's own fix as a diff: what `scan` and `fix FILE:LINE` say, together.

import { LeakscopeError } from '../base/errors.ts';
import type { ScanReport } from '../protocol/scan.ts';
import type { ScanView } from '../protocol/web/source-views.ts';
import { planFixes, type SourceLine } from './fix-plan.ts';
import { unifiedDiff } from './fix-session.ts';
import type { ProjectScan } from './project-scan.ts';
import { runScan } from './scan-session.ts';
import { type ScanSettings, scanSettings } from './scan-settings.ts';
import { scanPaths } from './scanned-paths.ts';
import { type Progress, silentProgress } from './session-options.ts';

/** Each diff settles the project anew. */
const DIFFS_LIMIT = 60;

/** Throws what a scan throws. */
export async function scanFiles(paths: readonly string[], signal: AbortSignal, progress: Progress): Promise<ScanView> {
  const settings = scanSettings({ paths });
  const report = await runScan(
    { settings, inventory: false, reportUnusedIgnores: false, newBaseline: undefined, cacheFolder: undefined, signal },
    progress,
  );
  const diffs: Record<number, string> = {};
  if (report.findings.length > 0) {
    const scan = await scanProjectOf(settings, signal, progress);
    let made = 0;
    for (const [index, finding] of report.findings.entries()) {
      if (finding.fix === null) continue;
      if (made++ === DIFFS_LIMIT) break;
      signal.throwIfAborted();
      const diff = diffAt(scan, settings, finding);
      if (diff !== undefined) diffs[index] = diff;
    }
  }
  return { report, diffs };
}

/** What leakscope would change at one line; undefined where it knows nothing to change. */
export async function fixAt(
  { path, line }: SourceLine,
  signal: AbortSignal,
): Promise<{ readonly title: string; readonly safety: 'safe' | 'unsafe'; readonly diff: string } | undefined> {
  // At this one line, what the scan is less sure of may be shown too: something was seen to grow there.
  const settings = scanSettings({ paths: [path], confidence: 'low' });
  const scan = await scanProjectOf(settings, signal, silentProgress);
  const file = planAt(scan, settings, { path, line })?.files[0];
  const fix = file?.fixed[0]?.fix;
  if (file === undefined || fix === undefined) return undefined;
  return { title: fix.title, safety: fix.safety, diff: unifiedDiff(file) };
}

function scanProjectOf(settings: ScanSettings, signal: AbortSignal, progress: Progress): Promise<ProjectScan> {
  const { paths, excluded } = settings;
  return scanPaths({ paths, excluded, cacheFolder: undefined, withResults: true, signal }, progress);
}

function diffAt(
  scan: ProjectScan,
  settings: ScanSettings,
  finding: ScanReport['findings'][number],
): string | undefined {
  const file = planAt(scan, settings, finding)?.files[0];
  return file === undefined ? undefined : unifiedDiff(file);
}

function planAt(scan: ProjectScan, settings: ScanSettings, at: SourceLine): ReturnType<typeof planFixes> | undefined {
  try {
    return planFixes(scan.results, scan.quoted, { settings, unsafe: true, at, baseline: new Set() });
  } catch (error) {
    if (error instanceof LeakscopeError && error.code === 'E_NO_MATCH') return undefined;
    throw error;
  }
}
