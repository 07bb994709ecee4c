// A graph as a V8 heap snapshot, which Chrome DevTools and memlab open. Chunks of bytes come out; no file is written.
//
// Retained sizes there equal ours because the graphs are the same but for a synthetic root, groups of roots by kind,
// and references from garbage, which are weak: garbage keeps nothing alive. No node is of the types `array` or
// `hidden`, whose sizes DevTools adds to their owners'.

import { hasBit } from '../base/bitset.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  RootKind,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import type { NodeNames, NodeRole } from '../graph/node-names.ts';
import { reachableFrom } from '../graph/reachability.ts';
import { ByteChunks } from './byte-chunks.ts';
import { NODE_ROLES, type NodeTitles, nodeTitles } from './node-titles.ts';
import { objectIds } from './object-ids.ts';
import { ROOT_KIND_TITLES } from './root-kinds.ts';

/** The format's types, by their place in `meta`. */
const NODE_TYPES = [
  'hidden',
  'array',
  'string',
  'object',
  'code',
  'closure',
  'regexp',
  'number',
  'native',
  'synthetic',
  'concatenated string',
  'sliced string',
  'symbol',
  'bigint',
  'object shape',
] as const;
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'] as const;
const NODE_FIELDS = ['type', 'name', 'id', 'self_size', 'edge_count', 'trace_node_id', 'detachedness'] as const;
const EDGE_FIELDS = ['type', 'name_or_index', 'to_node'] as const;

type NodeType = (typeof NODE_TYPES)[number];
type EdgeType = (typeof EDGE_TYPES)[number];

const TYPE_OF_ROLE: Readonly<Record<NodeRole, NodeType>> = {
  object: 'object',
  module: 'code',
  class: 'code',
  function: 'closure',
  thread: 'native',
  frame: 'native',
};

/** Those of type `element` are numbered, all others named: by this name, or where it is empty by the edge's own. */
const TYPE_OF_EDGE: Readonly<Record<EdgeKind, { readonly type: EdgeType; readonly name: string }>> = {
  [EdgeKind.scanned]: { type: 'internal', name: 'scanned' },
  [EdgeKind.attribute]: { type: 'property', name: '' },
  [EdgeKind.element]: { type: 'element', name: '' },
  [EdgeKind.value]: { type: 'element', name: '' },
  [EdgeKind.key]: { type: 'internal', name: 'key' },
  [EdgeKind.global]: { type: 'property', name: '' },
  [EdgeKind.local]: { type: 'context', name: '' },
  [EdgeKind.cell]: { type: 'context', name: '' },
  [EdgeKind.field]: { type: 'internal', name: '' },
  [EdgeKind.operand]: { type: 'internal', name: 'operand' },
};

/** What a numbered reference from garbage is called: weak ones are named. */
const WEAK_NAME = 'entry';

/**
 * Kinds whose objects DevTools shows the distance of; what only the others reach is shown without one, as what the
 * engine itself keeps is in a snapshot of a browser.
 */
const USER_ROOT_KINDS: ReadonlySet<number> = new Set([
  RootKind.modules,
  RootKind.thread,
  RootKind.interpreter,
  RootKind.builtins,
  RootKind.hooks,
]);

/** `self_size` is read into 32 bits. */
const LARGEST_SIZE = 2 ** 32 - WORD_BYTES;

/** The root, the group of all groups, one group per kind of root: what stands before the nodes of the graph. */
const ROOT_KINDS: readonly RootKind[] = Object.values(RootKind);
const GROUPS = 2;
const FIRST_NODE = GROUPS + ROOT_KINDS.length;

interface SnapshotSource {
  readonly graph: HeapGraph;
  readonly names: NodeNames;
}

