// A core file, opened and walked: what attached-target.ts gives of a live process, of one that may long be gone.

import { LeakscopeError } from '../base/errors.ts';
import { type Problem, ProblemLog } from '../base/problems.ts';
import { VERSION } from '../base/version.ts';
import { isCollecting, isIncremental } from '../cpython/collector-state.ts';
import { type HeapWalk, walkHeap } from '../cpython/heap-walk.ts';
import { attachInterpreter, type Interpreter } from '../cpython/interpreter.ts';
import { storeCollector } from '../diagnose/stored-collector.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { type CoreFile, openCore, TRUNCATION_REMEDY } from '../target/core-file.ts';
import { stackEnds } from '../target/stack-pointers.ts';
import { requirePythonRuntime } from '../target/unsupported-python.ts';
import { type Progress, pythonName } from './session-options.ts';

export interface CoreTargetOptions {
  /** Folder with the executable and libraries of the process, when they are not in their places here. */
  readonly sysroot?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Beside those of reading: the log that the answer ends with. */
  readonly problems?: ProblemLog;
}

/** A core file with a known interpreter and its heap. `close` must be called. */
export interface CoreTarget {
  /** Image, regions, threads with their stack pointers, what was dumped, and the note of `leakscope capture`. */
  readonly core: CoreFile;
  readonly interpreter: Interpreter;
  readonly walk: HeapWalk;
  readonly meta: HeapFileMeta;
  readonly problems: readonly Problem[];
  close(): void;
}

/**
 * Opens and walks a core. Throws E_FILE_READ, E_CORE_FILE, E_NOT_PYTHON, E_UNKNOWN_LAYOUT and the like, each with what
 * to do about it.
 */
export async function openCoreTarget(
  path: string,
  options: CoreTargetOptions,
  progress: Progress,
): Promise<CoreTarget> {
  const log = options.problems ?? new ProblemLog();
  progress.stage(`reading ${path}`);
  const core = await openCore(path, {
    sysroot: options.sysroot,
    problems: log,
    signal: options.signal,
    progress: (fraction) => progress.update(fraction),
  });
  try {
    const interpreter = findInterpreter(core, log);
    if (isCollecting(core.image, interpreter.interpreters[0]!)) {
      log.add('gc-running', 'the collector was running when the core was written: some objects may be missing');
    }
    const walk = walkHeap(
      {
        image: core.image,
        interpreter,
        stackPointers: stackEnds(core.threads),
        progress: (step) => progress.update(undefined, step),
      },
      log,
    );
    const problems = log.list();
    const meta: HeapFileMeta = {
      toolVersion: VERSION,
      python: pythonName(interpreter),
      app: core.process.application,
      pid: core.process.pid,
      takenAt: core.takenAt,
      problems,
      collector: storeCollector(walk, { incremental: isIncremental(interpreter.layout) }),
    };
    return { core, interpreter, walk, meta, problems, close: () => core.close() };
  } catch (error) {
    core.close();
    throw error;
  }
}

function findInterpreter(core: CoreFile, log: ProblemLog): Interpreter {
  try {
    return attachInterpreter(core.image, requirePythonRuntime(core.space, log), log);
  } catch (error) {
    throw explain(error, core);
  }
}

/** A core that lacks something fails where that is needed: says what it lacks, rather than what was not found. */
function explain(error: unknown, core: CoreFile): unknown {
  if (!(error instanceof LeakscopeError)) return error;
  if (error.code !== 'E_NOT_PYTHON' && error.code !== 'E_UNKNOWN_LAYOUT' && error.code !== 'E_NOT_CPYTHON')
    return error;
  const lacks = (what: string, hint: string): LeakscopeError =>
    new LeakscopeError('E_CORE_FILE', `${core.path} lacks ${what}: ${error.message}`, { hint, cause: error });
  if (core.missing.bytes > 0) return lacks('its end, which was cut off', TRUNCATION_REMEDY);
  const missing = [...core.missingFiles()].sort((a, b) => Number(/python/i.test(b)) - Number(/python/i.test(a)));
  const hint =
    missing.length === 0
      ? undefined
      : `give the folder that holds the files of the process with --sysroot; not here: ${missing.slice(0, 3).join(', ')}`;
  if (error.code === 'E_NOT_PYTHON') {
    return new LeakscopeError('E_NOT_PYTHON', `no Python interpreter was found in ${core.path}`, {
      hint: hint ?? 'it may be the core of another program: file and eu-readelf -n tell',
      cause: error,
    });
  }
  // From 3.13 on the interpreter is found without its file, but what types are called is only there.
  return hint === undefined ? error : lacks('the files of its process', hint);
}
