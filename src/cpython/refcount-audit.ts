// Holds reference counts against the references that are known: what native code keeps or has lost, by type, and
// where the reader itself must have misread something.
//
// A count above the known references is a surplus. Each reference of it is looked for where native code keeps
// references: the C stacks of threads, the static data of the executable and its libraries, raw memory that no object
// owns. What is found nowhere is lost: a missing Py_DECREF, or a structure nobody could see into. A count below the
// known references is impossible in a live interpreter: an edge is false.

import type { ProblemLog } from '../base/problems.ts';
import {
  type Address,
  EDGE_KIND_SHIFT,
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  RootKind,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { IMMORTAL, type ReferenceCountReader } from './reference-count.ts';

/** Where a reference of a surplus was found. */
export type ReferencePlace =
  /** On a thread's C stack: a call that runs holds it for as long as it runs. */
  | 'call'
  /** In the static data of a file, or in the interpreter's own state. */
  | 'static'
  /** In memory from the allocator that no object owns. */
  | 'memory';

/** Who holds references of a surplus: a place in the process, with a name where it has one. */
export interface NativeHolder {
  readonly place: ReferencePlace;
  /** File name of a library or executable, `interpreter state`; empty where nothing names it. */
  readonly name: string;
}

/** References to objects of one type that one holder accounts for. */
export interface HeldReferences {
  /** Index into the graph's types. */
  readonly type: number;
  readonly holder: NativeHolder;
  readonly references: number;
}

/** An object and how many of its references are lost. */
export interface LostObject {
  readonly address: Address;
  readonly type: number;
  readonly references: number;
}

/** Columns are indexed by type, as the graph's `types`. */
export interface RefcountAudit {
  /** Objects with more references than are known. */
  readonly surplusObjects: Uint32Array;
  /** Their own bytes. */
  readonly surplusBytes: Float64Array;
  /** References that no Python object accounts for. */
  readonly surplusReferences: Float64Array;
  /** The part of them that was found nowhere in native memory either. */
  readonly lostReferences: Float64Array;
  /** Objects that have such references. */
  readonly lostObjects: Uint32Array;
  /** Who accounts for the rest. */
  readonly held: readonly HeldReferences[];
  /** Objects with most lost references, most first. */
  readonly mostLost: readonly LostObject[];
  /** Objects with fewer references than known referrers: misread. */
  readonly deficitObjects: Uint32Array;
  readonly deficitReferences: Float64Array;
  /** The first of them. */
  readonly deficitExamples: readonly Address[];
  /** For types with a surplus that are defined in a file's static data: the file's name. */
  readonly typeFiles: ReadonlyMap<number, string>;
  /** Objects whose counts were compared. */
  readonly audited: number;
  /** Objects left out, whose counts say nothing: immortal ones, and those counted only during collections. */
  readonly uncounted: number;
}

/** Where to look for one kind of native reference: calls back for every word that may be one, and says whose it is. */
export type NativeWords = (visit: (word: Address, holder: NativeHolder) => void) => void;

export interface AuditInput {
  readonly graph: HeapGraph;
  readonly countOf: ReferenceCountReader;
  /** Node at an address, or -1. */
  readonly nodeAt: (word: Address) => NodeIndex;
  /** Name of the file whose static data an address lies in. */
  readonly fileAt: (address: Address) => string | undefined;
  /** Calls back for every known reference that is not counted. */
  readonly borrowed: (visit: (object: Address) => void) => void;
  /** In the order in which they are believed. */
  readonly nativeWords: NativeWords;
}

const MOST_LOST_KEPT = 256;
/** References that an object may have lost without any being known: larger numbers are parts of addresses. */
const OWNERLESS_COUNT_LIMIT = 1 << 16;
const EXAMPLES_KEPT = 3;
/** Pairs of type and holder kept: types times libraries, of which few have anything to do with each other. */
const HELD_LIMIT = 1 << 16;

/** Audits every counted object. O(nodes + edges + words of native memory). */
export function auditReferences(input: AuditInput): RefcountAudit {
  const { graph, countOf } = input;
  const { nodeCount, nodeFlags, typeOf, shallowWords, addresses } = graph;
  const typeCount = graph.types.length;
  const { exact, known } = knownReferences(graph);
  input.borrowed((object) => {
    const node = input.nodeAt(object);
    if (node < 0 || exact[node] === 0) return;
    exact[node]!--;
    known[node]!--;
  });
  const surplus = new Uint32Array(nodeCount);
  const result = {
    surplusObjects: new Uint32Array(typeCount),
    surplusBytes: new Float64Array(typeCount),
    surplusReferences: new Float64Array(typeCount),
    lostReferences: new Float64Array(typeCount),
    lostObjects: new Uint32Array(typeCount),
    deficitObjects: new Uint32Array(typeCount),
    deficitReferences: new Float64Array(typeCount),
  };
  const deficitExamples: Address[] = [];
  let audited = 0;
  let uncounted = 0;
  for (let n = 0; n < nodeCount; n++) {
    if ((nodeFlags[n]! & (NodeFlag.synthetic | NodeFlag.static)) !== 0) continue;
    const count = countOf(addresses[n]!);
    if (count === IMMORTAL) {
      uncounted++;
      continue;
    }
    // The first word of an object that was freed links to the next free block.
    if ((nodeFlags[n]! & NodeFlag.ownerless) !== 0 && count > OWNERLESS_COUNT_LIMIT) continue;
    audited++;
    const type = typeOf[n]!;
    if (exact[n]! > count) {
      result.deficitObjects[type]!++;
      result.deficitReferences[type]! += exact[n]! - count;
      if (deficitExamples.length < EXAMPLES_KEPT) deficitExamples.push(addresses[n]!);
    } else if (count > known[n]!) {
      surplus[n] = Math.min(count - known[n]!, 0xffff_ffff);
      result.surplusObjects[type]!++;
      result.surplusBytes[type]! += shallowWords[n]! * WORD_BYTES;
      result.surplusReferences[type]! += surplus[n]!;
    }
  }
  const held = attribute(input, surplus);
  const mostLost = new MostLost();
  for (let n = 0; n < nodeCount; n++) {
    const lost = surplus[n]!;
    if (lost === 0) continue;
    result.lostObjects[typeOf[n]!]!++;
    result.lostReferences[typeOf[n]!]! += lost;
    mostLost.offer(n, lost);
  }
  return {
    ...result,
    held,
    mostLost: mostLost.list().map(({ node, lost }) => ({
      address: addresses[node]!,
      type: typeOf[node]!,
      references: lost,
    })),
    deficitExamples,
    typeFiles: filesOfTypes(input, result.surplusObjects),
    audited,
    uncounted,
  };
}

function filesOfTypes({ graph, fileAt }: AuditInput, surplusObjects: Uint32Array): Map<number, string> {
  const files = new Map<number, string>();
  graph.types.forEach(({ address }, type) => {
    const file = surplusObjects[type] === 0 ? undefined : fileAt(address);
    if (file !== undefined) files.set(type, file);
  });
  return files;
}

/** By node: references that decoders read for certain, and those with the guessed ones and the interpreter's own. */
function knownReferences(graph: HeapGraph): {
  readonly exact: Uint32Array;
  readonly known: Uint32Array;
} {
  const { nodeCount, firstEdge, edgeTargets, edgeNames, nodeFlags, roots } = graph;
  const exact = new Uint32Array(nodeCount);
  const known = new Uint32Array(nodeCount);
  const interned = internedTables(graph);
  for (let n = 0; n < nodeCount; n++) {
    // The table of interned strings does not count its references.
    if (interned.has(n)) continue;
    // What nothing refers to may be an object that was freed and is kept for reuse: its references are stale.
    const isStale = (nodeFlags[n]! & NodeFlag.ownerless) !== 0;
    for (let e = firstEdge[n]!; e < firstEdge[n + 1]!; e++) {
      const target = edgeTargets[e]!;
      known[target]!++;
      if (!isStale && edgeNames[e]! >>> EDGE_KIND_SHIFT !== EdgeKind.scanned) exact[target]!++;
    }
  }
  for (let row = 0; row < roots.nodes.length; row++) {
    if (roots.kinds[row] !== RootKind.native) known[roots.nodes[row]!]!++;
  }
  return { exact, known };
}

function internedTables({ roots }: HeapGraph): ReadonlySet<NodeIndex> {
  return new Set(roots.nodes.filter((_, row) => roots.kinds[row] === RootKind.interned));
}

/**
 * Counts the objects with fewer references than referrers as a problem. Each of the threads may have been stopped in the
 * middle of a change, which leaves one such object.
 */
export function reportDeficits(audit: RefcountAudit, threads: number, problems: ProblemLog): void {
  const objects = audit.deficitObjects.reduce((sum, count) => sum + count, 0);
  if (objects <= threads) return;
  for (let i = 0; i < objects; i++) {
    const message = 'an object has fewer references than known referrers: the reader misread something';
    const example = audit.deficitExamples[i];
    if (example === undefined) problems.add('fewer-references', message);
    else problems.addAt('fewer-references', message, example);
  }
}

/** Takes from each surplus what is found in native memory; what remains in `surplus` is lost. */
function attribute({ graph, nodeAt, nativeWords }: AuditInput, surplus: Uint32Array): HeldReferences[] {
  const holders: NativeHolder[] = [];
  const holderIds = new Map<NativeHolder, number>();
  const typeCount = graph.types.length;
  const sums = new Map<number, number>();
  nativeWords((word, holder) => {
    const node = nodeAt(word);
    if (node < 0 || surplus[node] === 0) return;
    let id = holderIds.get(holder);
    if (id === undefined) {
      id = holders.length;
      holders.push(holder);
      holderIds.set(holder, id);
    }
    const key = id * typeCount + graph.typeOf[node]!;
    const sum = sums.get(key);
    if (sum === undefined && sums.size >= HELD_LIMIT) return;
    sums.set(key, (sum ?? 0) + 1);
    surplus[node]!--;
  });
  return [...sums]
    .map(([key, references]) => ({
      type: key % typeCount,
      holder: holders[Math.floor(key / typeCount)]!,
      references,
    }))
    .sort((a, b) => b.references - a.references);
}

/** The nodes with the most lost references: a small heap, least first, in two columns. */
class MostLost {
  readonly #nodes = new Uint32Array(MOST_LOST_KEPT);
  readonly #lost = new Float64Array(MOST_LOST_KEPT);
  #count = 0;

  offer(node: NodeIndex, lost: number): void {
    if (this.#count < MOST_LOST_KEPT) {
      let at = this.#count++;
      while (at > 0 && this.#lost[(at - 1) >>> 1]! > lost) {
        this.#move((at - 1) >>> 1, at);
        at = (at - 1) >>> 1;
      }
      this.#put(at, node, lost);
      return;
    }
    if (lost <= this.#lost[0]!) return;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= this.#count) break;
      if (child + 1 < this.#count && this.#lost[child + 1]! < this.#lost[child]!) child++;
      if (this.#lost[child]! >= lost) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, node, lost);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#nodes[from]!, this.#lost[from]!);
  }

  #put(at: number, node: NodeIndex, lost: number): void {
    this.#nodes[at] = node;
    this.#lost[at] = lost;
  }

  list(): { readonly node: NodeIndex; readonly lost: number }[] {
    return Array.from({ length: this.#count }, (_, i) => ({ node: this.#nodes[i]!, lost: this.#lost[i]! })).sort(
      (a, b) => b.lost - a.lost || a.node - b.node,
    );
  }
}
