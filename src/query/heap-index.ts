// What queries ask a heap again and again, computed at the first question that needs it and kept for the next.

import { type BitSet, createBitSet, difference, hasBit, setBit, setIndices, union } from '../base/bitset.ts';
import { RecentlyUsed } from '../base/recently-used.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import type { Retention } from '../diagnose/retention.ts';
import type { Dominators } from '../graph/dominators.ts';
import {
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  packEdgeName,
  qualifiedTypeName,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { buildReferrers, type Referrers } from '../graph/referrers.ts';
import { type CoarseColumn, coarseColumn } from './coarse-column.ts';
import { edgesInto, edgesNamed, sourcesOf } from './edge-selection.ts';
import { dottedName, exactOrPattern } from './name-pattern.ts';
import { everyNode, type NodeSelection, narrowByMask, narrowByTable, selectionOf } from './node-selection.ts';
import { ADDRESS } from './query-syntax.ts';

/** What may be there already. */
export interface KnownColumns {
  readonly referrers?: Referrers;
  /** All nodes, what retains most first; those above `ORDERED_BELOW` in any order. */
  readonly byRetained?: Uint32Array;
}

/** Bytes, close to 32 GiB: what an order by 32-bit keys of whole words tells apart. */
const ORDERED_BELOW = (2 ** 32 - 2) * WORD_BYTES;

/** Up to this share of all nodes are set one by one sooner than all are looked at. */
const FEW = 1 / 3;

/** Selections by type kept: a bit for each object. */
const TYPES_KEPT = 8;

export class HeapIndex {
  readonly retention: Retention;
  /** Qualified name of each type of the graph. */
  readonly typeNames: readonly string[];
  #nodes: NodeSelection | undefined;
  #referrers: Referrers | undefined;
  readonly #byRetained: Uint32Array | undefined;
  #roots: BitSet | undefined;
  #namespaces: NamespaceOwners | undefined;
  #namespaceNodes: BitSet | undefined;
  #byType: NodesByType | undefined;
  /** Of the types last asked for, by these: a query is refined more often than it is left for another. */
  readonly #ofTypes = new RecentlyUsed<string, BitSet>(TYPES_KEPT);
  readonly #coarse = new Map<Uint32Array, CoarseColumn>();
  #preorder: Preorder | undefined;
  #referrerCounts: Uint32Array | undefined;
  #referentCounts: Uint32Array | undefined;

  constructor(retention: Retention, known: KnownColumns = {}) {
    this.retention = retention;
    this.#referrers = known.referrers;
    this.#byRetained = known.byRetained;
    this.typeNames = retention.graph.types.map(qualifiedTypeName);
  }

  get nodes(): NodeSelection {
    this.#nodes ??= everyNode(this.retention.graph.nodeCount);
    return this.#nodes;
  }

  get referrers(): Referrers {
    this.#referrers ??= buildReferrers(this.retention.graph);
    return this.#referrers;
  }

  get roots(): BitSet {
    const { nodeCount, roots } = this.retention.graph;
    this.#roots ??= selectionOf(nodeCount, roots.nodes);
    return this.#roots;
  }

  /** References to each node. */
  get referrerCounts(): Uint32Array {
    this.#referrerCounts ??= lengthsOf(this.referrers.firstReferrer);
    return this.#referrerCounts;
  }

  /** References that each node has. */
  get referentCounts(): Uint32Array {
    this.#referentCounts ??= lengthsOf(this.retention.graph.firstEdge);
    return this.#referentCounts;
  }

  /** The same column, as it is sooner looked through; `numbers` is one of those of this heap. */
  coarse(numbers: Uint32Array): CoarseColumn {
    let column = this.#coarse.get(numbers);
    if (column === undefined) {
      column = coarseColumn(numbers);
      this.#coarse.set(numbers, column);
    }
    return column;
  }

  /** Those of the types that `accepted` holds 1 for. Shared by all who ask: not to be changed. */
  nodesOfTypes(accepted: Uint8Array): BitSet {
    const types = [...accepted.keys()].filter((type) => accepted[type] === 1);
    return this.#ofTypes.getOrMake(types.join(), () => this.#findOfTypes(accepted, types));
  }

  #findOfTypes(accepted: Uint8Array, types: readonly number[]): BitSet {
    const { graph } = this.retention;
    this.#byType ??= sortByType(graph);
    const { first, nodes } = this.#byType;
    const count = types.reduce((sum, type) => sum + first[type + 1]! - first[type]!, 0);
    if (count > FEW * graph.nodeCount) return narrowByTable(this.nodes, graph.typeOf, accepted);
    const found = createBitSet(graph.nodeCount);
    for (const type of types) {
      for (let i = first[type]!; i < first[type + 1]!; i++) setBit(found, nodes[i]!);
    }
    return found;
  }

  /** Those that retain at least so much, where they are known to be few: most objects retain little more than themselves. */
  retainingAtLeast(bytes: number): BitSet | undefined {
    const order = this.#byRetained;
    if (order === undefined || bytes > ORDERED_BELOW) return undefined;
    const { retained, graph } = this.retention;
    // How many they are: to look at what each retains would cost more than to set its bit.
    let count = 0;
    for (let above = order.length; count < above; ) {
      const middle = (count + above) >>> 1;
      if (retained[order[middle]!]! >= bytes) count = middle + 1;
      else above = middle;
    }
    if (count > FEW * order.length) return undefined;
    const found = createBitSet(graph.nodeCount);
    for (let i = 0; i < count; i++) setBit(found, order[i]!);
    return found;
  }

  /** For each type whether the pattern means it. */
  typesNamed(pattern: string): Uint8Array {
    const accept = dottedName(pattern);
    return Uint8Array.from(this.typeNames, (name) => (accept(name) ? 1 : 0));
  }

  /** Modules, classes, functions, threads and frames that the pattern means. */
  nodesNamed(pattern: string): BitSet {
    const { graph, names } = this.retention;
    const accept = dottedName(pattern);
    const found = createBitSet(graph.nodeCount);
    for (const node of graph.labels.nodes) if (accept(names.nameOf(node))) setBit(found, node);
    for (const type of graph.types) {
      if (type.address === 0 || !accept(qualifiedTypeName(type))) continue;
      const node = indexInAscending(graph.addresses, type.address);
      if (node >= 0) setBit(found, node);
    }
    return found;
  }

  /** What `refers-to:`, `held-by:` and `under:` are about: one object, a module, or all objects of the types meant. */
  nodesMeant(value: string): BitSet {
    const { graph, names } = this.retention;
    const found = createBitSet(graph.nodeCount);
    if (ADDRESS.test(value)) {
      const node = indexInAscending(graph.addresses, Number(value));
      if (node >= 0) setBit(found, node);
      return found;
    }
    const module = names.moduleNode(value);
    if (module !== undefined) setBit(found, module);
    return union(found, this.nodesOfTypes(this.typesNamed(value)));
  }

  /** Nodes below the given ones in the dominator tree, these themselves excluded unless one is below another. */
  dominatedBy(tops: BitSet): BitSet {
    const { graph, dominators, retainedObjects } = this.retention;
    this.#preorder ??= dominatorPreorder(dominators, retainedObjects);
    const { nodes, places } = this.#preorder;
    // Places ascend in a set, whatever the order of nodes.
    const topPlaces = createBitSet(nodes.length);
    for (const top of setIndices(tops)) if (places[top]! !== NO_PLACE) setBit(topPlaces, places[top]!);
    const below = createBitSet(graph.nodeCount);
    let end = 0;
    for (const place of setIndices(topPlaces)) {
      // Below another top, and all that it dominates with it.
      if (place < end) continue;
      end = place + retainedObjects[nodes[place]!]!;
      for (let i = place + 1; i < end; i++) setBit(below, nodes[i]!);
    }
    return below;
  }

  /**
   * Nodes that one of `sources` refers to. An object and its `__dict__` are one: what the dict of a source refers to is
   * the source's, and the dict itself is not another object.
   */
  referentsOf(sources: BitSet): BitSet {
    const { firstEdge, edgeTargets, nodeCount } = this.retention.graph;
    const found = createBitSet(nodeCount);
    const own = this.ownNamespaces(sources);
    for (const node of setIndices(union(sources, own))) {
      for (let e = firstEdge[node]!; e < firstEdge[node + 1]!; e++) setBit(found, edgeTargets[e]!);
    }
    return difference(found, own);
  }

  /** The `__dict__` of each of these objects that has one. */
  ownNamespaces(objects: BitSet): BitSet {
    const { owners, namespaces } = this.#namespaceOwners();
    const found = createBitSet(this.retention.graph.nodeCount);
    for (let i = 0; i < owners.length; i++) if (hasBit(objects, owners[i]!)) setBit(found, namespaces[i]!);
    return found;
  }

  /** Nodes with a reference to one of `targets`; of an object and its `__dict__` it is the object that has it. */
  referrersOf(targets: BitSet): BitSet {
    return this.#ownersOf(edgesInto(this.retention.graph, targets));
  }

  /** Nodes with an attribute, global or variable that the pattern means. */
  nodesWithName(pattern: string): BitSet {
    const { graph } = this.retention;
    const accept = exactOrPattern(pattern);
    const isMeant = Uint8Array.from(graph.strings, (name) => Number(name !== '' && accept(name)));
    return this.#ownersOf(edgesNamed(graph, isMeant));
  }

  /** Nodes that have one of these references; of an object and its `__dict__` it is the object that has it. */
  #ownersOf(edges: BitSet): BitSet {
    const { graph } = this.retention;
    const found = sourcesOf(graph, edges);
    const { owners, namespaces } = this.#namespaceOwners();
    for (let i = 0; i < owners.length; i++) if (hasBit(found, namespaces[i]!)) setBit(found, owners[i]!);
    this.#namespaceNodes ??= narrowByMask(this.nodes, graph.nodeFlags, NodeFlag.namespace);
    return difference(found, this.#namespaceNodes);
  }

  #namespaceOwners(): NamespaceOwners {
    this.#namespaces ??= findNamespaces(this.retention.graph);
    return this.#namespaces;
  }
}