/** The snapshot's JSON as UTF-8, in order. Memory beyond the graph: about 18 bytes per node while it is written. */
export function* heapSnapshotChunks(source: SnapshotSource): Generator<Uint8Array> {
  const { graph } = source;
  const titles = nodeTitles(source.names);
  const strings = new SnapshotStrings(titles, graph);
  const rootEdges = userRoots(graph);
  const out = new ByteChunks();

  const edgeCount = 1 + rootEdges.length + ROOT_KINDS.length + graph.roots.nodes.length + graph.edgeCount;
  out.text(`{"snapshot":${JSON.stringify(header(FIRST_NODE + graph.nodeCount, edgeCount))},\n"nodes":[`);
  yield* writeNodes(out, graph, titles, { strings, rootEdgeCount: rootEdges.length });
  out.text('],\n"edges":[');
  yield* writeEdges(out, graph, { strings, rootEdges });
  out.text('],\n"trace_function_infos":[],\n"trace_tree":[],\n"samples":[],\n"locations":[],\n"strings":[');
  for (const [index, text] of strings.texts.entries()) {
    if (index > 0) out.text(',\n');
    out.text(JSON.stringify(text));
    if (out.isFull) yield out.take();
  }
  out.text(']}\n');
  yield out.take();
}

/** Nodes whose size does not fit the format, and is written as 4 GiB. */
export function oversizedNodes(graph: HeapGraph): number {
  let count = 0;
  for (let node = 0; node < graph.nodeCount; node++) {
    if (graph.shallowWords[node]! * WORD_BYTES > LARGEST_SIZE) count++;
  }
  return count;
}

function header(nodeCount: number, edgeCount: number): unknown {
  return {
    meta: {
      node_fields: NODE_FIELDS,
      node_types: [NODE_TYPES, 'string', 'number', 'number', 'number', 'number', 'number'],
      edge_fields: EDGE_FIELDS,
      edge_types: [EDGE_TYPES, 'string_or_number', 'node'],
      trace_function_info_fields: [],
      trace_node_fields: [],
      sample_fields: [],
      location_fields: [],
    },
    node_count: nodeCount,
    edge_count: edgeCount,
    trace_function_count: 0,
  };
}

/** The strings of the file: titles, then the graph's own, then what only this format says. */
class SnapshotStrings {
  readonly texts: readonly string[];
  readonly #graphStart: number;
  readonly #ownStart: number;
  readonly #own: readonly string[];

