// Finds the CPython runtime of a process by its symbols, never by file names: `_PyRuntime` in any mapped file.
// Tells version, free-threading and the run-time addresses of the symbols the heap walk starts from.

import type { ProblemLog } from '../base/problems.ts';
import type { PythonRuntimeLocation } from '../cpython/runtime-location.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { AddressSpace } from './address-space.ts';
import {
  type ElfFile,
  elfBuildId,
  elfSection,
  findElfSymbols,
  MACHINE_AARCH64,
  MACHINE_X86_64,
  parseElf,
  readElfVirtual,
} from './elf.ts';
import { loadBias } from './mapped-elf.ts';
import { type MappedFile, type MappedRegion, mappedFiles, regionAt } from './memory-maps.ts';
import { findVersionText, type PythonVersion, versionFromHex, versionFromPath } from './python-version.ts';

/** Where the interpreter of a process lies, and what it is. */
export interface LocatedRuntime extends PythonRuntimeLocation {
  /** PY_VERSION_HEX, exact to the release level, where anything in the process or its files tells it. */
  readonly versionHex: number | undefined;
  /** The same as numbers, or what only the file name tells (`3.9`). */
  readonly versionHint: PythonVersion | undefined;
  /** Built without the GIL: told from 3.13 on, false before. */
  readonly freeThreaded: boolean | undefined;
  /** GNU build-id of the file that holds the runtime, for debug information kept elsewhere. */
  readonly buildId: string | undefined;
}

/** Symbols of interest. The lower-case ones are C statics: only builds that were not stripped have them. */
export const RUNTIME_SYMBOLS = [
  '_PyRuntime',
  'Py_Version',
  'PyBaseObject_Type',
  'PyBytes_Type',
  'PyDict_Type',
  'PyFunction_Type',
  'PyList_Type',
  'PyLong_Type',
  'PyModule_Type',
  'PyTuple_Type',
  'PyType_Type',
  'PyUnicode_Type',
  '_Py_NoneStruct',
  '_PyObject_Arena',
  '_Py_tracemalloc_config',
  'allarenas',
  'arena_map_root',
  'arenas',
  'interned',
  'interned_dict',
  'maxarenas',
  'narenas_currently_allocated',
  'tables_lock',
  'tracemalloc_domains',
  'tracemalloc_filenames',
  'tracemalloc_peak_traced_memory',
  'tracemalloc_traced_memory',
  'tracemalloc_tracebacks',
  'tracemalloc_traces',
  'unused_arena_objects',
  'usable_arenas',
  'usedpools',
] as const;

/** Only interpreters before 3.7 export this; they have no `_PyRuntime`. */
const OLD_RUNTIME_SYMBOL = '_PyGC_generation0';
/** Part of PyPy's embedding interface. */
const PYPY_SYMBOL = 'pypy_main_startup';

/** What one ELF file says, at link-time addresses: the same for every process that maps it. */
export interface PythonModule {
  readonly elf: Omit<ElfFile, 'source'>;
  /** Link-time address of `_PyRuntime`, by symbol or section. */
  readonly runtime: number | undefined;
  readonly symbols: ReadonlyMap<string, number>;
  readonly versionHex: number | undefined;
  readonly buildId: string | undefined;
  /** `none`: the file uses Python, or shares a name with it, and is no interpreter. */
  readonly implementation: 'CPython' | 'CPython before 3.7' | 'PyPy' | 'none';
}

/** Findings by file identity, so that a host full of processes reads each file once. `null`: no Python in it. */
export type PythonModuleCache = Map<string, PythonModule | null>;

export interface LocateOptions {
  readonly cache?: PythonModuleCache;
}

/** Bytes of the debug cookie that starts `_PyRuntime` from 3.13 on, with version and free-threading behind it. */
const COOKIE = Buffer.from('xdebugpy', 'latin1');
const COOKIE_HEAD_BYTES = 24;
/** .data and .bss of an interpreter are below 1 MB; a larger region is a heap that happens to follow. */
const MAX_DATA_SCAN_BYTES = 8 << 20;

/**
 * The interpreter of a target, or undefined when there is none. Of several (a static interpreter that loads a
 * libpython) the executable's own wins, as it does for the dynamic linker.
 */
export function locatePythonRuntime(
  space: AddressSpace,
  problems: ProblemLog,
  options: LocateOptions = {},
): LocatedRuntime | undefined {
  const modules = mappedFiles(space.regions)
    .map((file) => loadModule(space, file, problems, options.cache))
    .filter((module) => module !== undefined);
  const candidates = modules.filter((module) => module.runtime !== undefined && isAlive(module, space));
  if (candidates.length > 1) {
    problems.add('several-runtimes', 'the process holds more than one Python runtime', candidates[1]!.file.path);
  }
  const chosen = candidates[0];
  if (chosen !== undefined) return describe(chosen, modules, space);
  return locateByCookie(modules, space, problems);
}