/** Those of type t are `nodes[first[t]] .. nodes[first[t + 1]]`. */
interface NodesByType {
  readonly first: Uint32Array;
  readonly nodes: Uint32Array;
}

function sortByType({ nodeCount, types, typeOf }: HeapGraph): NodesByType {
  const first = new Uint32Array(types.length + 1);
  for (let n = 0; n < nodeCount; n++) first[typeOf[n]! + 1]!++;
  for (let t = 0; t < types.length; t++) first[t + 1]! += first[t]!;
  const next = first.slice();
  const nodes = new Uint32Array(nodeCount);
  for (let n = 0; n < nodeCount; n++) nodes[next[typeOf[n]!]!++] = n;
  return { first, nodes };
}

/** Objects, and beside each its `__dict__`. */
interface NamespaceOwners {
  readonly owners: Uint32Array;
  readonly namespaces: Uint32Array;
}

/** One pass over the edges. A module's namespace is also what its functions call `__globals__`: theirs it is not. */
function findNamespaces({
  nodeCount,
  firstEdge,
  edgeTargets,
  edgeNames,
  nodeFlags,
  strings,
}: HeapGraph): NamespaceOwners {
  const name = strings.indexOf('__dict__');
  const dictEdge = name < 0 ? -1 : packEdgeName(EdgeKind.field, name);
  const owners: NodeIndex[] = [];
  const namespaces: NodeIndex[] = [];
  for (let n = 0, e = 0; n < nodeCount; n++) {
    const end = firstEdge[n + 1]!;
    for (; e < end; e++) {
      const target = edgeTargets[e]!;
      if (edgeNames[e] !== dictEdge || (nodeFlags[target]! & NodeFlag.namespace) === 0) continue;
      owners.push(n);
      namespaces.push(target);
      e = end;
    }
  }
  return { owners: Uint32Array.from(owners), namespaces: Uint32Array.from(namespaces) };
}

/** Reachable nodes, so that what a node dominates follows it without a gap, and where each of them stands. */
interface Preorder {
  readonly nodes: Uint32Array;
  readonly places: Uint32Array;
}

/** Of nodes that are not reachable. */
const NO_PLACE = 0xffffffff;

function dominatorPreorder({ idom, order }: Dominators, retainedObjects: Uint32Array): Preorder {
  const nodes = new Uint32Array(order.length - 1);
  const places = new Uint32Array(idom.length).fill(NO_PLACE);
  // Where the next one that a node dominates will stand; of the super-root, the last entry, from the start on.
  const next = new Uint32Array(idom.length);
  for (let i = 1; i < order.length; i++) {
    const node = order[i]!;
    const above = idom[node]!;
    const place = next[above]!;
    next[above] = place + retainedObjects[node]!;
    next[node] = place + 1;
    nodes[place] = node;
    places[node] = place;
  }
  return { nodes, places };
}

/** Of the ranges that prefix sums begin. */
function lengthsOf(first: Uint32Array): Uint32Array {
  const lengths = new Uint32Array(first.length - 1);
  for (let n = 0; n < lengths.length; n++) lengths[n] = first[n + 1]! - first[n]!;
  return lengths;
}
