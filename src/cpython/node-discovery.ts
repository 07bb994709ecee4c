// First walk: finds every object, from the collector's lists, the roots, and the references of what was found;
// learns which dicts are namespaces and which blocks belong to objects.

import type { ProblemLog } from '../base/problems.ts';
import type { Address, EdgeKind } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { DecodeContext } from './decoders/decode-context.ts';
import { visitFrame } from './decoders/execution.ts';
import type { EdgeVisitor, NamespaceKind } from './edge-visitor.ts';
import type { FrameInfo } from './frames.ts';
import type { MemoryImage } from './memory-image.ts';
import { NativeBlockScan } from './native-block-scan.ts';
import type { ObjectDecoder } from './object-decoder.ts';
import type { ObjectTest } from './object-test.ts';
import type { TypeTable } from './type-table.ts';

/** What the first walk learned. */
export interface Discovered {
  readonly nodes: AddressSet;
  /** Dicts whose keys name attributes of an instance, class or function. */
  readonly attributeNamespaces: AddressSet;
  /** Dicts whose keys name a module's variables. */
  readonly globalNamespaces: AddressSet;
  readonly closureTuples: AddressSet;
  /** The code object of each. */
  readonly closures: ClosureList;
  /** Live blocks that are objects or owned buffers. */
  readonly claimed: AddressSet;
  /** The blocks among them that hold the objects themselves. */
  readonly nodeBlocks: AddressSet;
  /** Those that an exact decoder gave to an object; the rest of `claimed` was guessed from pointers. */
  readonly owned: AddressSet;
  /** Raw blocks that an object's own words point at. */
  readonly direct: AddressSet;
  /** Upper bound of the edges the second walk will write. */
  edgeBound: number;
}

/** Pairs in the order they were found. */
export interface ClosureList {
  tuples: Float64Array;
  codes: Float64Array;
  count: number;
}

export class NodeDiscovery implements EdgeVisitor {
  readonly found: Discovered;
  readonly #context: DecodeContext;
  readonly #types: TypeTable;
  readonly #test: ObjectTest;
  readonly #decoder: ObjectDecoder;
  readonly #allocator: AllocatorMap;
  readonly #problems: ProblemLog;
  readonly #native: NativeBlockScan;
  readonly #edgeLimit: number;
  /** Objects found and not yet decoded. */
  #stack: Float64Array = new Float64Array(1 << 16);
  #depth = 0;

  constructor(context: DecodeContext, test: ObjectTest, decoder: ObjectDecoder, allocator: AllocatorMap) {
    const { image, types, problems } = context;
    this.#context = context;
    this.#edgeLimit = edgeLimit(image);
    this.#types = types;
    this.#test = test;
    this.#decoder = decoder;
    this.#allocator = allocator;
    this.#problems = problems;
    this.found = {
      nodes: new AddressSet(image),
      attributeNamespaces: new AddressSet(image),
      globalNamespaces: new AddressSet(image),
      closures: { tuples: new Float64Array(1024), codes: new Float64Array(1024), count: 0 },
      closureTuples: new AddressSet(image),
      claimed: new AddressSet(image),
      nodeBlocks: new AddressSet(image),
      owned: new AddressSet(image),
      direct: new AddressSet(image),
      edgeBound: 0,
    };
    this.#native = new NativeBlockScan(image, allocator, this.found.claimed, this.found, test);
  }

  /** Makes a known object a node and queues it; wild addresses are counted and dropped. */
  reach(object: Address): void {
    this.found.edgeBound++;
    if (object === 0 || this.found.nodes.has(object)) return;
    const index = this.#types.indexOfObject(object);
    if (index < 0 || !this.found.nodes.add(object)) {
      this.#problems.addAt('wild-reference', 'a reference to memory that holds no object was left out', object);
      return;
    }
    const block = this.#allocator.blockOf(object);
    if (block !== 0) {
      this.found.claimed.add(block);
      this.found.nodeBlocks.add(block);
    }
    const type = this.#types.types[index]!;
    if (type.isLeaf) {
      this.#decoder.decode(object, type, this);
      return;
    }
    if (this.#depth === this.#stack.length) this.#stack = doubled(this.#stack);
    this.#stack[this.#depth++] = object;
  }

  /** Makes a running frame a node of its own, so that its locals have a name, and queues what it refers to. */
  reachFrame(frame: FrameInfo): void {
    if (this.#types.indexOfObject(frame.address) >= 0 && this.#test.isObject(frame.address, this.found.nodes)) {
      this.reach(frame.address);
      return;
    }
    // Globals and builtins are borrowed from the frame's function. One more edge: from the thread.
    this.found.nodes.add(frame.address);
    this.found.edgeBound++;
    visitFrame(this.#context, frame, this);
  }

  /** Makes a thread a node. */
  addThread(address: Address): void {
    this.found.nodes.add(address);
  }

  /** Decodes everything queued, and what that reaches. */
  drain(): void {
    while (this.#depth > 0) {
      if (this.found.edgeBound > this.#edgeLimit) {
        this.#depth = 0;
        this.#problems.add('too-many-references', 'more references than the memory can hold: the rest is left out');
        return;
      }
      const object = this.#stack[--this.#depth]!;
      const type = this.#types.ofObject(object);
      if (type !== undefined) this.#decoder.decode(object, type, this);
    }
  }

  edge(target: Address, _kind: EdgeKind, _ordinal: number): void {
    if (target !== 0) this.reach(target);
  }

  named(target: Address, _kind: EdgeKind, _name: Address): void {
    if (target !== 0) this.reach(target);
  }

  namedByCString(target: Address, _kind: EdgeKind, _name: Address): void {
    if (target !== 0) this.reach(target);
  }

  field(target: Address, _field: number): void {
    if (target !== 0) this.reach(target);
  }

  scanned(word: Address, _ordinal: number): void {
    if (this.#test.isObject(word, this.found.nodes)) this.reach(word);
    else this.#native.follow(word, this);
  }

  opaque(word: Address, _ordinal: number): void {
    if (this.#test.isObject(word, this.found.nodes)) this.reach(word);
    else this.#native.claim(word, this);
  }

  buffer(address: Address): void {
    if (address === 0 || !this.#allocator.blocks.has(address)) return;
    this.found.claimed.add(address);
    if (!this.#native.isGuessing) this.found.owned.add(address);
  }

  namespace(dict: Address, kind: NamespaceKind): void {
    if (dict === 0) return;
    (kind === 'global' ? this.found.globalNamespaces : this.found.attributeNamespaces).add(dict);
  }

  closure(tuple: Address, code: Address): void {
    if (!this.found.closureTuples.add(tuple)) return;
    const { closures } = this.found;
    if (closures.count === closures.tuples.length) {
      closures.tuples = doubled(closures.tuples);
      closures.codes = doubled(closures.codes);
    }
    closures.tuples[closures.count] = tuple;
    closures.codes[closures.count++] = code;
  }

  entries(_count: number): void {}
}

/**
 * References take at least a word each, and few words are decoded twice: what claims more is forged, with many objects
 * sharing one table.
 */
export function edgeLimit(image: MemoryImage): number {
  const bytes = image.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
  return bytes / 4;
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(values.length * 2);
  grown.set(values);
  return grown;
}
