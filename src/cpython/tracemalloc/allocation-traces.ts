// The memory blocks that tracemalloc traces, as columns: address, size, domain and traceback of each.

import type { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import type { Layout } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import { writableBytes } from '../writable-spans.ts';
import { type HashTable, HashTableReader } from './hash-table.ts';
import { NO_TRACEBACK, TracebackReader, type Tracebacks } from './traceback-table.ts';

export interface AllocationTraces {
  readonly count: number;
  /** Where each block begins: of an object, before its pre-header. */
  readonly addresses: Float64Array;
  /** As asked for by the program, in bytes. */
  readonly sizes: Float64Array;
  /** 0 for the interpreter's own allocators; extension modules number theirs. */
  readonly domains: Uint32Array;
  /** Index into `tracebacks`. */
  readonly tracebackOf: Uint32Array;
  readonly tracebacks: Tracebacks;
  /** Every table held as many traces as it says, and each could be read. */
  readonly isComplete: boolean;
}

/** Domain of the interpreter's allocators. */
export const DEFAULT_DOMAIN = 0;
/** Larger than any address space of a process. */
const SIZE_LIMIT = 2 ** 47;
/** Key, or key and domain (packed), of a 3.8 entry. */
const POINTER_KEY = 8;
const DOMAIN_KEY = 12;

/** Where the tables lie. */
export interface TraceTables {
  readonly traces: Address;
  /** Tables by domain; 0 where there are none (3.8 keeps the domain in the key). */
  readonly domains: Address;
}

/** Reads every trace of the tables; undefined where there is no table of traces. */
export function readAllocationTraces(
  image: MemoryImage,
  layout: Layout,
  { traces, domains }: TraceTables,
  problems: ProblemLog,
): AllocationTraces | undefined {
  const reader = new TraceReader(image, layout, problems);
  return reader.readTable(traces, DEFAULT_DOMAIN) ? reader.finish(domains) : undefined;
}

/** Where the parts of an entry of a table of traces lie. */
interface EntryShape {
  /** Of the block's address. */
  readonly key: number;
  /** Of the trace, or of the pointer to it. */
  readonly trace: number;
  readonly isInline: boolean;
  /** Of the domain, or -1 where the whole table is of one. */
  readonly domain: number;
}

class TraceReader {
  readonly #image: MemoryImage;
  readonly #layout: Layout;
  readonly #problems: ProblemLog;
  readonly #tables: HashTableReader;
  readonly #tracebacks: TracebackReader;
  readonly #size: number;
  readonly #traceback: number;
  /** No more traces than fit into the memory, however often forged tables share them. */
  readonly #limit: number;
  #count = 0;
  #addresses = new Float64Array(0);
  #sizes = new Float64Array(0);
  #domains = new Uint32Array(0);
  #tracebackOf = new Uint32Array(0);
  #isComplete = true;

  constructor(image: MemoryImage, layout: Layout, problems: ProblemLog) {
    this.#image = image;
    this.#layout = layout;
    this.#problems = problems;
    this.#tables = new HashTableReader(image, layout);
    this.#tracebacks = new TracebackReader(image, layout, problems);
    this.#size = layout.need('trace_t.size');
    this.#traceback = layout.need('trace_t.traceback');
    this.#limit = writableBytes(image.regions) / layout.sizeof('trace_t');
  }

  /** Adds the traces of a table; false where it is none. */
  readTable(address: Address, domain: number): boolean {
    const table = this.#tables.open(address);
    const shape = table === undefined ? undefined : entryShape(this.#layout, table);
    if (table === undefined || shape === undefined) return false;
    if (this.#count + table.entryCount > this.#limit) {
      this.#problems.addAt('trace-table-size', 'tables have more traces than there is memory', address);
      this.#isComplete = false;
      return true;
    }
    this.#reserve(table.entryCount);
    const isWhole = this.#tables.forEach(table, this.#problems, (entry) => {
      const trace = shape.isInline ? entry + shape.trace : this.#image.pointer(entry + shape.trace);
      const ofBlock = shape.domain < 0 ? domain : this.#image.u32(entry + shape.domain);
      this.#add(this.#image.u64(entry + shape.key), ofBlock, trace);
      return true;
    });
    this.#isComplete &&= isWhole;
    return true;
  }

  /** All that was read, and the tables of other domains. */
  finish(domains: Address): AllocationTraces {
    this.#readDomains(domains);
    return {
      count: this.#count,
      addresses: this.#addresses.slice(0, this.#count),
      sizes: this.#sizes.slice(0, this.#count),
      domains: this.#domains.slice(0, this.#count),
      tracebackOf: this.#tracebackOf.slice(0, this.#count),
      tracebacks: this.#tracebacks.finish(),
      isComplete: this.#isComplete,
    };
  }

  #readDomains(address: Address): void {
    const table = address === 0 ? undefined : this.#tables.open(address);
    if (table === undefined) return;
    const key = this.#layout.need('_Py_hashtable_entry_t.key');
    const value = this.#layout.need('_Py_hashtable_entry_t.value');
    const isWhole = this.#tables.forEach(table, this.#problems, (entry) => {
      const isTable = this.readTable(this.#image.pointer(entry + value), this.#image.u32(entry + key));
      if (!isTable) this.#problems.addAt('trace-domain', 'the table of a domain could not be read', entry);
      this.#isComplete &&= isTable;
      // More traces than memory: so will the next table have.
      return this.#count <= this.#limit;
    });
    this.#isComplete &&= isWhole;
  }

  #add(block: Address, domain: number, trace: Address): void {
    const size = this.#image.u64(trace + this.#size);
    const traceback = this.#tracebacks.indexOf(this.#image.pointer(trace + this.#traceback));
    if (trace === 0 || size > SIZE_LIMIT || traceback === NO_TRACEBACK) {
      this.#problems.addAt('trace-unreadable', 'a trace of tracemalloc could not be read', trace);
      this.#isComplete = false;
      return;
    }
    this.#addresses[this.#count] = block;
    this.#sizes[this.#count] = size;
    this.#domains[this.#count] = domain;
    this.#tracebackOf[this.#count++] = traceback;
  }

  #reserve(more: number): void {
    const room = this.#count + more;
    if (room <= this.#sizes.length) return;
    const addresses = new Float64Array(room);
    addresses.set(this.#addresses);
    const sizes = new Float64Array(room);
    sizes.set(this.#sizes);
    const domains = new Uint32Array(room);
    domains.set(this.#domains);
    const tracebackOf = new Uint32Array(room);
    tracebackOf.set(this.#tracebackOf);
    this.#addresses = addresses;
    this.#sizes = sizes;
    this.#domains = domains;
    this.#tracebackOf = tracebackOf;
  }
}

/** Undefined where the table's entries are no traces. */
function entryShape(layout: Layout, { keySize, dataSize }: HashTable): EntryShape | undefined {
  if (layout.has('_Py_hashtable_entry_t.value')) {
    return {
      key: layout.need('_Py_hashtable_entry_t.key'),
      trace: layout.need('_Py_hashtable_entry_t.value'),
      isInline: false,
      domain: -1,
    };
  }
  if (dataSize !== layout.sizeof('trace_t') || (keySize !== POINTER_KEY && keySize !== DOMAIN_KEY)) return undefined;
  // Key and data stand behind the head of the entry.
  const key = layout.sizeof('_Py_hashtable_entry_t');
  return { key, trace: key + keySize, isInline: true, domain: keySize === DOMAIN_KEY ? key + POINTER_KEY : -1 };
}
