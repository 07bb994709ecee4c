// Compares two heap graphs of one process that were read in different ways: by type, and object by object.

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
  WORD_BYTES,
} from '../../src/graph/heap-graph.ts';

export interface TypeRow {
  readonly type: string;
  /** In both graphs. */
  common: number;
  /** Of the common ones, in bytes. */
  insideBytes: number;
  outsideBytes: number;
  onlyInside: number;
  /** Held by an object that both know, in a way that Python code can see. */
  missing: number;
  /** Held in ways that Python code cannot see. */
  hidden: number;
}

/** By type; running frames and threads, which are no objects, are left out. */
export function compareByType(inside: HeapGraph, outside: HeapGraph): Map<string, TypeRow> {
  const rows = new Map<string, TypeRow>();
  const rowOf = (graph: HeapGraph, node: NodeIndex): TypeRow => {
    const type = typeName(graph, node);
    let row = rows.get(type);
    if (row === undefined) {
      row = { type, common: 0, insideBytes: 0, outsideBytes: 0, onlyInside: 0, missing: 0, hidden: 0 };
      rows.set(type, row);
    }
    return row;
  };
  const insideNodes = nodesByAddress(inside);
  const outsideNodes = nodesByAddress(outside);
  const visible = visiblyHeld(outside, insideNodes);
  for (const [address, node] of outsideNodes) {
    const row = rowOf(outside, node);
    const other = insideNodes.get(address);
    if (other === undefined) {
      if (visible.has(node)) row.missing++;
      else row.hidden++;
      continue;
    }
    row.common++;
    row.insideBytes += inside.shallowWords[other]! * WORD_BYTES;
    row.outsideBytes += outside.shallowWords[node]! * WORD_BYTES;
  }
  for (const [address, node] of insideNodes) if (!outsideNodes.has(address)) rowOf(inside, node).onlyInside++;
  return rows;
}

/** Nodes of the type with this qualified name. */
export function nodesOfType(graph: HeapGraph, name: string): NodeIndex[] {
  const wanted = new Set(graph.types.flatMap((type, index) => (qualifiedTypeName(type) === name ? [index] : [])));
  return [...graph.typeOf.keys()].filter((node) => wanted.has(graph.typeOf[node]!));
}

function nodesByAddress(graph: HeapGraph): Map<number, NodeIndex> {
  const nodes = new Map<number, NodeIndex>();
  for (let node = 0; node < graph.nodeCount; node++) {
    if ((graph.nodeFlags[node]! & NodeFlag.synthetic) === 0) nodes.set(graph.addresses[node]!, node);
  }
  return nodes;
}

/** Nodes that an object known on both sides holds by a reference that Python code can follow. */
function visiblyHeld(outside: HeapGraph, insideNodes: ReadonlyMap<number, NodeIndex>): Set<NodeIndex> {
  const held = new Set<NodeIndex>();
  const interned = new Set(outside.roots.nodes.filter((_, row) => outside.roots.kinds[row] === RootKind.interned));
  for (let node = 0; node < outside.nodeCount; node++) {
    if (!insideNodes.has(outside.addresses[node]!) || interned.has(node)) continue;
    const holder = typeName(outside, node);
    // What the agent itself did between the two readings.
    if (holder === 'frame' || holder.startsWith('leakscope_agent.')) continue;
    for (let e = outside.firstEdge[node]!; e < outside.firstEdge[node + 1]!; e++) {
      const name = outside.edgeNames[e]!;
      const field = outside.strings[name & EDGE_PAYLOAD_MASK]!;
      const kind = name >>> EDGE_KIND_SHIFT;
      const isHidden =
        // A field of a C structure.
        kind === EdgeKind.scanned ||
        // Where 3.11 and later keep the names of a function's variables, and what kind each is.
        (holder === 'code' && kind === EdgeKind.field && field === 'co_names') ||
        // Parts of a class.
        (kind === EdgeKind.field && (field === '__slots__' || field === 'subclasses')) ||
        (kind === EdgeKind.key && (outside.nodeFlags[node]! & NodeFlag.code) !== 0);
      if (!isHidden) held.add(outside.edgeTargets[e]!);
    }
  }
  return held;
}

function typeName(graph: HeapGraph, node: NodeIndex): string {
  return qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
}
