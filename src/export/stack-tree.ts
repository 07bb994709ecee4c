// The dominator tree folded by names into stacks: what profilers draw as a flame graph, with memory in place of time.
// Each byte of the heap stands in exactly one stack: that of the holders that all ways to its object go through.

import type { Dominators } from '../graph/dominators.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  NO_NODE,
  NodeFlag,
  type NodeIndex,
  type RootKind,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { edgeString, type NodeNames } from '../graph/node-names.ts';
import { DEFAULT_ROOT_HANDICAPS } from '../graph/reachability.ts';
import { type NodeTitles, nodeTitles } from './node-titles.ts';
import { ROOT_KIND_TITLES } from './root-kinds.ts';

/** Entry 0 is the root, which has no name; a parent stands before its children. */
export interface StackTree {
  readonly names: readonly string[];
  /** Index into `names` of each entry. */
  readonly nameOf: readonly number[];
  readonly parentOf: readonly number[];
  /** Bytes and objects of the entry itself, without those of its children. */
  readonly bytes: readonly number[];
  readonly objects: readonly number[];
  /** Entries left out, their memory being their parent's, as there were more than the limit. */
  readonly isCut: boolean;
}

export interface StackTreeOptions {
  /** Most entries kept. */
  readonly entriesLimit?: number | undefined;
}

const ENTRIES_LIMIT = 200_000;
/** Deeper stacks are of linked structures; their rest counts for the last frame. */
const DEPTH_LIMIT = 100;

const SHARED = 'several holders';
const UNREACHABLE = 'unreachable';

/** Names of these edges say more than the type they lead to. */
const NAMED_EDGES: ReadonlySet<number> = new Set([EdgeKind.attribute, EdgeKind.global, EdgeKind.local, EdgeKind.cell]);

/**
 * O(nodes + edges) time, 12 bytes per node of scratch. A namespace counts for the object it belongs to, and frames of
 * one name in a row are one: a linked list is not a stack as long as itself.
 */
export function foldDominators(
  graph: HeapGraph,
  dominators: Dominators,
  names: NodeNames,
  options: StackTreeOptions = {},
): StackTree {
  const { nodeCount, nodeFlags, shallowWords } = graph;
  const { idom, order } = dominators;
  const tree = new GrowingTree(options.entriesLimit ?? ENTRIES_LIMIT);
  const frames = frameNames(graph, dominators, names, tree);
  const rootKinds = rootKindOf(graph);
  const entryOf = new Uint32Array(nodeCount + 1);
  for (let i = 1; i < order.length; i++) {
    const node = order[i]!;
    let parent = entryOf[idom[node]!]!;
    if (idom[node] === nodeCount && frames.isUnnamed(node)) {
      const kind = rootKinds.get(node);
      parent = tree.child(0, tree.nameIndex(kind === undefined ? SHARED : ROOT_KIND_TITLES[kind]));
    }
    const isPart = (nodeFlags[node]! & NodeFlag.namespace) !== 0 && idom[node] !== nodeCount;
    const entry = isPart ? parent : tree.child(parent, frames.nameIndex(node));
    entryOf[node] = entry;
    tree.add(entry, shallowWords[node]! * WORD_BYTES);
  }
  if (order.length - 1 < nodeCount) addUnreachable(graph, dominators, tree, frames);
  return tree;
}

class GrowingTree implements StackTree {
  readonly names: string[] = [''];
  readonly nameOf = [0];
  readonly parentOf = [0];
  readonly bytes = [0];
  readonly objects = [0];
  isCut = false;
  readonly #depthOf = [0];
  readonly #indexOfName = new Map<string, number>();
  /** By parent and name, as one number. */
  readonly #children = new Map<number, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  nameIndex(name: string): number {
    let index = this.#indexOfName.get(name);
    if (index === undefined) {
      index = this.names.push(name) - 1;
      this.#indexOfName.set(name, index);
    }
    return index;
  }

  /** The parent's child of this name; the parent itself where it has the name already, or no room is left. */
  child(parent: number, name: number): number {
    if (this.nameOf[parent] === name || this.#depthOf[parent]! >= DEPTH_LIMIT) return parent;
    const key = name * this.#limit + parent;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    if (this.nameOf.length >= this.#limit) {
      this.isCut = true;
      return parent;
    }
    const entry = this.nameOf.push(name) - 1;
    this.parentOf.push(parent);
    this.bytes.push(0);
    this.objects.push(0);
    this.#depthOf.push(this.#depthOf[parent]! + 1);
    this.#children.set(key, entry);
    return entry;
  }

  add(entry: number, bytes: number): void {
    this.bytes[entry]! += bytes;
    this.objects[entry]!++;
  }
}

