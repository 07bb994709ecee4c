// Where tracemalloc keeps its variables: in the runtime since 3.12, before that in static variables of the interpreter,
// found by their symbols or, in a stripped build, by the shape of what they point to.

import type { Address } from '../../graph/heap-graph.ts';
import type { Interpreter } from '../interpreter.ts';
import type { Layout } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import type { PythonRuntimeLocation } from '../runtime-location.ts';
import { HashTableReader } from './hash-table.ts';
import { findTablesByShape } from './tables-by-shape.ts';

/** Addresses of variables; 0 for one whose place is not known. */
export interface TracemallocPlaces {
  /** Of the structure that says whether it traces. */
  readonly config: Address;
  /** Of the variables that point to the tables. */
  readonly traces: Address;
  readonly domains: Address;
  /** Of those whose keys are tracebacks and file names. */
  readonly keyTables: readonly Address[];
  readonly tracedMemory: Address;
  readonly peakMemory: Address;
  /** Held while the tables change. */
  readonly tablesLock: Address;
  readonly foundBy: 'runtime' | 'symbols' | 'shape';
}

/** _Py_tracemalloc_config, as far as it is read. */
export interface TracemallocConfig {
  readonly isTracing: boolean;
  /** Frames kept of each stack; meaningless where it does not trace. */
  readonly maxFrames: number;
}

const WORD = 8;
/** Distributors patch the runtime: its parts move by a few words between releases whose layouts are known. */
const DRIFT_BYTES = 64;
/** The interpreter sets tracemalloc up at its start since this version. */
const EARLY_SETUP_MINOR = 13;
const INITIALIZED = 1;
const FINALIZED = 2;
const FRAMES_LIMIT = 65535;

/** Undefined where nothing says whether it traces, which only a copy of the memory may tell (`findByShape`). */
export function locateTracemalloc(image: MemoryImage, interpreter: Interpreter): TracemallocPlaces | undefined {
  const { layout, location, runtimeAddress } = interpreter;
  if (layout.has('_PyRuntimeState.tracemalloc')) return locateInRuntime(image, layout, runtimeAddress);
  return locateBySymbols(location.symbols);
}

/** The same for a stripped interpreter that traces; `image` is a copy of its memory. */
export function locateByShape(image: MemoryImage, interpreter: Interpreter): TracemallocPlaces | undefined {
  const { layout, location } = interpreter;
  if (layout.has('_PyRuntimeState.tracemalloc')) return undefined;
  const found = findTablesByShape(image, layout, location);
  if (found === undefined) return undefined;
  const config = configBySymbol(location);
  return { ...found, config, tracedMemory: 0, peakMemory: 0, tablesLock: 0, foundBy: 'shape' };
}

/** Whether it traces, by a variable that even stripped interpreters export; undefined where they do not. */
export function readConfigBySymbol(
  image: MemoryImage,
  { layout, location }: Interpreter,
): TracemallocConfig | undefined {
  const config = configBySymbol(location);
  return config === 0 ? undefined : readConfig(image, layout, config);
}

/** Undefined where nothing that makes sense stands at `config`. */
export function readConfig(image: MemoryImage, layout: Layout, config: Address): TracemallocConfig | undefined {
  const initialized = image.u32(config + layout.need('_PyTraceMalloc_Config.initialized'));
  const tracing = image.u32(config + layout.need('_PyTraceMalloc_Config.tracing'));
  const maxFrames = image.u32(config + layout.need('_PyTraceMalloc_Config.max_nframe'));
  if (initialized > FINALIZED || tracing > 1) return undefined;
  if (tracing === 1 && (initialized !== INITIALIZED || maxFrames === 0 || maxFrames > FRAMES_LIMIT)) return undefined;
  return { isTracing: tracing === 1, maxFrames };
}

/** Whether a thread is changing the tables: then they are not whole. False where that cannot be told. */
export function areTablesLocked(image: MemoryImage, layout: Layout, { tablesLock }: TracemallocPlaces): boolean {
  if (tablesLock === 0) return false;
  if (layout.has('_tracemalloc_runtime_state.tables_lock._bits')) return (image.u8(tablesLock) & 1) !== 0;
  // A semaphore of the C library: the low half of its first word is how often it may be taken.
  const semaphore = image.pointer(tablesLock);
  return semaphore !== 0 && image.u32(semaphore) === 0;
}

function configBySymbol({ symbols }: PythonRuntimeLocation): Address {
  return symbols._Py_tracemalloc_config ?? 0;
}

function locateBySymbols(symbols: Readonly<Record<string, Address>>): TracemallocPlaces | undefined {
  const config = symbols._Py_tracemalloc_config;
  const traces = symbols.tracemalloc_traces;
  if (config === undefined || traces === undefined) return undefined;
  return {
    config,
    traces,
    domains: symbols.tracemalloc_domains ?? 0,
    keyTables: [symbols.tracemalloc_tracebacks ?? 0, symbols.tracemalloc_filenames ?? 0],
    tracedMemory: symbols.tracemalloc_traced_memory ?? 0,
    peakMemory: symbols.tracemalloc_peak_traced_memory ?? 0,
    tablesLock: symbols.tables_lock ?? 0,
    foundBy: 'symbols',
  };
}

/** Where the layout has it, or the nearest place around where it makes sense. */
function locateInRuntime(image: MemoryImage, layout: Layout, runtime: Address): TracemallocPlaces | undefined {
  const expected = runtime + layout.need('_PyRuntimeState.tracemalloc');
  for (let drift = 0; drift <= DRIFT_BYTES; drift += WORD) {
    for (const state of drift === 0 ? [expected] : [expected + drift, expected - drift]) {
      if (!looksLikeState(image, layout, state)) continue;
      const at = (field: string): Address => state + layout.need(`_tracemalloc_runtime_state.${field}`);
      return {
        config: at('config'),
        traces: at('traces'),
        domains: at('domains'),
        keyTables: [at('tracebacks'), at('filenames')],
        tracedMemory: at('traced_memory'),
        peakMemory: at('peak_traced_memory'),
        tablesLock: at('tables_lock'),
        foundBy: 'runtime',
      };
    }
  }
  return undefined;
}

function looksLikeState(image: MemoryImage, layout: Layout, state: Address): boolean {
  const at = (field: string): Address => state + layout.need(`_tracemalloc_runtime_state.${field}`);
  const config = readConfig(image, layout, at('config'));
  if (config === undefined) return false;
  const table = image.pointer(at('traces'));
  const isSetUp = image.u32(at('config') + layout.need('_PyTraceMalloc_Config.initialized')) === INITIALIZED;
  // Before it is set up, all of it is zero.
  if (!isSetUp) return layout.minor < EARLY_SETUP_MINOR && table === 0;
  return new HashTableReader(image, layout).open(table) !== undefined;
}