  constructor(titles: NodeTitles, graph: HeapGraph) {
    const edgeNames = Object.values(TYPE_OF_EDGE).map(({ name }) => name);
    this.#own = ['', '(GC roots)', WEAK_NAME, ...ROOT_KINDS.map(groupTitle), ...edgeNames];
    this.#graphStart = titles.texts.length;
    this.#ownStart = this.#graphStart + graph.strings.length;
    this.texts = [...titles.texts, ...graph.strings, ...this.#own];
  }

  /** Index of the graph's string. */
  ofGraph(index: number): number {
    return this.#graphStart + index;
  }

  /** Index of one of the format's own words. */
  own(text: string): number {
    return this.#ownStart + this.#own.indexOf(text);
  }
}

function groupTitle(kind: RootKind): string {
  return `(${ROOT_KIND_TITLES[kind]})`;
}

/** Distinct roots of the kinds that count for distances, ascending. */
function userRoots({ roots }: HeapGraph): NodeIndex[] {
  const nodes = new Set<NodeIndex>();
  roots.nodes.forEach((node, row) => {
    if (USER_ROOT_KINDS.has(roots.kinds[row]!)) nodes.add(node);
  });
  return [...nodes];
}

interface NodeContext {
  readonly strings: SnapshotStrings;
  readonly rootEdgeCount: number;
}

function* writeNodes(
  out: ByteChunks,
  graph: HeapGraph,
  titles: NodeTitles,
  { strings, rootEdgeCount }: NodeContext,
): Generator<Uint8Array> {
  const { nodeCount, firstEdge, shallowWords, nodeFlags } = graph;
  let isFirst = true;
  const writeNode = (type: number, name: number, id: number, size: number, edges: number): void => {
    out.number(type, isFirst);
    isFirst = false;
    out.number(name, false);
    out.number(id, false);
    out.number(size, false);
    out.number(edges, false);
    // Of no allocation trace; attached or not is only known of a page's elements.
    out.number(0, false);
    out.number(0, false);
  };
  const synthetic = NODE_TYPES.indexOf('synthetic');
  writeNode(synthetic, strings.own(''), 1, 0, 1 + rootEdgeCount);
  writeNode(synthetic, strings.own('(GC roots)'), 3, 0, ROOT_KINDS.length);
  for (const [index, kind] of ROOT_KINDS.entries()) {
    const rows = graph.roots.kinds.reduce((count, other) => count + Number(other === kind), 0);
    writeNode(synthetic, strings.own(groupTitle(kind)), 2 * (GROUPS + index) + 1, 0, rows);
  }
  const ids = objectIds(graph.addresses, FIRST_NODE);
  const types = Uint8Array.from(NODE_ROLES, (role) => NODE_TYPES.indexOf(TYPE_OF_ROLE[role]));
  const native = NODE_TYPES.indexOf('native');
  for (let node = 0; node < nodeCount; node++) {
    const type = (nodeFlags[node]! & NodeFlag.ownerless) !== 0 ? native : types[titles.roleOf[node]!]!;
    const size = Math.min(LARGEST_SIZE, shallowWords[node]! * WORD_BYTES);
    writeNode(type, titles.textOf[node]!, ids[node]!, size, firstEdge[node + 1]! - firstEdge[node]!);
    if (out.isFull) yield out.take();
  }
}

interface EdgeContext {
  readonly strings: SnapshotStrings;
  readonly rootEdges: readonly NodeIndex[];
}

/** Edges in the order of their nodes. */
function* writeEdges(out: ByteChunks, graph: HeapGraph, { strings, rootEdges }: EdgeContext): Generator<Uint8Array> {
  const { nodeCount, firstEdge, edgeTargets, roots } = graph;
  let isFirst = true;
  const writeEdge = (type: number, nameOrIndex: number, node: number): void => {
    out.number(type, isFirst);
    isFirst = false;
    out.number(nameOrIndex, false);
    out.number(node * NODE_FIELDS.length, false);
  };
  const element = EDGE_TYPES.indexOf('element');
  const internal = EDGE_TYPES.indexOf('internal');
  writeEdge(element, 1, 1);
  for (const [index, node] of rootEdges.entries()) {
    writeEdge(element, 2 + index, FIRST_NODE + node);
    if (out.isFull) yield out.take();
  }
  for (let group = 0; group < ROOT_KINDS.length; group++) writeEdge(element, group, GROUPS + group);
  for (const kind of ROOT_KINDS) {
    for (let row = 0; row < roots.nodes.length; row++) {
      if (roots.kinds[row] !== kind) continue;
      writeEdge(internal, strings.ofGraph(roots.labels[row]!), FIRST_NODE + roots.nodes[row]!);
      if (out.isFull) yield out.take();
    }
  }
  const nameEdge = edgeNaming(graph, strings);
  const weak = EDGE_TYPES.indexOf('weak');
  const reached = reachableFrom(graph, roots.nodes);
  for (let node = 0; node < nodeCount; node++) {
    const isGarbage = !hasBit(reached, node);
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++) {
      const target = edgeTargets[edge]!;
      const isWeak = isGarbage && hasBit(reached, target);
      writeEdge(isWeak ? weak : nameEdge.typeOf(edge), nameEdge.nameOf(edge, isWeak), FIRST_NODE + target);
      if (out.isFull) yield out.take();
    }
  }
}

interface EdgeNaming {
  readonly typeOf: (edge: EdgeIndex) => number;
  /** An ordinal for elements, else a string's index; weak references are always named. */
  readonly nameOf: (edge: EdgeIndex, isWeak: boolean) => number;
}

/** How each kind of edge is called, with everything that depends on the kind alone looked up once. */
function edgeNaming({ edgeNames }: HeapGraph, strings: SnapshotStrings): EdgeNaming {
  const kinds = Object.values(EdgeKind);
  const types = Uint8Array.from(kinds, (kind) => EDGE_TYPES.indexOf(TYPE_OF_EDGE[kind].type));
  const ownNames = kinds.map((kind) => {
    const { name } = TYPE_OF_EDGE[kind];
    return name === '' ? undefined : strings.own(name);
  });
  const element = EDGE_TYPES.indexOf('element');
  const weakName = strings.own(WEAK_NAME);
  return {
    typeOf: (edge) => types[edgeNames[edge]! >>> EDGE_KIND_SHIFT]!,
    nameOf: (edge, isWeak) => {
      const packed = edgeNames[edge]!;
      const kind = packed >>> EDGE_KIND_SHIFT;
      const payload = packed & EDGE_PAYLOAD_MASK;
      if (types[kind] === element) return isWeak ? weakName : payload;
      return ownNames[kind] ?? strings.ofGraph(payload);
    },
  };
}
