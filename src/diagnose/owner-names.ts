// Names the owner of a handle as a person knows it: not the FileIO inside the reader inside the text file, but the
// file, by the path that keeps it alive.

import {
  EDGE_KIND_SHIFT,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  NO_NODE,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
} from '../graph/heap-graph.ts';
import { edgeString, type NodeNames } from '../graph/node-names.ts';
import { namePath, type PathName, type PathStep } from '../graph/path-names.ts';
import type { ShortestPaths } from '../graph/reachability.ts';
import type { Referrers } from '../graph/referrers.ts';
import { alternativePaths, generalEdgeName, retainingPath } from '../graph/retaining-path.ts';

/** What naming needs of one heap. */
export interface HeapView {
  readonly graph: HeapGraph;
  readonly paths: ShortestPaths;
  readonly names: NodeNames;
  /** Asked for where another holder is looked for: it takes a pass over all edges. */
  readonly referrers: () => Referrers;
}

export interface OwnerName {
  readonly path: PathName;
  /** Qualified type of the object at the end of the path. */
  readonly type: string;
}

/** Modules whose objects wrap a handle for their users: an owner inside one of them is shown as the wrapper. */
const WRAPPING_MODULE =
  /^(?:_?io|_?socket|_?ssl|_?bz2|_?lzma|_?sqlite3|asyncio|codecs|concurrent|dbm|fileinput|gzip|http|logging|mmap|multiprocessing|select|selectors|shelve|socketserver|subprocess|tarfile|tempfile|urllib|zipfile)(?:\.|$)/;
/** Wrappers around wrappers are few; a chain of a thousand is a list that is linked. */
const CLIMB_LIMIT = 16;
/** Nodes on the paths of all owners named one by one; owners beyond these share the name of their type. */
const PATH_NODES_LIMIT = 10_000_000;
/** Modules of the standard library that refer to every thread and every process there is. */
const REGISTRIES: readonly string[] = ['threading', 'multiprocessing.process', 'multiprocessing.util'];
/** Fewer nodes than these are before it on such a path: sys.modules, the module, its globals, `_active`. */
const REGISTERED_DEPTH = 6;
/** Owners whose other holder is looked for, and paths looked at for each. */
const REGISTERED_LIMIT = 256;
const REGISTERED_PATHS = 12;

/** The name of the owner `node`, or of the variable that the edge `variable` from it is. */
export type OwnerNamer = (node: NodeIndex, variable: EdgeIndex) => OwnerName;

/** Names owners of one graph. Those that stand side by side in one container are named once. */
export function ownerNamer(heap: HeapView): OwnerNamer {
  const { graph, paths, names } = heap;
  let registered = 0;
  let referrers: Referrers | undefined;
  const known = new Map<string, OwnerName>();
  let pathNodes = 0;
  return (node, variable) => {
    const owner = variable < 0 ? outermostWrapper(graph, paths, node) : node;
    const type = variable < 0 ? typeName(graph, owner) : 'int';
    const parent = paths.parent[owner]!;
    if (isRegistered(heap, owner) && ++registered <= REGISTERED_LIMIT) {
      referrers ??= heap.referrers();
      const path = programPath(heap, referrers, owner);
      if (path !== undefined) return { path, type };
    }
    if (paths.distance[owner] === NO_NODE) return unreachable(owner, type);
    // In a tuple the position is part of the name.
    const isShared = variable < 0 && parent < graph.nodeCount && typeName(graph, parent) !== 'tuple';
    const key = isShared ? `${parent} ${generalEdgeName(graph.edgeNames[paths.parentEdge[owner]!]!)} ${type}` : '';
    const before = isShared ? known.get(key) : undefined;
    if (before !== undefined) return before;
    pathNodes += paths.distance[owner]! + 1;
    if (pathNodes > PATH_NODES_LIMIT) return { path: { text: `many objects (${type})`, steps: [] }, type };
    const path = retainingPath(paths, owner)!;
    const full =
      variable < 0
        ? path
        : { ...path, nodes: [...path.nodes, graph.edgeTargets[variable]!], edges: [...path.edges, variable] };
    const name: OwnerName = { path: namePath(graph, full, names), type };
    if (isShared) known.set(key, name);
    return name;
  };
}

/** Whether a module that refers to all there are of its kind is what holds it on its path: that explains none of them. */
function isRegistered({ names, paths }: HeapView, node: NodeIndex): boolean {
  if (paths.distance[node]! >= REGISTERED_DEPTH) return false;
  const nodes = new Set(retainingPath(paths, node)!.nodes);
  return REGISTRIES.some((module) => nodes.has(names.moduleNode(module) ?? NO_NODE));
}

/** How else a module of the program holds it. */
function programPath({ graph, paths, names }: HeapView, referrers: Referrers, node: NodeIndex): PathName | undefined {
  for (const path of alternativePaths(graph, paths, referrers, node, REGISTERED_PATHS)) {
    const name = namePath(graph, path, names);
    const [first] = name.steps;
    if (first?.kind === 'module' && !REGISTRIES.includes(first.name)) return name;
  }
  return undefined;
}

function unreachable(node: NodeIndex, type: string): OwnerName {
  const step: PathStep = { kind: 'root', text: `unreachable objects → (${type})`, node, name: '', times: 1 };
  return { path: { text: step.text, steps: [step] }, type };
}

/** Climbs the retaining path while what holds the object is a wrapper of the standard library. */
function outermostWrapper(graph: HeapGraph, paths: ShortestPaths, node: NodeIndex): NodeIndex {
  let at = node;
  for (let i = 0; i < CLIMB_LIMIT; i++) {
    const holder = holderOf(graph, paths, at);
    if (holder === undefined) return at;
    const type = graph.types[graph.typeOf[holder]!]!;
    const isPart = (graph.nodeFlags[holder]! & (NodeFlag.code | NodeFlag.synthetic)) !== 0;
    if (isPart || !WRAPPING_MODULE.test(type.module)) return at;
    at = holder;
  }
  return at;
}

/** The object before this one on its path; an instance where that is only its `__dict__`. */
function holderOf(graph: HeapGraph, paths: ShortestPaths, node: NodeIndex): NodeIndex | undefined {
  const parent = paths.parent[node]!;
  if (parent >= graph.nodeCount) return undefined;
  const isDict = graph.edgeNames[paths.parentEdge[node]!]! >>> EDGE_KIND_SHIFT === EdgeKind.attribute;
  const above = paths.parent[parent]!;
  if (!isDict || above >= graph.nodeCount) return parent;
  return edgeString(graph, paths.parentEdge[parent]!) === '__dict__' ? above : parent;
}

function typeName(graph: HeapGraph, node: NodeIndex): string {
  return qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
}