interface FrameNames {
  /** Index into the tree's names. */
  readonly nameIndex: (node: NodeIndex) => number;
  /** Whether the node has nothing but its type. */
  readonly isUnnamed: (node: NodeIndex) => boolean;
}

/** `module shop.users`, `user_cache (dict)`, `shop.users.User`. */
function frameNames(graph: HeapGraph, dominators: Dominators, names: NodeNames, tree: GrowingTree): FrameNames {
  const titles = nodeTitles(names);
  const holding = holdingNames(graph, dominators);
  const titleIndex = titles.texts.map((text) => tree.nameIndex(text));
  const known = new Map<number, number>();
  const owners = namespaceOwners(graph, titles);
  return {
    isUnnamed: (node) => titles.roleOf[node] === 0 && !owners.has(node),
    nameIndex(node) {
      const owner = owners.get(node);
      if (owner !== undefined) return titleIndex[titles.textOf[owner]!]!;
      const title = titles.textOf[node]!;
      const name = holding[node]!;
      if (titles.roleOf[node] !== 0 || name === NO_NODE) return titleIndex[title]!;
      const key = name * titles.texts.length + title;
      let index = known.get(key);
      if (index === undefined) {
        index = tree.nameIndex(`${graph.strings[name]} (${titles.texts[title]})`);
        known.set(key, index);
      }
      return index;
    },
  };
}

/**
 * Modules, classes and functions by their namespaces: a module's is held by all its functions as well, so that it stands
 * beside the module in the dominator tree, not below it.
 */
function namespaceOwners(graph: HeapGraph, titles: NodeTitles): Map<NodeIndex, NodeIndex> {
  const owners = new Map<NodeIndex, NodeIndex>();
  for (let node = 0; node < graph.nodeCount; node++) {
    if (titles.roleOf[node] === 0) continue;
    for (let edge = graph.firstEdge[node]!; edge < graph.firstEdge[node + 1]!; edge++) {
      const target = graph.edgeTargets[edge]!;
      const isNamespace = (graph.nodeFlags[target]! & NodeFlag.namespace) !== 0;
      if (isNamespace && edgeString(graph, edge) === '__dict__') owners.set(target, node);
    }
  }
  return owners;
}

/** The string of the first named edge from each node's immediate dominator to it; NO_NODE where there is none. */
function holdingNames(graph: HeapGraph, { idom }: Dominators): Uint32Array {
  const { nodeCount, firstEdge, edgeTargets, edgeNames } = graph;
  const names = new Uint32Array(nodeCount).fill(NO_NODE);
  for (let node = 0; node < nodeCount; node++) {
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++) {
      const target = edgeTargets[edge]!;
      if (idom[target] !== node || names[target] !== NO_NODE) continue;
      const packed = edgeNames[edge]!;
      if (NAMED_EDGES.has(packed >>> EDGE_KIND_SHIFT)) names[target] = packed & EDGE_PAYLOAD_MASK;
    }
  }
  return names;
}

/** The kind that explains each root best. */
function rootKindOf({ roots }: HeapGraph): Map<NodeIndex, RootKind> {
  const best = new Map<NodeIndex, RootKind>();
  roots.nodes.forEach((node, row) => {
    const kind = roots.kinds[row] as RootKind;
    const other = best.get(node);
    if (other === undefined || DEFAULT_ROOT_HANDICAPS[kind] < DEFAULT_ROOT_HANDICAPS[other]) best.set(node, kind);
  });
  return best;
}

/** Garbage has no holders: it is listed by what it is. */
function addUnreachable(graph: HeapGraph, { idom }: Dominators, tree: GrowingTree, frames: FrameNames): void {
  const top = tree.child(0, tree.nameIndex(UNREACHABLE));
  for (let node = 0; node < graph.nodeCount; node++) {
    if (idom[node] !== NO_NODE) continue;
    tree.add(tree.child(top, frames.nameIndex(node)), graph.shallowWords[node]! * WORD_BYTES);
  }
}
