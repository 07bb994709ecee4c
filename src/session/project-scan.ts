// The findings of a project's files, unchosen: reads and checks what has changed since the scan before, takes the rest from
// the cache, and settles what hangs on the project as a whole.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ScanProblem } from '../protocol/scan.ts';
import type { FileResult } from '../scan/check-file.ts';
import { type SettledFile, settleProject } from '../scan/project/settled-file.ts';
import { type FileTask, hashOf } from './checked-file.ts';
import { checkFiles, type SizedTask } from './file-checks.ts';
import { projectFacts } from './project-facts.ts';
import { projectFolders } from './project-folder.ts';
import { readFailure } from './python-files.ts';
import { moduleNamer } from './python-modules.ts';
import { readScanCache, type StoredFile, type StoredScan, writeScanCache } from './scan-cache.ts';
import { engineFingerprint } from './scan-engine.ts';
import type { QuotedLines } from './scan-report.ts';

export interface ProjectScanOptions {
  readonly files: readonly string[];
  /** Where results are kept from one scan to the next; undefined for nowhere. */
  readonly cachePath: string | undefined;
  /** Whether what each file says of itself is needed, and not only what the project makes of it. */
  readonly withResults: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

export interface ProjectScan {
  readonly files: readonly SettledFile[];
  readonly quoted: QuotedLines;
  readonly problems: readonly ScanProblem[];
  /** Of the same files, in the same order; empty where not asked for. */
  readonly results: readonly FileResult[];
}

interface KeyedTask extends SizedTask {
  readonly key: string;
}

/** A file's result with all that is stored of it. */
interface Checked {
  readonly key: string;
  readonly result: FileResult;
  readonly quoted: Readonly<Record<number, string>>;
}

export async function scanProject(options: ProjectScanOptions): Promise<ProjectScan> {
  const { tasks, problems } = keyedTasks(options.files);
  const engine = engineFingerprint();
  const stored = options.cachePath === undefined ? undefined : readScanCache(options.cachePath, engine);
  if (!options.withResults && stored !== undefined && isUnchanged(stored, tasks)) {
    return projectScan(stored.files, problems, []);
  }
  const checked = await checkChanged(tasks, stored, problems, options);
  const results = checked.map(({ result }) => result);
  const settled = settleProject(results);
  const files = checked.map(({ key, quoted }, i) => ({ key, quoted, settled: settled[i]! }));
  const isStored = stored !== undefined && isUnchanged(stored, tasks);
  if (options.cachePath !== undefined && !isStored) await writeScanCache(options.cachePath, engine, files, results);
  return projectScan(files, problems, results);
}

function projectScan(
  files: readonly StoredFile[],
  problems: readonly ScanProblem[],
  results: readonly FileResult[],
): ProjectScan {
  const settled = files.map((file) => file.settled);
  return {
    files: settled,
    results,
    quoted: new Map(files.map((file) => [file.settled.path, file.quoted])),
    problems: [
      ...problems,
      ...settled.flatMap(({ path, errors }) =>
        errors.map(({ line, message }) => ({ path, line: line ?? null, message })),
      ),
    ],
  };
}

/** Each file with a key that is another whenever its result may be another. */
function keyedTasks(paths: readonly string[]): { tasks: readonly KeyedTask[]; problems: ScanProblem[] } {
  const folderOf = projectFolders();
  const factsOf = projectFacts();
  const moduleOf = moduleNamer((path) => folderOf(dirname(path)) ?? resolve('.'));
  const tasks: KeyedTask[] = [];
  const problems: ScanProblem[] = [];
  for (const path of paths) {
    const module = moduleOf(path);
    const project = factsOf(folderOf(dirname(resolve(path))));
    try {
      const bytes = readFileSync(path);
      const task = { path, module, project, bytes: bytes.length };
      tasks.push({ ...task, key: keyOf(hashOf(bytes), task) });
    } catch (error) {
      problems.push({ path, line: null, message: readFailure(error) });
    }
  }
  return { tasks, problems };
}

function keyOf(contentHash: string, { path, module, project }: FileTask): string {
  return hashOf(`${contentHash}\n${path}\n${module}\n${JSON.stringify(project)}`);
}

/** Whether all that is stored is all there is: then its findings stand as they were settled. */
function isUnchanged({ files }: StoredScan, tasks: readonly KeyedTask[]): boolean {
  return files.length === tasks.length && files.every(({ key }, i) => key === tasks[i]!.key);
}

async function checkChanged(
  tasks: readonly KeyedTask[],
  stored: StoredScan | undefined,
  problems: ScanProblem[],
  options: ProjectScanOptions,
): Promise<readonly Checked[]> {
  const known = storedByKey(stored);
  const outcomes = await checkFiles(
    tasks.filter(({ key }) => !known.has(key)),
    options,
  );
  const fresh = outcomes.values();
  const checked: Checked[] = [];
  for (const task of tasks) {
    const unchanged = known.get(task.key);
    if (unchanged !== undefined) {
      checked.push(unchanged);
      continue;
    }
    const outcome = fresh.next().value!;
    if (outcome.kind === 'unreadable') problems.push({ path: task.path, line: null, message: outcome.message });
    // Keyed by what was checked: the file may have been written to since it was read first.
    else checked.push({ key: keyOf(outcome.hash, task), result: outcome.result, quoted: outcome.quoted });
  }
  return checked;
}

function storedByKey(stored: StoredScan | undefined): ReadonlyMap<string, Checked> {
  const results = stored?.results();
  if (stored === undefined || results === undefined) return new Map();
  return new Map(stored.files.map(({ key, quoted }, i) => [key, { key, quoted, result: results[i]! }]));
}
