// The answer of `leakscope query`: how much the matching objects are, of which types, and the first of them.

import { hasBit, setIndices } from '../base/bitset.ts';
import type { Problem } from '../base/problems.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { hexAddress } from '../diagnose/heap-report.ts';
import { pathText } from '../diagnose/retention.ts';
import type { SnapshotFacts } from '../diagnose/snapshot-facts.ts';
import { largestNodes } from '../graph/dominator-tree.ts';
import { NOT_A_CONTAINER, type NodeIndex, WORD_BYTES } from '../graph/heap-graph.ts';
import type { HeapIndex } from './heap-index.ts';
import { dottedName, moduleName } from './name-pattern.ts';
import type { NodeSelection } from './node-selection.ts';
import { evaluateQuery } from './query-evaluation.ts';
import { parseQuery, type Query } from './query-syntax.ts';

export const QUERY_SCHEMA = 'leakscope.query/1';

/** What objects can be ordered by, most first. */
export const QUERY_ORDERS = ['retained', 'size', 'objects', 'entries', 'referrers'] as const;
export type QueryOrder = (typeof QUERY_ORDERS)[number];

export interface MatchedObject {
  readonly type: string;
  readonly address: string;
  /** Of a module, class, function, thread or frame. */
  readonly name?: string;
  readonly entries?: number;
  readonly bytes: number;
  readonly retained_bytes: number;
  readonly retained_objects: number;
  /** The shortest retaining path; empty when nothing keeps it alive. */
  readonly path: string;
}

