// What an object (or the whole heap) keeps alive, as a tree for an icicle or a treemap: the large parts of the dominator
// tree down to a few levels. Small children of one type are drawn together, the rest as one.

import { type DominatorTree, largestChildren } from '../graph/dominator-tree.ts';
import { type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import type { RetainedTree } from '../protocol/web/heap-views.ts';
import { type AnalysedHeap, addressOf, namespaceOwner, typeNameOf } from './analysed-heap.ts';
import { nameOfEdge } from './object-rows.ts';

const LEVELS = 6;
/** Children drawn of their own, and types drawn together, of one node. */
const CHILDREN_SHOWN = 12;
const TYPES_SHOWN = 6;
/** Less than this share of the whole cannot be seen. */
const LEAST_SHARE = 0.002;
/** Nodes of the tree in all. */
const NODES_LIMIT = 1_000;

/** Below `node`; of everything that is reachable where it is undefined. */
export function retainedTree(heap: AnalysedHeap, node: NodeIndex | undefined): RetainedTree {
  const top = node ?? heap.tree.superRoot;
  const budget = { left: NODES_LIMIT, least: heap.retained[top]! * LEAST_SHARE };
  const children = childrenOf(heap, top, LEVELS, budget);
  if (node !== undefined) return { ...describe(heap, node, ''), children };
  return {
    name: 'all reachable objects',
    type: '',
    objects: heap.retainedObjects[top]!,
    retained_bytes: heap.retained[top]!,
    children,
  };
}

interface Budget {
  left: number;
  readonly least: number;
}

function childrenOf(heap: AnalysedHeap, node: NodeIndex, levels: number, budget: Budget): RetainedTree[] {
  const { tree, retained } = heap;
  if (levels === 0 || childCount(tree, node) === 0) return [];
  const largest = largestChildren(tree, node, retained, CHILDREN_SHOWN).filter(
    (child) => retained[child]! >= budget.least && budget.left-- > 0,
  );
  const names = namesBelow(heap, node, largest);
  const drawn = largest.map((child) => ({
    ...describe(heap, child, names.get(child) ?? ''),
    children: childrenOf(heap, child, levels - 1, budget),
  }));
  return [...drawn, ...togetherByType(heap, node, new Set(largest), budget)];
}

function describe(heap: AnalysedHeap, node: NodeIndex, name: string): Omit<RetainedTree, 'children'> {
  const { graph } = heap;
  const type = typeNameOf(graph, node);
  return {
    name: givenName(heap, namespaceOwner(heap, node) ?? node) ?? (name || type),
    type,
    address: addressOf(graph, node),
    objects: heap.retainedObjects[node]!,
    retained_bytes: heap.retained[node]!,
  };
}

/** Of modules, classes, functions, threads and frames. */
function givenName({ names }: AnalysedHeap, node: NodeIndex): string | undefined {
  return names.roleOf(node) === 'object' ? undefined : `${names.wordOf(node)} ${names.nameOf(node)}`;
}

/** What the node calls these children. */
function namesBelow(
  heap: AnalysedHeap,
  node: NodeIndex,
  children: readonly NodeIndex[],
): ReadonlyMap<NodeIndex, string> {
  const { graph } = heap;
  const names = new Map<NodeIndex, string>();
  if (node === heap.tree.superRoot) return names;
  const wanted = new Set(children);
  const end = graph.firstEdge[node + 1]!;
  for (let e = graph.firstEdge[node]!; e < end && names.size < wanted.size; e++) {
    const target = graph.edgeTargets[e]!;
    if (wanted.has(target) && !names.has(target)) names.set(target, nameOfEdge(heap, node, e));
  }
  return names;
}

/** The children that are not drawn of their own: the heaviest types, and one entry for what is left. */
function togetherByType(
  heap: AnalysedHeap,
  node: NodeIndex,
  drawn: ReadonlySet<NodeIndex>,
  budget: Budget,
): RetainedTree[] {
  const { tree, graph, retained, retainedObjects } = heap;
  const sums = new Map<number, { objects: number; bytes: number }>();
  for (let i = tree.firstChild[node]!; i < tree.firstChild[node + 1]!; i++) {
    const child = tree.children[i]!;
    if (drawn.has(child)) continue;
    const type = graph.typeOf[child]!;
    let sum = sums.get(type);
    if (sum === undefined) {
      sum = { objects: 0, bytes: 0 };
      sums.set(type, sum);
    }
    sum.objects += retainedObjects[child]!;
    sum.bytes += retained[child]!;
  }
  const rest = { objects: 0, bytes: 0 };
  const rows: RetainedTree[] = [];
  for (const [type, sum] of [...sums].sort(([, a], [, b]) => b.bytes - a.bytes)) {
    if (rows.length < TYPES_SHOWN && sum.bytes >= budget.least && budget.left > 0) {
      budget.left--;
      const name = qualifiedTypeName(graph.types[type]!);
      rows.push({ name, type: name, objects: sum.objects, retained_bytes: sum.bytes, children: [] });
    } else {
      rest.objects += sum.objects;
      rest.bytes += sum.bytes;
    }
  }
  if (rest.bytes > 0) {
    rows.push({ name: 'others', type: '', objects: rest.objects, retained_bytes: rest.bytes, children: [] });
  }
  return rows;
}

function childCount(tree: DominatorTree, node: NodeIndex): number {
  return tree.firstChild[node + 1]! - tree.firstChild[node]!;
}
