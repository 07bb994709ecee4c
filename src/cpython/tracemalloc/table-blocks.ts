// The allocator blocks that tracemalloc's own tables are made of: memory that no Python object owns, that grows with
// every traced block, and that is no leak.

import { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import { AddressSet } from '../address-set.ts';
import type { AllocatorMap } from '../allocator-map.ts';
import type { Interpreter } from '../interpreter.ts';
import { NO_FIELD } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import { writableBytes } from '../writable-spans.ts';
import { HashTableReader } from './hash-table.ts';
import { locateByShape, locateTracemalloc, readConfig, readConfigBySymbol } from './tracemalloc-places.ts';

/** A block of malloc is no smaller. */
const LEAST_ENTRY_BYTES = 32;

/** Live blocks of the tables; none where the interpreter does not trace. What is torn is left out. */
export function tracemallocBlocks(image: MemoryImage, interpreter: Interpreter, allocator: AllocatorMap): AddressSet {
  const blocks = new AddressSet(image);
  // Torn tables are the problem of those who read the traces.
  const unsaid = new ProblemLog();
  const { layout } = interpreter;
  const add = (address: Address): void => {
    if (allocator.blocks.has(address)) blocks.add(address);
  };
  const places = tracingPlaces(image, interpreter);
  if (places === undefined) return blocks;
  const tables = new HashTableReader(image, layout);
  const value = layout.at('_Py_hashtable_entry_t.value');
  const key = value === NO_FIELD ? layout.sizeof('_Py_hashtable_entry_t') : layout.need('_Py_hashtable_entry_t.key');
  // Forged tables may share their entries: no more are visited than there is memory for.
  let left = writableBytes(image.regions) / LEAST_ENTRY_BYTES;
  const addTable = (address: Address, visit: (entry: Address) => void): void => {
    const table = tables.open(address);
    if (table === undefined) return;
    add(table.address);
    add(table.buckets);
    tables.forEach(table, unsaid, (entry) => {
      add(entry);
      visit(entry);
      return --left > 0;
    });
  };
  // The keys of a table of traces are the traced blocks, which are not tracemalloc's.
  const addTraces = (address: Address): void =>
    addTable(address, (entry) => {
      if (value !== NO_FIELD) add(image.pointer(entry + value));
    });
  addTraces(image.pointer(places.traces));
  for (const variable of places.keyTables) {
    addTable(variable === 0 ? 0 : image.pointer(variable), (entry) => add(image.pointer(entry + key)));
  }
  if (places.domains !== 0 && value !== NO_FIELD) {
    addTable(image.pointer(places.domains), (entry) => addTraces(image.pointer(entry + value)));
  }
  return blocks;
}

function tracingPlaces(image: MemoryImage, interpreter: Interpreter) {
  const places = locateTracemalloc(image, interpreter);
  if (places !== undefined) {
    return readConfig(image, interpreter.layout, places.config)?.isTracing === true ? places : undefined;
  }
  // The search by shape takes a while: only where something says that it is worth it.
  return readConfigBySymbol(image, interpreter)?.isTracing === true ? locateByShape(image, interpreter) : undefined;
}
