// Second walk: writes the edges of every node in address order, with names, sizes and entry counts.

import {
  type Address,
  type EdgeKind,
  EdgeKind as Kind,
  NOT_A_CONTAINER,
  packEdgeName,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import { type EdgeVisitor, FIELD_NAMES, type NamespaceKind } from './edge-visitor.ts';
import type { MemoryImage } from './memory-image.ts';
import { NativeBlockScan } from './native-block-scan.ts';
import { type Discovered, edgeLimit } from './node-discovery.ts';
import type { ObjectTest } from './object-test.ts';
import type { StringReader } from './python-string.ts';

/** Grows an edge column; the first walk's count is normally enough. */
const GROWTH = 1.5;
const WORDS_LIMIT = 0xffff_ffff;
/** What Python accepts as a name. Other keys of namespaces (`globals()['any text']`) are values of the program's data. */
const IDENTIFIER = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;
const NO_IDENTIFIER = 0xffff_ffff;

/** Buffers that nodes own, in the order they were found: pairs of a block's address and its owner. */
export interface OwnedBuffers {
  addresses: Float64Array;
  owners: Uint32Array;
  count: number;
}

export class EdgeEmission implements EdgeVisitor {
  readonly buffers: OwnedBuffers = { addresses: new Float64Array(1024), owners: new Uint32Array(1024), count: 0 };
  readonly strings: string[] = [...FIELD_NAMES];
  readonly claimed: AddressSet;
  readonly shallowWords: Uint32Array;
  readonly entryCounts: Uint32Array;
  readonly firstEdge: Uint32Array;
  edgeTargets: Uint32Array;
  edgeNames: Uint32Array;
  edgeCount = 0;
  readonly #nodes: AddressSet;
  readonly #allocator: AllocatorMap;
  readonly #edgeLimit: number;
  readonly #image: MemoryImage;
  readonly #names: StringReader;
  readonly #native: NativeBlockScan;
  /** StringIndex of each node that served as a name; 0 when it has not, NO_IDENTIFIER when it could not. */
  readonly #stringOfNode: Uint32Array;
  readonly #stringIds = new Map<string, number>(FIELD_NAMES.map((name, i) => [name, i]));
  readonly #cNames = new Map<Address, number>();
  #node = 0;
  #words = 0;

  constructor(
    image: MemoryImage,
    found: Discovered,
    nodeCount: number,
    allocator: AllocatorMap,
    names: StringReader,
    test: ObjectTest,
  ) {
    this.#image = image;
    this.#nodes = found.nodes;
    this.#edgeLimit = edgeLimit(image);
    this.#allocator = allocator;
    this.#names = names;
    // No scan may take an object's block for a raw buffer.
    this.claimed = found.nodeBlocks;
    this.#native = new NativeBlockScan(image, allocator, this.claimed, found, test);
    this.shallowWords = new Uint32Array(nodeCount);
    this.entryCounts = new Uint32Array(nodeCount).fill(NOT_A_CONTAINER);
    this.firstEdge = new Uint32Array(nodeCount + 1);
    this.#stringOfNode = new Uint32Array(nodeCount);
    this.edgeTargets = new Uint32Array(found.edgeBound);
    this.edgeNames = new Uint32Array(found.edgeBound);
  }

  /** Starts the edges of the next node; nodes come in ascending order. `ownBytes` is the size of its own block. */
  begin(node: number, ownBytes: number): void {
    this.#node = node;
    this.#words = Math.ceil(ownBytes / WORD_BYTES);
    this.firstEdge[node] = this.edgeCount;
  }

  end(): void {
    this.shallowWords[this.#node] = Math.min(this.#words, WORDS_LIMIT);
    this.firstEdge[this.#node + 1] = this.edgeCount;
  }

  edge(target: Address, kind: EdgeKind, ordinal: number): void {
    if (target === 0) return;
    const index = this.#nodes.rank(target);
    if (index >= 0) this.#write(index, packEdgeName(kind, ordinal));
  }

  named(target: Address, kind: EdgeKind, name: Address, ordinal = 0): void {
    if (target === 0) return;
    const index = this.#nodes.rank(target);
    if (index < 0) return;
    if (kind === Kind.attribute || kind === Kind.global) {
      const id = this.#identifierOf(name);
      this.#write(index, id === NO_IDENTIFIER ? packEdgeName(Kind.value, ordinal) : packEdgeName(kind, id));
    } else this.#write(index, packEdgeName(kind, this.#nameOf(name)));
  }

  namedByCString(target: Address, kind: EdgeKind, name: Address): void {
    const index = this.#nodes.rank(target);
    if (index < 0) return;
    let id = this.#cNames.get(name);
    if (id === undefined) {
      id = this.intern(this.#image.cString(name) ?? '');
      this.#cNames.set(name, id);
    }
    this.#write(index, packEdgeName(kind, id));
  }

  field(target: Address, field: number): void {
    if (target === 0) return;
    const index = this.#nodes.rank(target);
    if (index >= 0) this.#write(index, packEdgeName(Kind.field, field));
  }

  scanned(word: Address, ordinal: number): void {
    const index = this.#nodes.rank(word);
    if (index >= 0) this.#write(index, packEdgeName(Kind.scanned, ordinal));
    else this.#native.follow(word, this);
  }

  opaque(word: Address, ordinal: number): void {
    const index = this.#nodes.rank(word);
    if (index >= 0) this.#write(index, packEdgeName(Kind.scanned, ordinal));
    else this.#native.claim(word, this);
  }

  buffer(address: Address): void {
    if (address === 0 || !this.#allocator.blocks.has(address) || !this.claimed.add(address)) return;
    this.#words += this.#allocator.sizeOf(address) / WORD_BYTES;
    const { buffers } = this;
    if (buffers.count === buffers.addresses.length) {
      const addresses = new Float64Array(buffers.count * 2);
      addresses.set(buffers.addresses);
      buffers.addresses = addresses;
      const owners = new Uint32Array(buffers.count * 2);
      owners.set(buffers.owners);
      buffers.owners = owners;
    }
    buffers.addresses[buffers.count] = address;
    buffers.owners[buffers.count++] = this.#node;
  }

  namespace(_dict: Address, _kind: NamespaceKind): void {}

  closure(_tuple: Address, _code: Address): void {}

  entries(count: number): void {
    this.entryCounts[this.#node] = count;
  }

  /** StringIndex of a text. */
  intern(text: string): number {
    let id = this.#stringIds.get(text);
    if (id === undefined) {
      id = this.strings.length;
      this.strings.push(text);
      this.#stringIds.set(text, id);
    }
    return id;
  }

  /** Writes an edge between two nodes given by index. */
  link(target: number, kind: EdgeKind, payload: number): void {
    this.#write(target, packEdgeName(kind, payload));
  }

  /** StringIndex of the name held by the str object at `name`; 0 when it is none. */
  #nameOf(name: Address): number {
    const node = this.#nodes.rank(name);
    if (node < 0) return this.intern(this.#names.read(name) ?? '');
    const known = this.#stringOfNode[node]!;
    if (known !== 0 && known !== NO_IDENTIFIER) return known;
    const text = this.#names.read(name) ?? '';
    const id = this.intern(text);
    // `.0`, the argument of a comprehension, is a name of a local only: a key of that text must not find it here.
    if (IDENTIFIER.test(text)) this.#stringOfNode[node] = id;
    return id;
  }

  /** StringIndex of the identifier at `name`; NO_IDENTIFIER for any other text, which is never kept. */
  #identifierOf(name: Address): number {
    const node = this.#nodes.rank(name);
    const known = node < 0 ? 0 : this.#stringOfNode[node]!;
    if (known !== 0) return known;
    const text = this.#names.read(name) ?? '';
    const id = IDENTIFIER.test(text) ? this.intern(text) : NO_IDENTIFIER;
    if (node >= 0) this.#stringOfNode[node] = id;
    return id;
  }

  /** Whether the graph has as many edges as the memory can hold; what follows is forged, and not worth decoding. */
  get isFull(): boolean {
    return this.edgeCount > this.#edgeLimit;
  }

  #write(target: number, name: number): void {
    if (this.isFull) return;
    if (this.edgeCount === this.edgeTargets.length) this.#grow();
    this.edgeTargets[this.edgeCount] = target;
    this.edgeNames[this.edgeCount] = name;
    this.edgeCount++;
  }

  #grow(): void {
    const length = Math.ceil(this.edgeTargets.length * GROWTH) + 1024;
    const targets = new Uint32Array(length);
    targets.set(this.edgeTargets);
    this.edgeTargets = targets;
    const names = new Uint32Array(length);
    names.set(this.edgeNames);
    this.edgeNames = names;
  }
}