/** A mapped module with its place in this process. */
interface LoadedModule {
  readonly file: MappedFile;
  readonly module: PythonModule;
  readonly bias: number;
  /** Run-time address. */
  readonly runtime: Address | undefined;
}

function loadModule(
  space: AddressSpace,
  file: MappedFile,
  problems: ProblemLog,
  cache: PythonModuleCache | undefined,
): LoadedModule | undefined {
  const module = readMappedModule(space, file, problems, cache);
  if (module === undefined) return undefined;
  const bias = loadBias({ ...module.elf, source: { readFile: () => undefined } }, file.regions);
  if (bias === undefined) return undefined;
  return { file, module, bias, runtime: module.runtime === undefined ? undefined : module.runtime + bias };
}

/** What a mapped file says about Python, or undefined when it says nothing. */
export function readMappedModule(
  space: AddressSpace,
  file: MappedFile,
  problems: ProblemLog,
  cache?: PythonModuleCache,
): PythonModule | undefined {
  const opened = space.openFile(file);
  if (opened === undefined) return undefined;
  try {
    const known = opened.identity === undefined ? undefined : cache?.get(opened.identity);
    if (known !== undefined) return known ?? undefined;
    const elf = parseElf(opened.source, problems);
    const module = elf === undefined ? undefined : readPythonModule(elf, problems);
    if (opened.identity !== undefined) cache?.set(opened.identity, module ?? null);
    return module;
  } finally {
    opened.close();
  }
}

/** Reads the symbols of one file; undefined when it defines none of them. */
export function readPythonModule(elf: ElfFile, problems?: ProblemLog): PythonModule | undefined {
  const names = [...RUNTIME_SYMBOLS, OLD_RUNTIME_SYMBOL, PYPY_SYMBOL];
  const dynamic = findElfSymbols(elf, names, 'dynamic', problems);
  const section = elfSection(elf, '.PyRuntime');
  // PT_INTERP marks a program: one that exports nothing may still hold the runtime, in its static table.
  const isProgram = elf.type === 2 || elf.segments.some((segment) => segment.type === 3);
  const holdsRuntime = dynamic.has('_PyRuntime') || section !== undefined;
  const found = holdsRuntime || isProgram ? findElfSymbols(elf, names, 'all', problems) : dynamic;
  if (found.size === 0 && section === undefined) return undefined;
  const symbols = new Map<string, number>();
  for (const [name, symbol] of found) symbols.set(name, symbol.address);
  const runtime = symbols.get('_PyRuntime') ?? section?.address;
  const versionAt = symbols.get('Py_Version');
  const versionBytes = versionAt === undefined ? undefined : readElfVirtual(elf, versionAt, 8);
  return {
    elf: { machine: elf.machine, type: elf.type, segments: elf.segments, sections: [] },
    runtime,
    symbols,
    versionHex: versionBytes === undefined ? undefined : Buffer.from(versionBytes).readUInt32LE(0),
    buildId: elfBuildId(elf),
    implementation: implementationOf(runtime, symbols),
  };
}

function implementationOf(
  runtime: number | undefined,
  symbols: ReadonlyMap<string, number>,
): PythonModule['implementation'] {
  if (runtime !== undefined) return 'CPython';
  if (symbols.has(PYPY_SYMBOL)) return 'PyPy';
  return symbols.has(OLD_RUNTIME_SYMBOL) ? 'CPython before 3.7' : 'none';
}

/** A runtime that no one started (a second libpython, loaded for its symbols) is all zero before 3.10. */
function isAlive(module: LoadedModule, space: AddressSpace): boolean {
  if (module.runtime === undefined || architectureOf(module.module) === undefined) return false;
  const head = new Uint8Array(256);
  return space.read(module.runtime, head) > 0 && head.some((byte) => byte !== 0);
}

function architectureOf(module: PythonModule): PythonRuntimeLocation['arch'] | undefined {
  if (module.elf.machine === MACHINE_X86_64) return 'x86-64';
  return module.elf.machine === MACHINE_AARCH64 ? 'aarch64' : undefined;
}

