// Attaches to the CPython runtime in a memory image: picks the layout, checks it, and lists the interpreters.
// What lies inside them is read by collector-state.ts, thread-state.ts and interpreter-roots.ts.

import { LeakscopeError } from '../base/errors.ts';
import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { type InterpreterState, listInterpreters } from './interpreter-state.ts';
import type { Layout } from './layout.ts';
import { selectLayout } from './layout-selection.ts';
import type { MemoryImage } from './memory-image.ts';
import type { PythonRuntimeLocation } from './runtime-location.ts';
import { readHexVersion } from './self-check.ts';

/** The CPython of a target. */
export interface Interpreter {
  readonly layout: Layout;
  /** `3.12.1`, `3.14.0rc2`: the target's own version, which may differ from the layout's in the last number. */
  readonly versionText: string;
  readonly versionHex: number;
  /** Of `_PyRuntime`. */
  readonly runtimeAddress: Address;
  readonly location: PythonRuntimeLocation;
  /** The main interpreter, then the sub-interpreters; never empty. */
  readonly interpreters: readonly InterpreterState[];
}

/**
 * The interpreter whose runtime is at `location`, from copied or live memory.
 * Throws E_NOT_CPYTHON, E_PYTHON_TOO_OLD or E_UNKNOWN_LAYOUT, each saying why and what would work.
 */
export function attachInterpreter(
  image: MemoryImage,
  location: PythonRuntimeLocation,
  problems: ProblemLog,
): Interpreter {
  const layout = selectLayout(image, location);
  const interpreters = listInterpreters(image, layout, location.runtimeAddress, problems);
  const main = interpreters[0];
  if (main === undefined) {
    throw new LeakscopeError('E_NOT_CPYTHON', `no Python interpreter runs in ${location.modulePath}`, {
      hint: 'it is starting or has shut down; try again once the program runs',
    });
  }
  const versionHex = readHexVersion(image, main) ?? location.versionHex ?? layout.versionHex;
  return {
    layout,
    versionText: versionText(versionHex),
    versionHex,
    runtimeAddress: location.runtimeAddress,
    location,
    interpreters,
  };
}

const RELEASE_LEVELS: Readonly<Record<number, string>> = { 10: 'a', 11: 'b', 12: 'rc' };

/** `3.14.0rc2` from PY_VERSION_HEX: a byte each of major, minor and micro, then level and serial. */
function versionText(hex: number): string {
  const level = RELEASE_LEVELS[(hex >>> 4) & 0xf];
  const release = `${hex >>> 24}.${(hex >>> 16) & 0xff}.${(hex >>> 8) & 0xff}`;
  return level === undefined ? release : `${release}${level}${hex & 0xf}`;
}
