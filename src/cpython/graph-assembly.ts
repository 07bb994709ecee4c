// Assembles the columns of a HeapGraph: writes each node's edges, gives nodes flags and labels, drops the scanned edges
// that reference counts refute, and lists the roots, among them what only native code can be holding.

import { createBitSet, hasBit, setBit } from '../base/bitset.ts';
import {
  type Address,
  EDGE_KIND_SHIFT,
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NodeFlag,
  type NodeIndex,
  RootKind,
} from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import { Decoder } from './decoder-registry.ts';
import type { DecodeContext } from './decoders/decode-context.ts';
import { visitFrame } from './decoders/execution.ts';
import { lookUpName } from './dict-lookup.ts';
import { EdgeEmission } from './edge-emission.ts';
import { fieldId } from './edge-visitor.ts';
import type { FrameInfo } from './frames.ts';
import type { InterpreterRoot } from './interpreter-roots.ts';
import type { Discovered } from './node-discovery.ts';
import { type ObjectDecoder, type ObjectRole, PLAIN_ROLE } from './object-decoder.ts';
import type { ObjectTest } from './object-test.ts';
import { IMMORTAL, type ReferenceCountReader } from './reference-count.ts';
import type { StaticMemory } from './static-memory.ts';
import type { StaticHolders } from './static-references.ts';
import type { ThreadInfo } from './thread-state.ts';
import { TypeFlag, type TypeInfo } from './type-table.ts';

export interface AssemblyInput {
  readonly context: DecodeContext;
  readonly decoder: ObjectDecoder;
  readonly allocator: AllocatorMap;
  readonly test: ObjectTest;
  readonly statics: StaticMemory;
  readonly countOf: ReferenceCountReader;
  readonly found: Discovered;
  readonly tracked: AddressSet;
  readonly oldGeneration: AddressSet;
  /** Objects that no known object refers to. */
  readonly ownerless: AddressSet;
  readonly roots: readonly InterpreterRoot[];
  readonly threads: readonly ThreadInfo[];
  readonly staticHolders: StaticHolders;
}

/** Stand for the synthetic types until every real type has its index. */
const THREAD_TYPE = 0xffff_fffe;
const FRAME_TYPE = 0xffff_ffff;

const FRAME = fieldId('frame');
const ATTRIBUTES_ROLE: ObjectRole = { ...PLAIN_ROLE, namespace: 'attribute' };
const GLOBALS_ROLE: ObjectRole = { ...PLAIN_ROLE, namespace: 'global' };
const INTERNED_ROLE: ObjectRole = { ...PLAIN_ROLE, isInternedTable: true };

export class GraphAssembly {
  readonly #input: AssemblyInput;
  readonly #nodeCount: number;
  readonly #addresses: Float64Array;
  readonly #typeOf: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #labelNodes: number[] = [];
  readonly #labelStrings: number[] = [];
  readonly #frames = new Map<Address, FrameInfo>();
  readonly #threads = new Map<Address, ThreadInfo>();
  readonly #internedTables: ReadonlySet<Address>;
  /** Threads, running frames and tables of interned strings, ascending: the few nodes that need a look at the maps. */
  readonly #special: Float64Array;
  #nextSpecial = 0;
  /** By rank in `found.closureTuples`. */
  readonly #closureCodes: Float64Array;