function describe(chosen: LoadedModule, modules: readonly LoadedModule[], space: AddressSpace): LocatedRuntime {
  const runtimeAddress = chosen.runtime!;
  const cookie = readCookie(space, runtimeAddress);
  const pathVersion = versionFromPath(chosen.file.path) ?? versionFromPath(modules[0]?.file.path ?? '');
  let versionHex = cookie?.versionHex ?? chosen.module.versionHex;
  if (versionHex === undefined) {
    versionHex = findVersionText(moduleData(chosen, space), pathVersion?.minor);
  }
  return {
    runtimeAddress,
    versionHex,
    versionHint: versionHex === undefined ? pathVersion : versionFromHex(versionHex),
    freeThreaded: cookie?.freeThreaded ?? (versionHex !== undefined && versionHex < 0x030d0000 ? false : undefined),
    arch: architectureOf(chosen.module)!,
    modulePath: chosen.file.path,
    imageBias: chosen.bias,
    buildId: chosen.module.buildId,
    symbols: runtimeSymbols(chosen, modules),
  };
}

/**
 * Run-time addresses. A program linked to use a variable of libpython directly holds its own copy of it (a copy
 * relocation), and the dynamic linker makes everyone use that one: so the program's definition wins.
 */
function runtimeSymbols(chosen: LoadedModule, modules: readonly LoadedModule[]): Record<string, Address> {
  const symbols: Record<string, Address> = {};
  for (const [name, address] of chosen.module.symbols) symbols[name] = address + chosen.bias;
  const program = modules.find((module) => module.module.elf.type === 2);
  if (program !== undefined && program !== chosen) {
    for (const [name, address] of program.module.symbols) {
      if (name in symbols) symbols[name] = address + program.bias;
    }
  }
  return symbols;
}

/** Writable data of a module and the anonymous region (.bss) right behind it. */
function moduleDataRegions(module: LoadedModule, regions: readonly MappedRegion[]): MappedRegion[] {
  const own = module.file.regions.filter((region) => region.writable && region.readable);
  const end = module.file.regions[module.file.regions.length - 1]!.end;
  const behind = regionAt(regions, end);
  if (behind !== undefined && behind.path === '' && behind.writable) own.push(behind);
  return own;
}

function* moduleData(module: LoadedModule, space: AddressSpace): Generator<Uint8Array> {
  const constants = module.file.regions.filter((region) => region.readable && !region.writable && !region.shared);
  for (const region of [...moduleDataRegions(module, space.regions), ...constants]) {
    const bytes = new Uint8Array(Math.min(region.end - region.start, MAX_DATA_SCAN_BYTES));
    if (space.read(region.start, bytes) > 0) yield bytes;
  }
}

function readCookie(space: AddressSpace, address: Address) {
  const head = Buffer.alloc(COOKIE_HEAD_BYTES);
  if (space.read(address, head) !== COOKIE_HEAD_BYTES || !head.subarray(0, 8).equals(COOKIE)) return undefined;
  const versionHex = head.readUInt32LE(8);
  if (versionHex >>> 24 !== 3) return undefined;
  return { versionHex, freeThreaded: head.readUInt32LE(16) !== 0 };
}

/**
 * Without symbols and sections: the cookie of 3.13 and later, in the data of any mapped program or library.
 * An extension module's data may mention the cookie too, but no version follows it there.
 */
function locateByCookie(
  modules: readonly LoadedModule[],
  space: AddressSpace,
  problems: ProblemLog,
): LocatedRuntime | undefined {
  for (const file of mappedFiles(space.regions)) {
    const known = modules.find((module) => module.file.fileId === file.fileId);
    const stand: LoadedModule = known ?? { file, module: NO_MODULE, bias: file.regions[0]!.start, runtime: undefined };
    for (const region of moduleDataRegions(stand, space.regions)) {
      const bytes = Buffer.alloc(Math.min(region.end - region.start, MAX_DATA_SCAN_BYTES));
      if (space.read(region.start, bytes) === 0) continue;
      for (let at = bytes.indexOf(COOKIE); at >= 0; at = bytes.indexOf(COOKIE, at + 1)) {
        if (at % 8 !== 0 || readCookie(space, region.start + at) === undefined) continue;
        problems.add(
          'runtime-by-cookie',
          'the interpreter has no symbols and was found by its debug cookie',
          file.path,
        );
        const module = { ...stand.module, elf: { ...stand.module.elf, machine: space.machine } };
        return describe({ ...stand, module, runtime: region.start + at }, modules, space);
      }
    }
  }
  return undefined;
}

const NO_MODULE: PythonModule = {
  elf: { machine: 0, type: 0, segments: [], sections: [] },
  runtime: undefined,
  symbols: new Map(),
  versionHex: undefined,
  buildId: undefined,
  implementation: 'none',
};
