// From paths to the findings in all their files: searches, reads and checks, and says how far it is to who waits long.

import { statSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import type { ScanProblem } from '../protocol/scan.ts';
import { type ExcludedPatterns, pathExclusion } from './path-exclusion.ts';
import { type ProjectScan, scanProject } from './project-scan.ts';
import { collectPythonFiles } from './python-files.ts';
import { scanCachePath } from './scan-cache.ts';
import type { Progress } from './session-options.ts';

export interface ScannedPathsOptions {
  readonly paths: readonly string[];
  readonly excluded: readonly ExcludedPatterns[];
  /** A file that is read even where the paths leave it out. */
  readonly alsoFile?: string | undefined;
  /** Where results are kept between scans; undefined for nowhere. */
  readonly cacheFolder: string | undefined;
  readonly withResults?: boolean | undefined;
  /** Told the folders that are searched, before they are read. */
  readonly onFolders?: ((folders: readonly string[]) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Who waits no longer than this needs no word of how far it is. */
const QUIET_MS = 1000;

/** Throws E_NO_MATCH where there is no Python file, E_FILE_READ where none could be read. */
export async function scanPaths(options: ScannedPathsOptions, progress: Progress): Promise<ProjectScan> {
  const { paths, cacheFolder } = options;
  const collected = collectPythonFiles(paths, { isExcluded: pathExclusion(options.excluded, paths) });
  options.onFolders?.(collected.folders);
  const { alsoFile } = options;
  const files =
    alsoFile === undefined || collected.paths.includes(alsoFile) ? collected.paths : [...collected.paths, alsoFile];
  if (files.length === 0) {
    throw new LeakscopeError('E_NO_MATCH', `no Python file in ${paths.join(', ')}`, {
      hint: 'files named *.py are read, without what exclude, .gitignore and environments leave out',
    });
  }
  const scan = await scanProject({
    files,
    cachePath: cacheFolder === undefined || !paths.some(isFolder) ? undefined : scanCachePath(cacheFolder, paths),
    withResults: options.withResults === true,
    signal: options.signal,
    onProgress: lateProgress(progress, `reading ${files.length === 1 ? files[0] : `${files.length} Python files`}`),
  });
  const problems: readonly ScanProblem[] = [
    ...collected.problems.map((problem) => ({ ...problem, line: null })),
    ...scan.problems,
  ];
  if (scan.files.every(({ lines }) => lines === 0)) {
    const { path, message } = problems[0] ?? { path: paths.join(', '), message: 'holds nothing to read' };
    throw new LeakscopeError('E_FILE_READ', `${path}: ${message}`, {
      hint: 'none of the files given could be read: see the permissions and encodings, or give others',
    });
  }
  return { ...scan, problems };
}

function lateProgress(progress: Progress, stage: string): (fraction: number) => void {
  const loudFrom = performance.now() + QUIET_MS;
  let announced = false;
  return (fraction) => {
    if (performance.now() < loudFrom) return;
    if (!announced) progress.stage(stage);
    announced = true;
    progress.update(fraction);
  };
}

/** A few files by name, as a commit hook gives them, are other files each time: keeping their results helps nobody. */
function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
