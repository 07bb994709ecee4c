// Explains a process that leakscope cannot read: other implementations of Python, interpreters too old, no Python.

import { type ErrorCode, LeakscopeError } from '../base/errors.ts';
import type { ProblemLog } from '../base/problems.ts';
import type { AddressSpace } from './address-space.ts';
import { mappedFiles } from './memory-maps.ts';
import { type LocatedRuntime, type LocateOptions, locatePythonRuntime, readMappedModule } from './python-runtime.ts';
import { formatVersion, type PythonVersion, versionFromPath } from './python-version.ts';

/** An interpreter that is not read, in a sentence each of why and what works instead. */
export interface UnsupportedPython {
  readonly code: Extract<ErrorCode, 'E_NOT_CPYTHON' | 'E_PYTHON_TOO_OLD'>;
  /** `PyPy 3.10`, `CPython 2.7`. */
  readonly name: string;
  readonly reason: string;
  readonly hint: string;
}

/** The layouts that cpython/layouts/ holds begin here and end there. */
const OLDEST_MINOR = 8;
const NEWEST_MINOR = 15;

/**
 * Whether a process without a readable CPython runs another Python. Called when `locatePythonRuntime` found nothing.
 */
export function findUnsupportedPython(
  space: AddressSpace,
  problems: ProblemLog,
  options: LocateOptions = {},
): UnsupportedPython | undefined {
  for (const file of mappedFiles(space.regions)) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    const other = /^(?:lib)?(pypy|graalpy|pythonvm)(\d+(?:\.\d+)*)?/.exec(name);
    const module = other === null ? readMappedModule(space, file, problems, options.cache) : undefined;
    if (other !== null || module?.implementation === 'PyPy') {
      const isPyPy = other === null || other[1] === 'pypy';
      return otherImplementation(isPyPy ? 'PyPy' : 'GraalPy', other?.[2]);
    }
    if (module?.implementation === 'CPython before 3.7') return tooOld(versionFromPath(file.path));
  }
  return undefined;
}

/** Why a located interpreter's version cannot be read, or undefined when it can, as far as the version tells. */
export function explainVersion(version: PythonVersion | undefined): UnsupportedPython | undefined {
  if (version === undefined || version.major !== 3) return undefined;
  return version.minor < OLDEST_MINOR ? tooOld(version) : undefined;
}

/** Whether the version is newer than any layout known when this was built. */
export function isNewerThanKnown(version: PythonVersion | undefined): boolean {
  return version !== undefined && (version.major > 3 || (version.major === 3 && version.minor > NEWEST_MINOR));
}

/**
 * The CPython of a target. Throws E_NOT_PYTHON, E_NOT_CPYTHON or E_PYTHON_TOO_OLD with what works instead.
 */
export function requirePythonRuntime(
  space: AddressSpace,
  problems: ProblemLog,
  options: LocateOptions = {},
): LocatedRuntime {
  const found = locatePythonRuntime(space, problems, options);
  const unsupported =
    found === undefined ? findUnsupportedPython(space, problems, options) : explainVersion(found.versionHint);
  if (unsupported !== undefined) {
    throw new LeakscopeError(unsupported.code, `${space.name} runs ${unsupported.name}: ${unsupported.reason}`, {
      hint: unsupported.hint,
    });
  }
  if (found === undefined) {
    throw new LeakscopeError('E_NOT_PYTHON', `${space.name} holds no Python interpreter`, {
      hint: 'leakscope ps lists the Python processes of this host',
    });
  }
  return found;
}

function tooOld(version: PythonVersion | undefined): UnsupportedPython {
  return {
    code: 'E_PYTHON_TOO_OLD',
    name: `CPython ${version === undefined ? 'before 3.7' : formatVersion(version)}`,
    reason: `leakscope reads CPython 3.${OLDEST_MINOR} and later`,
    hint: 'objgraph and guppy3 work inside such a program',
  };
}

function otherImplementation(name: string, version: string | undefined): UnsupportedPython {
  return {
    code: 'E_NOT_CPYTHON',
    name: version === undefined ? name : `${name} ${version}`,
    reason: `leakscope reads the heap of CPython, and ${name} lays out its objects differently`,
    hint:
      name === 'PyPy'
        ? 'inside the program, gc.dump_rpy_heap() writes what PyPy holds'
        : 'a heap dump of its Java virtual machine can be read with Eclipse MAT',
  };
}
