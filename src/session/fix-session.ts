// One run of fix: scans the project, plans the fixes, and writes them when told to. A file is written in one step, with the
// permissions, encoding and line ends it had, and only while it is still what was read.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { LeakscopeError } from '../base/errors.ts';
import { replaceFile } from '../base/replaced-file.ts';
import { FIX_SCHEMA, type FixReport } from '../protocol/fix.ts';
import { readBaseline } from './baseline-file.ts';
import { hashOf } from './checked-file.ts';
import { type ChangedFile, planFixes, type SourceLine } from './fix-plan.ts';
import { encodePython } from './python-text.ts';
import { reportedFinding } from './scan-report.ts';
import type { ScanSettings } from './scan-settings.ts';
import { scanPaths } from './scanned-paths.ts';
import type { Progress } from './session-options.ts';

export interface FixOptions {
  readonly settings: ScanSettings;
  /** Only the findings of this line. */
  readonly at: SourceLine | undefined;
  /** Whether fixes that a person should decide on are made too. */
  readonly unsafe: boolean;
  /** Write the files; otherwise only say what would be written. */
  readonly apply: boolean;
  readonly cacheFolder: string | undefined;
  readonly signal: AbortSignal;
}

export interface FixRun {
  readonly report: FixReport;
  /** New contents of the files that change, by absolute path. */
  readonly changed: ReadonlyMap<string, Uint8Array>;
}

/** As `diff -u` and git have it. */
const CONTEXT_LINES = 3;

/** Throws what a scan throws, E_NO_MATCH where nothing is found at the line asked for, E_FILE_WRITE where it may not write. */
export async function runFix(options: FixOptions, progress: Progress): Promise<FixRun> {
  const { settings, at, cacheFolder, signal } = options;
  const { paths, excluded } = settings;
  const scan = await scanPaths(
    { paths, excluded, alsoFile: at?.path, cacheFolder, withResults: true, signal },
    progress,
  );
  const baseline = settings.baseline === undefined ? new Set<string>() : readBaseline(settings.baseline);
  // Asked for one line, an unsafe fix is shown without consent; it is not made.
  const unsafe = options.unsafe || at !== undefined;
  const plan = planFixes(scan.results, scan.quoted, { settings, unsafe, at, baseline });
  const needsUnsafe =
    !options.unsafe && plan.files.some(({ fixed }) => fixed.some(({ fix }) => fix?.safety === 'unsafe'));
  const apply = options.apply && !needsUnsafe;
  const changed = new Map(plan.files.map((file) => [realpathSync(file.path), encoded(file)]));
  if (apply) await writeFixed(plan.files, changed);
  const report: FixReport = {
    schema: FIX_SCHEMA,
    applied: apply && plan.files.length > 0,
    files: plan.files.map(describeFile),
    needs_unsafe: needsUnsafe,
    remaining: [...plan.remaining].map(([finding, fingerprint]) =>
      reportedFinding(finding, { quoted: plan.quoted, fingerprint, live: undefined }),
    ),
    problems: [...scan.problems],
  };
  return { report, changed };
}

function describeFile(file: ChangedFile): FixReport['files'][number] {
  const { path, fixed } = file;
  return {
    path,
    fixes: fixed.map(({ rule, code, range, message, fix }) => ({
      rule,
      code,
      line: range.line,
      message,
      title: fix!.title,
      safety: fix!.safety,
    })),
    diff: unifiedDiff(file),
  };
}

/** As `diff -u` and git write it. */
export function unifiedDiff({ path, before, after }: Pick<ChangedFile, 'path' | 'before' | 'after'>): string {
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, {
    context: CONTEXT_LINES,
    headerOptions: FILE_HEADERS_ONLY,
  });
}

function encoded({ path, after, encoding }: ChangedFile): Buffer {
  const bytes = encodePython(after, encoding);
  if (bytes === undefined) {
    throw new LeakscopeError('E_FILE_WRITE', `${path} cannot be written in its encoding, ${encoding.name}`, {
      hint: 'make the change by hand, or convert the file to UTF-8',
    });
  }
  return bytes;
}

/** All or, where one of them is no longer what was read, none. */
async function writeFixed(files: readonly ChangedFile[], changed: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const { path, hash } of files) {
    if (hashOf(readFileSync(path)) === hash) continue;
    throw new LeakscopeError('E_FILE_WRITE', `${path} has changed meanwhile`, { hint: 'run leakscope fix again' });
  }
  // `changed` names what links lead to, so that a link stays one.
  for (const [path, bytes] of changed) {
    const mode = statSync(path).mode & 0o7777;
    await replaceFile(path, async (file) => {
      await file.writeFile(bytes);
      // Past the umask.
      await file.chmod(mode);
    });
  }
}
