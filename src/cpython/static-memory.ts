// Tells the static data of the executable and its libraries (types, singletons, small ints) from the heap.

import type { Address } from '../graph/heap-graph.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { MemoryImage } from './memory-image.ts';
import type { StackExtent } from './stack-memory.ts';

/** Zero-initialised data follows its file's data as anonymous memory; interpreters have less than this of it. */
const BSS_LIMIT = 4 << 20;

export class StaticMemory {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #files: string[] = [];

  /** `frameChunks` are mappings of the interpreter's own, which may follow a file's data too. */
  constructor(image: MemoryImage, allocator: AllocatorMap, frameChunks: readonly StackExtent[] = []) {
    let previousEnd = 0;
    let previousIsData = false;
    let file = '';
    for (const region of image.regions) {
      const isFile = region.path.startsWith('/');
      const isBss =
        region.path === '' && previousIsData && region.start === previousEnd && region.end - region.start < BSS_LIMIT;
      if (isFile) file = region.path.slice(region.path.lastIndexOf('/') + 1);
      if (isFile || isBss) {
        this.#files.push(file);
        this.#starts.push(region.start);
        // What the allocators mapped right behind it looks like more of the same.
        const chunks = frameChunks.filter(({ start }) => start >= region.start && start < region.end);
        const end = chunks.reduce((least, { start }) => Math.min(least, start), region.end);
        this.#ends.push(isFile ? region.end : allocator.firstUseIn(region.start, end));
      }
      previousEnd = region.end;
      previousIsData = isFile && region.writable;
    }
  }

  has(address: Address): boolean {
    return this.#rangeOf(address) >= 0;
  }

  /** Name, without folders, of the file whose data `address` lies in. */
  fileAt(address: Address): string | undefined {
    return this.#files[this.#rangeOf(address)];
  }

  /** End of the static range that `address` lies in; `address` itself where it lies in none. */
  endAt(address: Address): Address {
    return this.#ends[this.#rangeOf(address)] ?? address;
  }

  #rangeOf(address: Address): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#starts[middle]!) high = middle - 1;
      else if (address >= this.#ends[middle]!) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}
