// Finds tracemalloc's tables in an interpreter that was stripped of the symbols of its static variables (3.8 to 3.11):
// among all pointers of its writable data, those to a hash table whose entries are traces, and to one of such tables.

import { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import type { Layout } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import type { MemoryRegion } from '../memory-reader.ts';
import type { PythonRuntimeLocation } from '../runtime-location.ts';
import { readAllocationTraces } from './allocation-traces.ts';
import { type HashTable, HashTableReader } from './hash-table.ts';

/** Addresses of the variables. */
export interface FoundTables {
  readonly traces: Address;
  /** 0 where there is none with entries. */
  readonly domains: Address;
  /** Other hash tables beside them: of tracebacks and file names. */
  readonly keyTables: readonly Address[];
}

const WORD = 8;
/** .data and .bss of an interpreter are below 4 MB. */
const BSS_LIMIT = 8 << 20;
/** The static variables of one source file stand together. */
const NEIGHBOUR_BYTES = 256;
/** A program cannot start with fewer allocations. */
const LEAST_TRACES = 16;

/** Undefined where nothing has the shape: it does not trace, or this build keeps the tables elsewhere. */
export function findTablesByShape(
  image: MemoryImage,
  layout: Layout,
  location: PythonRuntimeLocation,
): FoundTables | undefined {
  const tables = new HashTableReader(image, layout);
  let traces: { readonly variable: Address; readonly count: number } | undefined;
  const others: { readonly variable: Address; readonly table: HashTable }[] = [];
  for (const [variable, address] of pointersInData(image, location)) {
    const table = tables.open(address);
    if (table === undefined || table.entryCount === 0 || !hasFunctions(image, layout, address)) continue;
    if (table.entryCount >= LEAST_TRACES && isTableOfTraces(image, layout, address)) {
      if (table.entryCount > (traces?.count ?? 0)) traces = { variable, count: table.entryCount };
    } else others.push({ variable, table });
  }
  if (traces === undefined) return undefined;
  const domains = others.find(({ table }) => isTableOfDomains(image, layout, tables, table));
  const { variable } = traces;
  const keyTables = others.filter(
    (other) => other !== domains && Math.abs(other.variable - variable) <= NEIGHBOUR_BYTES,
  );
  return {
    traces: variable,
    domains: domains?.variable ?? 0,
    keyTables: keyTables.map((other) => other.variable),
  };
}

/** Aligned words of the interpreter's writable data that may be pointers, with their places. */
function* pointersInData(image: MemoryImage, location: PythonRuntimeLocation): Generator<readonly [Address, Address]> {
  for (const { start, end } of dataRegions(image.regions, location.modulePath)) {
    for (let variable = start; variable < end; variable += WORD) {
      const address = image.pointer(variable);
      if (address % WORD === 0 && image.isCopied(address)) yield [variable, address];
    }
  }
}

/** The file's writable mappings and the anonymous one right behind (.bss). */
function dataRegions(regions: readonly MemoryRegion[], path: string): MemoryRegion[] {
  return regions.filter((region, i) => {
    if (!region.writable || !region.readable) return false;
    if (region.path === path) return true;
    const before = regions[i - 1];
    const isBehind = before !== undefined && before.path === path && before.end === region.start;
    return region.path === '' && isBehind && region.end - region.start <= BSS_LIMIT;
  });
}

/** The functions of a table are code; those a table of traces does without are none. */
function hasFunctions(image: MemoryImage, layout: Layout, table: Address): boolean {
  return ['hash_func', 'compare_func'].every((field) => {
    const address = image.pointer(table + layout.need(`_Py_hashtable_t.${field}`));
    return image.regions.some(({ start, end, executable }) => executable && address >= start && address < end);
  });
}

function isTableOfTraces(image: MemoryImage, layout: Layout, traces: Address): boolean {
  // What holds no traces is no problem of the target: the problems are let go.
  const read = readAllocationTraces(image, layout, { traces, domains: 0 }, new ProblemLog());
  return read?.isComplete === true;
}

function isTableOfDomains(image: MemoryImage, layout: Layout, tables: HashTableReader, table: HashTable): boolean {
  const value = layout.at('_Py_hashtable_entry_t.value');
  if (value < 0) return false;
  return tables.forEach(table, new ProblemLog(), (entry) =>
    isTableOfTraces(image, layout, image.pointer(entry + value)),
  );
}