export interface HeapQuery {
  readonly schema: typeof QUERY_SCHEMA;
  readonly snapshot: SnapshotFacts;
  /** As asked. */
  readonly query: string;
  readonly order: QueryOrder;
  /** How many objects match. */
  readonly objects: number;
  /** Their own memory. */
  readonly bytes: number;
  /** Memory that would be freed if all of them went: what one retains of another counts once. */
  readonly retained_bytes: number;
  /** Most bytes first. */
  readonly types: readonly { readonly type: string; readonly objects: number; readonly bytes: number }[];
  readonly type_count: number;
  readonly matches: readonly MatchedObject[];
  /** Names in the query that nothing in this heap has, with what comes near. */
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

export interface HeapQueryOptions {
  readonly snapshot: SnapshotFacts;
  readonly problems: readonly Problem[];
  readonly order: QueryOrder;
  readonly offset?: number;
  /** Objects and types to describe. */
  readonly top: number;
}

/** Throws QueryError when the query cannot be read. */
export function answerQuery(heap: HeapIndex, text: string, options: HeapQueryOptions): HeapQuery {
  const query = parseQuery(text);
  const selection = evaluateQuery(query, heap);
  const nodes = setIndices(selection);
  const types = typesOf(heap, nodes);
  return {
    schema: QUERY_SCHEMA,
    snapshot: options.snapshot,
    query: text,
    order: options.order,
    objects: nodes.length,
    bytes: types.reduce((sum, { bytes }) => sum + bytes, 0),
    retained_bytes: retainedTogether(heap, selection, nodes),
    types: types.slice(0, options.top),
    type_count: types.length,
    matches: describeMatches(heap, nodes, options.order, options.offset ?? 0, options.top),
    notes: notesOn(query, heap),
    problems: options.problems,
  };
}

/** A window of `nodes`, which ascend, most first; equal ones by address. */
export function describeMatches(
  heap: HeapIndex,
  nodes: Uint32Array,
  order: QueryOrder,
  offset: number,
  limit: number,
): MatchedObject[] {
  const weight = weightOf(heap, nodes, order);
  // The window's rows are indices into the nodes, whose order is the addresses'.
  const rows = largestNodes(Uint32Array.from(nodes.keys()), weight, offset + limit);
  return rows.slice(offset).map((row) => describeMatch(heap, nodes[row]!));
}

function weightOf(heap: HeapIndex, nodes: Uint32Array, order: QueryOrder): Float64Array {
  const { graph } = heap.retention;
  switch (order) {
    case 'retained':
      return Float64Array.from(nodes, (node) => heap.retention.retained[node]!);
    case 'size':
      return Float64Array.from(nodes, (node) => graph.shallowWords[node]!);
    case 'objects':
      return Float64Array.from(nodes, (node) => heap.retention.retainedObjects[node]!);
    case 'entries':
      // What is no container comes last.
      return Float64Array.from(nodes, (node) =>
        graph.entryCounts[node] === NOT_A_CONTAINER ? -1 : graph.entryCounts[node]!,
      );
    case 'referrers':
      return Float64Array.from(nodes, (node) => heap.referrerCounts[node]!);
  }
}

function describeMatch(heap: HeapIndex, node: NodeIndex): MatchedObject {
  const { retention, typeNames } = heap;
  const { graph, names } = retention;
  const name = names.nameOf(node);
  const entries = graph.entryCounts[node]!;
  return {
    type: typeNames[graph.typeOf[node]!]!,
    address: hexAddress(graph.addresses[node]!),
    ...(name === '' ? {} : { name }),
    ...(entries === NOT_A_CONTAINER ? {} : { entries }),
    bytes: graph.shallowWords[node]! * WORD_BYTES,
    retained_bytes: heap.retention.retained[node]!,
    retained_objects: heap.retention.retainedObjects[node]!,
    path: pathText(retention, node),
  };
}

function typesOf(heap: HeapIndex, nodes: Uint32Array): HeapQuery['types'] {
  const { graph } = heap.retention;
  const objects = new Float64Array(graph.types.length);
  const words = new Float64Array(graph.types.length);
  for (const node of nodes) {
    const type = graph.typeOf[node]!;
    objects[type]!++;
    words[type]! += graph.shallowWords[node]!;
  }
  return heap.typeNames
    .map((type, index) => ({ type, objects: objects[index]!, bytes: words[index]! * WORD_BYTES }))
    .filter((row) => row.objects > 0)
    .sort((a, b) => b.bytes - a.bytes || b.objects - a.objects);
}

/** Sum over those that no other of the selection dominates. */
function retainedTogether(heap: HeapIndex, selection: NodeSelection, nodes: Uint32Array): number {
  const { retention } = heap;
  const covered = heap.dominatedBy(selection);
  let bytes = 0;
  for (const node of nodes) if (!hasBit(covered, node)) bytes += retention.retained[node]!;
  return bytes;
}

/** Names offered where nothing has the one asked for. */
const NEAREST_SHOWN = 3;

/** A query for what is not there is answered with nothing; these lines say that it was the name. */
function notesOn(query: Query, heap: HeapIndex): string[] {
  switch (query.kind) {
    case 'and':
    case 'or':
      return [...new Set(query.parts.flatMap((part) => notesOn(part, heap)))];
    case 'not':
      return notesOn(query.part, heap);
    case 'text':
      return noteOnName(query.field, query.value, heap);
    case 'address':
      return indexInAscending(heap.retention.graph.addresses, query.address) < 0
        ? [`no object begins at ${hexAddress(query.address)}: addresses hold for one snapshot`]
        : [];
    default:
      return [];
  }
}

function noteOnName(field: string, value: string, heap: HeapIndex): string[] {
  const { graph } = heap.retention;
  if (field === 'type') {
    const accept = dottedName(value);
    return heap.typeNames.some(accept) ? [] : [`no type is called ${value}${nearest(value, heap.typeNames)}`];
  }
  if (field === 'module') {
    const accept = moduleName(value);
    const modules = [...new Set(graph.types.map(({ module }) => module || 'builtins'))];
    return modules.some(accept) ? [] : [`no type is of a module called ${value}${nearest(value, modules)}`];
  }
  if (field === 'refers-to' || field === 'held-by' || field === 'under') {
    if (heap.nodesMeant(value).some((word) => word !== 0)) return [];
    return [`no object, type or module is called ${value}${nearest(value, heap.typeNames)}`];
  }
  return [];
}

function nearest(value: string, names: readonly string[]): string {
  const wanted =
    value
      .toLowerCase()
      .replaceAll(/[*?[\]]/g, '')
      .split('.')
      .at(-1) ?? '';
  const near = names.filter((name) => wanted !== '' && name.toLowerCase().includes(wanted)).slice(0, NEAREST_SHOWN);
  return near.length === 0 ? '' : `; there is ${near.join(', ')}`;
}
