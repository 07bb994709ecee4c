// Lists the Python processes of this host: found by their runtime, whatever the executable is called.

import { LeakscopeError } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { processSpace } from './address-space.ts';
import { applicationName } from './application-name.ts';
import { type MappedRegion, readMemoryMaps } from './memory-maps.ts';
import { readProcText } from './proc-file.ts';
import { listPids, type ProcessInfo, readProcessInfo } from './process-info.ts';
import { openProcessMemory } from './process-memory.ts';
import { locatePythonRuntime, type PythonModuleCache } from './python-runtime.ts';
import { formatVersion } from './python-version.ts';
import { explainVersion, findUnsupportedPython, isNewerThanKnown } from './unsupported-python.ts';

/** A running interpreter. */
export interface PythonProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly startTimeTicks: number;
  /** `CPython 3.12.1`, `CPython 3.14.4 free-threaded`, `PyPy 3.10`. */
  readonly python: string;
  /** `gunicorn worker [shop]`, `python -m app`, `app.py`; never an argument that could be a secret. */
  readonly application: string;
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly user: string;
  /** Whether leakscope can read this interpreter. */
  readonly supported: boolean;
  /** Why not, when it cannot. */
  readonly note: string | undefined;
}

export interface PythonProcessList {
  /** Largest resident memory first. */
  readonly processes: readonly PythonProcess[];
  /** Processes of other users (or otherwise guarded) that could not be looked into. */
  readonly unreadable: number;
}

/** Every Python process this user may look into. `cache` makes later calls cheap. */
export function listPythonProcesses(cache: PythonModuleCache = new Map()): PythonProcessList {
  const processes: PythonProcess[] = [];
  let unreadable = 0;
  for (const pid of listPids()) {
    if (pid === process.pid) continue;
    const found = inspect(pid, cache);
    if (found === 'unreadable') unreadable++;
    else if (found !== undefined) processes.push(found);
  }
  processes.sort((a, b) => b.rssBytes - a.rssBytes);
  return { processes, unreadable };
}

/** What Python the process runs, or undefined when it runs none, is gone, or may not be looked into. */
export function findPythonProcess(pid: number, cache?: PythonModuleCache): PythonProcess | undefined {
  const found = inspect(pid, cache);
  return found === 'unreadable' ? undefined : found;
}

function inspect(pid: number, cache: PythonModuleCache | undefined): PythonProcess | 'unreadable' | undefined {
  try {
    const regions = readMemoryMaps(pid);
    // Threads of the kernel, and zombies.
    return regions.length === 0 ? undefined : inspectRegions(pid, regions, cache);
  } catch (error) {
    if (!(error instanceof LeakscopeError)) throw error;
    // It may also have ended while it was looked at.
    return error.code === 'E_PERMISSION' ? 'unreadable' : undefined;
  }
}

function inspectRegions(
  pid: number,
  regions: readonly MappedRegion[],
  cache: PythonModuleCache | undefined,
): PythonProcess | undefined {
  const memory = openProcessMemory(pid);
  try {
    const problems = new ProblemLog();
    const space = processSpace(memory, regions);
    const options = cache === undefined ? {} : { cache };
    const runtime = locatePythonRuntime(space, problems, options);
    if (runtime === undefined) {
      const other = findUnsupportedPython(space, problems, options);
      return other === undefined ? undefined : describe(pid, other.name, other.reason);
    }
    const version = runtime.versionHint;
    const python = `CPython${version === undefined ? '' : ` ${formatVersion(version)}`}${runtime.freeThreaded ? ' free-threaded' : ''}`;
    if (isNewerThanKnown(version)) return describe(pid, python, 'newer than the interpreters this leakscope knows');
    return describe(pid, python, explainVersion(version)?.reason);
  } finally {
    memory.close();
  }
}

function describe(pid: number, python: string, note: string | undefined): PythonProcess | undefined {
  const info = readProcessInfo(pid);
  if (info === undefined) return undefined;
  return {
    pid,
    parentPid: info.parentPid,
    startTimeTicks: info.startTimeTicks,
    python,
    application: applicationOf(info),
    uptimeSeconds: info.uptimeSeconds,
    rssBytes: info.rssBytes,
    user: info.userName,
    supported: note === undefined,
    note,
  };
}

/** The application's name, from the process's and its parent's command line. */
export function applicationOf(info: ProcessInfo): string {
  const parent = readProcText(`/proc/${info.parentPid}/cmdline`)?.replace(/\0+$/, '').split('\0');
  return applicationName({ argv: info.argv, exe: info.exe, parentArgv: parent });
}
