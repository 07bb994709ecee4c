// What queries ask a heap again and again, computed at the first question that needs it and kept for the next.

import { type BitSet, createBitSet, hasBit, setBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import type { Retention } from '../diagnose/retention.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  NodeFlag,
  type NodeIndex,
  packEdgeName,
  qualifiedTypeName,
} from '../graph/heap-graph.ts';
import { buildReferrers, type Referrers } from '../graph/referrers.ts';
import { dottedName, exactOrPattern } from './name-pattern.ts';
import { allNodes, type NodeSelection } from './node-selection.ts';
import { ADDRESS } from './query-syntax.ts';

export class HeapIndex {
  readonly retention: Retention;
  /** Qualified name of each type of the graph. */
  readonly typeNames: readonly string[];
  /** What the edge from an object to its `__dict__` is called. */
  readonly #dictEdge: number;
  #nodes: NodeSelection | undefined;
  #referrers: Referrers | undefined;
  #roots: BitSet | undefined;

  /** `referrers` where they are there already. */
  constructor(retention: Retention, referrers?: Referrers) {
    this.retention = retention;
    this.#referrers = referrers;
    const { types, strings } = retention.graph;
    this.typeNames = types.map(qualifiedTypeName);
    const name = strings.indexOf('__dict__');
    this.#dictEdge = name < 0 ? -1 : packEdgeName(EdgeKind.field, name);
  }

  get nodes(): NodeSelection {
    this.#nodes ??= allNodes(this.retention.graph.nodeCount);
    return this.#nodes;
  }

  get referrers(): Referrers {
    this.#referrers ??= buildReferrers(this.retention.graph);
    return this.#referrers;
  }

  get roots(): BitSet {
    if (this.#roots === undefined) {
      const { graph } = this.retention;
      this.#roots = createBitSet(graph.nodeCount);
      for (const node of graph.roots.nodes) setBit(this.#roots, node);
    }
    return this.#roots;
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
    const types = this.typesNamed(value);
    for (let n = 0; n < graph.nodeCount; n++) if (types[graph.typeOf[n]!] === 1) setBit(found, n);
    return found;
  }

  /** Nodes below the given ones in the dominator tree, these themselves excluded unless one is below another. */
  dominatedBy(tops: BitSet): BitSet {
    const { graph, dominators } = this.retention;
    const { idom, order } = dominators;
    const below = createBitSet(graph.nodeCount);
    for (let i = 1; i < order.length; i++) {
      const node = order[i]!;
      const above = idom[node]!;
      if (above === graph.nodeCount) continue;
      const bit = 1 << (above & 31);
      if (((tops[above >>> 5]! | below[above >>> 5]!) & bit) !== 0) setBit(below, node);
    }
    return below;
  }

  /**
   * Nodes that one of `sources` refers to. An object and its `__dict__` are one: what the dict of a source refers to is
   * the source's, and the dict itself is not another object.
   */
  referentsOf(sources: BitSet): BitSet {
    const { graph } = this.retention;
    const { firstEdge, edgeTargets } = graph;
    const found = createBitSet(graph.nodeCount);
    const own = this.ownNamespaces(sources);
    for (let n = 0; n < graph.nodeCount; n++) {
      if (!hasBit(sources, n) && !hasBit(own, n)) continue;
      for (let e = firstEdge[n]!; e < firstEdge[n + 1]!; e++) setBit(found, edgeTargets[e]!);
    }
    for (let i = 0; i < found.length; i++) found[i]! &= ~own[i]!;
    return found;
  }

  /** The `__dict__` of each of these objects that has one. */
  ownNamespaces(objects: BitSet): BitSet {
    const { graph } = this.retention;
    const found = createBitSet(graph.nodeCount);
    for (let n = 0; n < graph.nodeCount; n++) {
      const namespace = hasBit(objects, n) ? this.#namespaceOf(n) : -1;
      if (namespace >= 0) setBit(found, namespace);
    }
    return found;
  }

  /** Nodes with a reference that `accept` takes, by its edge; of an object and its `__dict__` it is the object that has it. */
  nodesWithEdge(accept: (edge: EdgeIndex) => boolean): BitSet {
    const { graph } = this.retention;
    const { firstEdge, nodeFlags } = graph;
    const found = createBitSet(graph.nodeCount);
    const hasOwn = (node: NodeIndex): boolean => {
      for (let e = firstEdge[node]!; e < firstEdge[node + 1]!; e++) if (accept(e)) return true;
      return false;
    };
    for (let n = 0; n < graph.nodeCount; n++) {
      if ((nodeFlags[n]! & NodeFlag.namespace) !== 0) continue;
      const namespace = this.#namespaceOf(n);
      if (hasOwn(n) || (namespace >= 0 && hasOwn(namespace))) setBit(found, n);
    }
    return found;
  }

  /** Nodes with an attribute, global or variable that the pattern means. */
  nodesWithName(pattern: string): BitSet {
    const { edgeNames, strings } = this.retention.graph;
    const accept = exactOrPattern(pattern);
    const isMeant = Uint8Array.from(strings, (name) => (name !== '' && accept(name) ? 1 : 0));
    return this.nodesWithEdge((edge) => {
      const packed = edgeNames[edge]!;
      return isNamed(packed >>> EDGE_KIND_SHIFT) && isMeant[packed & EDGE_PAYLOAD_MASK] === 1;
    });
  }

  /** -1 without one. A module's namespace is also what its functions call `__globals__`: theirs it is not. */
  #namespaceOf(node: NodeIndex): NodeIndex {
    const { firstEdge, edgeTargets, edgeNames, nodeFlags } = this.retention.graph;
    for (let e = firstEdge[node]!; e < firstEdge[node + 1]!; e++) {
      const target = edgeTargets[e]!;
      if ((nodeFlags[target]! & NodeFlag.namespace) !== 0 && edgeNames[e] === this.#dictEdge) return target;
    }
    return -1;
  }
}

/** Whether the payload of such an edge is a name. */
function isNamed(kind: number): boolean {
  switch (kind) {
    case EdgeKind.attribute:
    case EdgeKind.global:
    case EdgeKind.local:
    case EdgeKind.cell:
    case EdgeKind.field:
      return true;
    default:
      return false;
  }
}
