// What a node is to a reader: a module, class, function, thread or frame by its name, or an object of some type.

import { indexInAscending } from '../base/sorted-search.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
} from './heap-graph.ts';

export type NodeRole = 'module' | 'class' | 'function' | 'thread' | 'frame' | 'object';

/** Lookups over one graph; cost by its types, labels and modules, not by its nodes. */
export interface NodeNames {
  readonly graph: HeapGraph;
  readonly roleOf: (node: NodeIndex) => NodeRole;
  /** Module name, qualified class name with its module, function's qualname, thread or frame name; '' for objects. */
  readonly nameOf: (node: NodeIndex) => string;
  /** What to call the node's role: `function`, or `generator`, `coroutine` while it runs. */
  readonly wordOf: (node: NodeIndex) => string;
  /** Whether `sys.modules` (or another root of kind `modules`) refers to the module. */
  readonly isImported: (node: NodeIndex) => boolean;
  /** Index of the node's module, by name, where it is imported. */
  readonly moduleNode: (name: string) => NodeIndex | undefined;
}

/** Labelled types that run: functions that have not returned yet. */
const RUNNING_TYPES: ReadonlySet<string> = new Set(['generator', 'coroutine', 'async_generator']);

/** Labelled types of nodes that are called, rather than subclassed or read. */
const FUNCTION_TYPES: ReadonlySet<string> = new Set([
  ...RUNNING_TYPES,
  'function',
  'builtin_function_or_method',
  'method',
  'classmethod',
  'staticmethod',
  'functools._lru_cache_wrapper',
  'code',
]);

export function nodeNames(graph: HeapGraph): NodeNames {
  const { labels, strings, types, typeOf, nodeFlags, addresses } = graph;
  const labelOf = (node: NodeIndex): string => {
    const row = indexInAscending(labels.nodes, node);
    return row < 0 ? '' : (strings[labels.labels[row]!] ?? '');
  };
  const typeAt = new Map<number, HeapType>();
  for (const type of types) if (type.address !== 0) typeAt.set(type.address, type);

  const roleOf = (node: NodeIndex): NodeRole => {
    const type = types[typeOf[node]!]!;
    const flags = nodeFlags[node]!;
    if ((flags & NodeFlag.synthetic) !== 0) return type.name.includes('thread') ? 'thread' : 'frame';
    if (typeAt.has(addresses[node]!)) return 'class';
    if (indexInAscending(labels.nodes, node) < 0) return 'object';
    const typeName = qualifiedTypeName(type);
    if (typeName === 'frame') return 'frame';
    if (RUNNING_TYPES.has(typeName)) return 'function';
    if ((flags & NodeFlag.code) === 0) return 'object';
    if (FUNCTION_TYPES.has(typeName)) return 'function';
    if (type.name === 'type') return 'class';
    return type.name === 'module' || holdsGlobals(graph, node) ? 'module' : 'class';
  };
  const nameOf = (node: NodeIndex): string => {
    const type = typeAt.get(addresses[node]!);
    return type === undefined ? labelOf(node) : qualifiedTypeName(type);
  };

  const imported = new Map<NodeIndex, string>();
  const importedByName = new Map<string, NodeIndex>();
  const addImported = (node: NodeIndex): void => {
    if (imported.has(node) || roleOf(node) !== 'module') return;
    const name = nameOf(node);
    imported.set(node, name);
    if (!importedByName.has(name)) importedByName.set(name, node);
  };
  graph.roots.nodes.forEach((root, row) => {
    if (graph.roots.kinds[row] !== RootKind.modules) return;
    addImported(root);
    // Only a mapping's values: the globals of a module that is itself a root are what it imported.
    for (let e = graph.firstEdge[root]!; e < graph.firstEdge[root + 1]!; e++) {
      if (graph.edgeNames[e]! >>> EDGE_KIND_SHIFT === EdgeKind.value || !isModuleLike(graph, root)) {
        addImported(graph.edgeTargets[e]!);
      }
    }
  });
  return {
    graph,
    roleOf,
    nameOf,
    wordOf: (node) => {
      const typeName = qualifiedTypeName(types[typeOf[node]!]!);
      return RUNNING_TYPES.has(typeName) ? typeName.replace('_', ' ') : roleOf(node);
    },
    isImported: (node) => imported.has(node),
    moduleNode: (name) => importedByName.get(name),
  };
}

/** The string of an edge whose kind has one, '' for edges known by position. */
export function edgeString(graph: HeapGraph, edge: EdgeIndex): string {
  const packed = graph.edgeNames[edge]!;
  switch (packed >>> EDGE_KIND_SHIFT) {
    case EdgeKind.attribute:
    case EdgeKind.global:
    case EdgeKind.local:
    case EdgeKind.cell:
    case EdgeKind.field:
      return graph.strings[packed & EDGE_PAYLOAD_MASK] ?? '';
    default:
      return '';
  }
}

function isModuleLike(graph: HeapGraph, node: NodeIndex): boolean {
  return graph.types[graph.typeOf[node]!]!.name === 'module';
}

/** Whether some `__dict__` of the node holds module-level variables: a module of a subclass of `module`. */
function holdsGlobals(graph: HeapGraph, node: NodeIndex): boolean {
  for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
    if (edgeString(graph, e) !== '__dict__') continue;
    const dict = graph.edgeTargets[e]!;
    for (let inner = graph.firstEdge[dict]!; inner < graph.firstEdge[dict + 1]!; inner++) {
      if (graph.edgeNames[inner]! >>> EDGE_KIND_SHIFT === EdgeKind.global) return true;
    }
  }
  return false;
}
