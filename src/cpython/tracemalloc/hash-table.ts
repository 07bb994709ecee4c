// Walks the hash tables of CPython's own C code (_Py_hashtable_t), as tracemalloc uses them. Buckets are chains of
// entries; what an entry holds is read by those who know the table. A torn or forged table ends the walk, with a problem.

import type { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import type { Layout } from '../layout.ts';
import { LoopGuard } from '../loop-guard.ts';
import type { MemoryImage } from '../memory-image.ts';
import { writableBytes } from '../writable-spans.ts';

/** A table whose head makes sense. */
export interface HashTable {
  readonly address: Address;
  readonly entryCount: number;
  readonly bucketCount: number;
  readonly buckets: Address;
  /** Bytes of a key, and of the data behind it in the entry; 3.8 only: later entries hold two pointers. */
  readonly keySize: number;
  readonly dataSize: number;
}

const WORD = 8;
/** HASHTABLE_MIN_SIZE of CPython's sources. */
const LEAST_BUCKETS = 16;
const POINTER_KEY = 8;

export class HashTableReader {
  readonly #image: MemoryImage;
  readonly #entryCount: number;
  readonly #bucketCount: number;
  readonly #buckets: number;
  readonly #keySize: number;
  readonly #dataSize: number;
  readonly #next: number;
  readonly #writableBytes: number;
  readonly #guard = new LoopGuard();

  constructor(image: MemoryImage, layout: Layout) {
    this.#image = image;
    const sized = layout.has('_Py_hashtable_t.num_buckets');
    this.#entryCount = layout.need(`_Py_hashtable_t.${sized ? 'entries' : 'nentries'}`);
    this.#bucketCount = layout.need(`_Py_hashtable_t.${sized ? 'num_buckets' : 'nbuckets'}`);
    this.#buckets = layout.need('_Py_hashtable_t.buckets');
    this.#keySize = layout.at('_Py_hashtable_t.key_size');
    this.#dataSize = layout.at('_Py_hashtable_t.data_size');
    this.#next = layout.need('_Py_hashtable_entry_t._Py_slist_item.next');
    this.#writableBytes = writableBytes(image.regions);
  }

  /** The table at `address`; undefined where no table can be. */
  open(address: Address): HashTable | undefined {
    const image = this.#image;
    if (address === 0 || address % WORD !== 0) return undefined;
    const bucketCount = image.u64(address + this.#bucketCount);
    if (bucketCount < LEAST_BUCKETS || bucketCount * WORD > this.#writableBytes) return undefined;
    if (!Number.isInteger(Math.log2(bucketCount))) return undefined;
    // Tables grow before they are half full.
    const entryCount = image.u64(address + this.#entryCount);
    if (entryCount > bucketCount) return undefined;
    const buckets = image.pointer(address + this.#buckets);
    if (buckets % WORD !== 0 || image.bytes(buckets, WORD) === undefined) return undefined;
    if (image.bytes(buckets + (bucketCount - 1) * WORD, WORD) === undefined) return undefined;
    return {
      address,
      entryCount,
      bucketCount,
      buckets,
      keySize: this.#keySize < 0 ? POINTER_KEY : image.u64(address + this.#keySize),
      dataSize: this.#dataSize < 0 ? 0 : image.u64(address + this.#dataSize),
    };
  }

  /**
   * Calls `visit` with the address of each entry, until it answers false. Returns whether the table held as many entries
   * as it says: false where `visit` ended the walk.
   */
  forEach(table: HashTable, problems: ProblemLog, visit: (entry: Address) => boolean): boolean {
    const image = this.#image;
    let count = 0;
    for (let bucket = 0; bucket < table.bucketCount; bucket++) {
      let entry = image.pointer(table.buckets + bucket * WORD);
      if (entry === 0) continue;
      this.#guard.start(0);
      while (entry !== 0) {
        if (++count > table.entryCount || this.#guard.isLoop(entry)) {
          problems.addAt('hash-table-torn', 'a hash table holds other entries than it says', table.address);
          return false;
        }
        if (!visit(entry)) return false;
        entry = image.pointer(entry + this.#next);
      }
    }
    if (count === table.entryCount) return true;
    problems.addAt('hash-table-torn', 'a hash table holds other entries than it says', table.address);
    return false;
  }
}