  constructor(input: AssemblyInput) {
    this.#input = input;
    this.#nodeCount = input.found.nodes.freeze();
    this.#addresses = new Float64Array(this.#nodeCount);
    this.#typeOf = new Uint32Array(this.#nodeCount);
    this.#flags = new Uint8Array(this.#nodeCount);
    this.#internedTables = new Set(
      input.roots.filter((root) => root.kind === RootKind.interned).map((root) => root.address),
    );
    for (const thread of input.threads) {
      this.#threads.set(thread.address, thread);
      for (const frame of thread.frames) this.#frames.set(frame.address, frame);
    }
    this.#special = Float64Array.from([
      ...this.#threads.keys(),
      ...this.#frames.keys(),
      ...this.#internedTables,
    ]).sort();
    const { closureTuples, closures } = input.found;
    this.#closureCodes = new Float64Array(closureTuples.freeze());
    for (let i = 0; i < closures.count; i++) {
      this.#closureCodes[closureTuples.rank(closures.tuples[i]!)] = closures.codes[i]!;
    }
  }

  /** Writes all edges, in address order. */
  emit(): EdgeEmission {
    const { found, context, allocator, test } = this.#input;
    const emission = new EdgeEmission(context.image, found, this.#nodeCount, allocator, context.strings, test);
    let node = 0;
    found.nodes.forEach((object) => {
      this.#addresses[node] = object;
      this.#emitNode(emission, node, object);
      node++;
    });
    return emission;
  }

  #emitNode(emission: EdgeEmission, node: NodeIndex, object: Address): void {
    const { context, decoder, allocator, found, tracked, oldGeneration, ownerless, statics } = this.#input;
    const index = context.types.indexOfObject(object);
    let isInternedTable = false;
    while (this.#special[this.#nextSpecial]! < object) this.#nextSpecial++;
    if (this.#special[this.#nextSpecial] === object) {
      isInternedTable = this.#internedTables.has(object);
      if (this.#threads.has(object) || (this.#frames.has(object) && !tracked.has(object))) {
        this.#emitSynthetic(emission, node, object);
        return;
      }
    }
    if (index < 0) {
      this.#emitSynthetic(emission, node, object);
      return;
    }
    const type = context.types.types[index]!;
    this.#typeOf[node] = index;
    const block = allocator.blockOf(object);
    const isStatic = block === 0 && statics.has(object);
    emission.begin(node, block !== 0 ? allocator.sizeOf(block) : isStatic ? 0 : type.basicSize);
    const mayBeNamespace = (type.flags & TypeFlag.dict) !== 0;
    const isGlobals = mayBeNamespace && found.globalNamespaces.has(object);
    const isAttributes = mayBeNamespace && !isGlobals && found.attributeNamespaces.has(object);
    let role = isInternedTable ? INTERNED_ROLE : isGlobals ? GLOBALS_ROLE : isAttributes ? ATTRIBUTES_ROLE : PLAIN_ROLE;
    if (type.decoder === Decoder.tuple) {
      const closure = found.closureTuples.rank(object);
      if (closure >= 0) role = { ...PLAIN_ROLE, closureCode: this.#closureCodes[closure]! };
    }
    if (!emission.isFull) decoder.decode(object, type, emission, role);
    emission.end();
    let flags = 0;
    if (type.isGc && tracked.has(object)) {
      flags |= NodeFlag.tracked;
      if (oldGeneration.has(object)) flags |= NodeFlag.oldGeneration;
    }
    if (isStatic) flags |= NodeFlag.static;
    if (ownerless.has(object)) flags |= NodeFlag.ownerless;
    if (isGlobals || isAttributes) flags |= NodeFlag.namespace;
    this.#flags[node] = flags;
    this.#label(emission, node, object, type);
  }

  #emitSynthetic(emission: EdgeEmission, node: NodeIndex, object: Address): void {
    const { context, found } = this.#input;
    emission.begin(node, 0);
    this.#flags[node] = NodeFlag.synthetic;
    const thread = this.#threads.get(object);
    if (thread !== undefined) {
      this.#typeOf[node] = THREAD_TYPE;
      for (const frame of thread.frames) {
        const target = found.nodes.rank(frame.address);
        if (target >= 0) emission.link(target, EdgeKind.field, FRAME);
      }
      this.#addLabel(emission, node, this.#threadName(thread));
    } else {
      this.#typeOf[node] = FRAME_TYPE;
      const frame = this.#frames.get(object);
      if (frame !== undefined) {
        visitFrame(context, frame, emission);
        this.#addLabel(emission, node, this.#frameName(frame));
      }
    }
    emission.end();
  }

  #threadName(thread: ThreadInfo): string {
    if (thread.name !== undefined) return thread.name;
    return thread.nativeId === 0 ? `0x${thread.threadId.toString(16)}` : `${thread.nativeId}`;
  }

  #frameName(frame: FrameInfo): string {
    const { strings } = this.#input.context;
    const file = strings.read(frame.fileNameAddress, 4096) ?? '?';
    return `${strings.read(frame.qualNameAddress) ?? '?'} (${file.slice(file.lastIndexOf('/') + 1)}:${frame.line})`;
  }

  #addLabel(emission: EdgeEmission, node: NodeIndex, text: string): void {
    this.#labelNodes.push(node);
    this.#labelStrings.push(emission.intern(text));
  }

  /** Modules, classes, functions, generators and frames have names worth showing. */
  #label(emission: EdgeEmission, node: NodeIndex, object: Address, type: TypeInfo): void {
    const { context } = this.#input;
    const { image, layout, strings } = context;
    switch (type.decoder) {
      case Decoder.module: {
        const name = strings.read(image.pointer(object + layout.need('PyModuleObject.md_name')));
        if (name !== undefined) this.#addLabel(emission, node, name);
        break;
      }
      case Decoder.type:
      case Decoder.typeSubtype: {
        const described = context.types.get(object);
        if (described !== undefined) this.#addLabel(emission, node, described.name);
        break;
      }
      case Decoder.function: {
        const name = strings.read(image.pointer(object + layout.need('PyFunctionObject.func_qualname')));
        if (name !== undefined) this.#addLabel(emission, node, name);
        break;
      }
      case Decoder.generator: {
        const name = strings.read(image.pointer(object + layout.need('PyGenObject.gi_qualname')));
        if (name !== undefined) this.#addLabel(emission, node, name);
        break;
      }
      case Decoder.frame: {
        const frame = this.#frames.get(object);
        if (frame !== undefined) this.#addLabel(emission, node, this.#frameName(frame));
        break;
      }
      default:
        return;
    }
    if (type.decoder !== Decoder.generator && type.decoder !== Decoder.frame) this.#flags[node]! |= NodeFlag.code;
  }

  /** Prunes, finds what native code holds, and builds the graph. The emission must not be used afterwards. */
  finish(emission: EdgeEmission): HeapGraph {
    const inDegree = this.#pruneScanned(emission);
    const roots = this.#rootTable(emission, inDegree);
    const types = this.#nameTypes();
    return {
      nodeCount: this.#nodeCount,
      edgeCount: emission.edgeCount,
      addresses: this.#addresses,
      typeOf: this.#typeOf,
      shallowWords: emission.shallowWords,
      entryCounts: emission.entryCounts,
      nodeFlags: this.#flags,
      firstEdge: emission.firstEdge,
      edgeTargets: emission.edgeTargets.subarray(0, emission.edgeCount),
      edgeNames: emission.edgeNames.subarray(0, emission.edgeCount),
      types,
      strings: emission.strings,
      roots,
      labels: { nodes: Uint32Array.from(this.#labelNodes), labels: Uint32Array.from(this.#labelStrings) },
    };
  }

  /**
   * A scanned word may be a borrowed or stale pointer. Where exact edges alone account for every reference of the
   * target, the scanned edge is false and goes. Returns the in-degrees that remain.
   */
  #pruneScanned(emission: EdgeEmission): Uint32Array {
    const { edgeTargets, edgeNames, firstEdge } = emission;
    const nodeCount = this.#nodeCount;
    const exact = new Uint32Array(nodeCount);
    for (let e = 0; e < emission.edgeCount; e++) {
      if (edgeNames[e]! >>> EDGE_KIND_SHIFT !== EdgeKind.scanned) exact[edgeTargets[e]!]!++;
    }
    const isFull = createBitSet(nodeCount);
    for (let n = 0; n < nodeCount; n++) {
      const count = this.#mortalCount(n);
      if (count !== IMMORTAL && exact[n]! >= count) setBit(isFull, n);
    }
    // Compacts in place: the write cursor never passes the read cursor.
    let write = 0;
    let start = 0;
    for (let n = 0; n < nodeCount; n++) {
      const end = firstEdge[n + 1]!;
      for (let e = start; e < end; e++) {
        const target = edgeTargets[e]!;
        if (edgeNames[e]! >>> EDGE_KIND_SHIFT === EdgeKind.scanned) {
          if (hasBit(isFull, target) || target === n) continue;
          exact[target]!++;
        }
        edgeTargets[write] = target;
        edgeNames[write] = edgeNames[e]!;
        write++;
      }
      start = end;
      firstEdge[n + 1] = write;
    }
    emission.edgeCount = write;
    return exact;
  }

  /** Reference count of a node, or IMMORTAL for what is no counted object. */
  #mortalCount(node: NodeIndex): number {
    if ((this.#flags[node]! & NodeFlag.synthetic) !== 0) return IMMORTAL;
    return this.#input.countOf(this.#addresses[node]!);
  }

  #rootTable(emission: EdgeEmission, inDegree: Uint32Array): HeapGraph['roots'] {
    const rows: { node: NodeIndex; kind: RootKind; label: number }[] = [];
    const { found, roots, threads, staticHolders } = this.#input;
    for (const root of roots) {
      const node = found.nodes.rank(root.address);
      if (node >= 0) rows.push({ node, kind: root.kind, label: emission.intern(root.label) });
    }
    for (const thread of threads) {
      const node = found.nodes.rank(thread.address);
      if (node >= 0) rows.push({ node, kind: RootKind.thread, label: emission.intern(this.#threadName(thread)) });
    }
    const native = emission.intern('native code');
    const staticData = emission.intern('static data');
    const nodes: number[] = [];
    const kinds: number[] = [];
    const labels: number[] = [];
    const add = (node: NodeIndex, kind: RootKind, label: number): void => {
      nodes.push(node);
      kinds.push(kind);
      labels.push(label);
    };
    rows.sort((a, b) => a.node - b.node || a.kind - b.kind);
    let next = 0;
    for (let n = 0; n < this.#nodeCount; n++) {
      let isRoot = false;
      for (; next < rows.length && rows[next]!.node === n; next++) {
        add(n, rows[next]!.kind, rows[next]!.label);
        isRoot = true;
      }
      if ((this.#flags[n]! & NodeFlag.static) !== 0) {
        add(n, RootKind.static, staticData);
        continue;
      }
      const count = this.#mortalCount(n);
      // A root's own reference explains one count.
      if (count === IMMORTAL || count <= inDegree[n]! + (isRoot ? 1 : 0)) continue;
      const holder = staticHolders.get(this.#addresses[n]!);
      if (holder === undefined) this.#flags[n]! |= NodeFlag.nativelyHeld;
      add(n, RootKind.native, holder === undefined ? native : emission.intern(holder));
    }
    return { nodes: Uint32Array.from(nodes), kinds: Uint8Array.from(kinds), labels: Uint32Array.from(labels) };
  }

  /** Classes written in Python tell their module in their namespace. */
  #nameTypes(): HeapType[] {
    const { context } = this.#input;
    const { image, layout, strings } = context;
    const dictOffset = layout.need('PyTypeObject.tp_dict');
    const named: HeapType[] = context.types.types.map((type) => {
      if (type.module !== '') return { name: type.name, module: type.module, address: type.address };
      const module = strings.read(lookUpName(image, layout, image.pointer(type.address + dictOffset), '__module__'));
      return { name: type.name, module: module ?? '', address: type.address };
    });
    const threadType = named.length;
    named.push({ name: '<thread>', module: '', address: 0 }, { name: '<frame>', module: '', address: 0 });
    for (let n = 0; n < this.#nodeCount; n++) {
      if (this.#typeOf[n] === THREAD_TYPE) this.#typeOf[n] = threadType;
      else if (this.#typeOf[n] === FRAME_TYPE) this.#typeOf[n] = threadType + 1;
    }
    return named;
  }
}
