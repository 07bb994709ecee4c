// Which objects of a heap a query means. Each condition narrows the objects that those before it left, so that a query
// costs about what its first condition costs; of several the ones that need least are asked first.

import { type BitSet, hasBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { NO_NODE, NOT_A_CONTAINER, NodeFlag, type NodeIndex, WORD_BYTES } from '../graph/heap-graph.ts';
import type { HeapIndex } from './heap-index.ts';
import { moduleName } from './name-pattern.ts';
import { difference, type NodeSelection, type NumberRange, narrow, narrowByRange, union } from './node-selection.ts';
import type { Condition, NumberField } from './query-fields.ts';
import type { Query } from './query-syntax.ts';

/** Ascending by address. Costs about 20 ns per object of the heap for each condition. */
export function evaluateQuery(query: Query, heap: HeapIndex): NodeSelection {
  return select(query, heap, heap.nodes);
}

function select(query: Query, heap: HeapIndex, within: NodeSelection): NodeSelection {
  if (within.length === 0) return within;
  switch (query.kind) {
    case 'all':
      return within;
    case 'and':
      return [...query.parts]
        .sort((a, b) => cost(a) - cost(b))
        .reduce((left, part) => select(part, heap, left), within);
    case 'or': {
      const [first, ...rest] = query.parts.map((part) => select(part, heap, within));
      return rest.reduce(union, first!);
    }
    case 'not':
      return difference(within, select(query.part, heap, within));
    case 'word': {
      const wanted = query.text.toLowerCase();
      const accepted = Uint8Array.from(heap.typeNames, (name) => (name.toLowerCase().includes(wanted) ? 1 : 0));
      return ofTypes(heap, accepted, within);
    }
    case 'text':
      return selectByText(query.field, query.value, heap, within);
    case 'address': {
      const node = indexInAscending(heap.retention.graph.addresses, query.address);
      return indexInAscending(within, node) < 0 ? new Uint32Array(0) : Uint32Array.of(node);
    }
    case 'is':
      return narrow(within, conditionTest(query.condition, heap));
    case 'number':
      return narrowByRange(within, columnOf(query.field, heap), rangeOf(query));
  }
}

/** Rough order of what conditions need: a type's name is looked up per type, an attribute per edge. */
function cost(query: Query): number {
  switch (query.kind) {
    case 'all':
    case 'address':
      return 0;
    case 'word':
    case 'is':
    case 'number':
      return 1;
    case 'text':
      return query.field === 'type' || query.field === 'module' || query.field === 'name' ? 1 : 2;
    case 'not':
      return cost(query.part);
    case 'and':
    case 'or':
      return Math.max(...query.parts.map(cost));
  }
}

type TextQuery = Extract<Query, { readonly kind: 'text' }>;

function selectByText(field: TextQuery['field'], value: string, heap: HeapIndex, within: NodeSelection): NodeSelection {
  const { graph } = heap.retention;
  switch (field) {
    case 'type':
      return ofTypes(heap, heap.typesNamed(value), within);
    case 'module': {
      const accept = moduleName(value);
      return ofTypes(
        heap,
        Uint8Array.from(graph.types, ({ module }) => (accept(module === '' ? 'builtins' : module) ? 1 : 0)),
        within,
      );
    }
    case 'name':
      return members(within, heap.nodesNamed(value));
    case 'has':
      return members(within, heap.nodesWithName(value));
    case 'under': {
      const tops = heap.nodesMeant(value);
      // A module's functions refer to its namespace as well, so that the module alone dominates next to nothing.
      const namespaces = heap.ownNamespaces(tops);
      for (let i = 0; i < tops.length; i++) tops[i]! |= namespaces[i]!;
      return members(within, heap.dominatedBy(tops));
    }
    case 'refers-to': {
      const wanted = heap.nodesMeant(value);
      return members(
        within,
        heap.nodesWithEdge((edge) => hasBit(wanted, graph.edgeTargets[edge]!)),
      );
    }
    case 'held-by':
      return members(within, heap.referentsOf(heap.nodesMeant(value)));
  }
}

function ofTypes(heap: HeapIndex, accepted: Uint8Array, within: NodeSelection): NodeSelection {
  const { typeOf } = heap.retention.graph;
  return narrow(within, (node) => accepted[typeOf[node]!] === 1);
}

function members(within: NodeSelection, set: BitSet): NodeSelection {
  return narrow(within, (node) => hasBit(set, node));
}

const FLAG_OF_CONDITION = {
  tracked: NodeFlag.tracked,
  old: NodeFlag.oldGeneration,
  code: NodeFlag.code,
  namespace: NodeFlag.namespace,
  native: NodeFlag.nativelyHeld,
  static: NodeFlag.static,
  ownerless: NodeFlag.ownerless,
  synthetic: NodeFlag.synthetic,
} as const;

function conditionTest(condition: Condition, heap: HeapIndex): (node: NodeIndex) => boolean {
  const { graph, paths } = heap.retention;
  const { nodeFlags, entryCounts } = graph;
  switch (condition) {
    case 'reachable':
      return (node) => paths.distance[node] !== NO_NODE;
    case 'garbage':
      return (node) => paths.distance[node] === NO_NODE && (nodeFlags[node]! & NodeFlag.ownerless) === 0;
    case 'root': {
      const { roots } = heap;
      return (node) => hasBit(roots, node);
    }
    case 'container':
      return (node) => entryCounts[node] !== NOT_A_CONTAINER;
    default: {
      const flag = FLAG_OF_CONDITION[condition];
      return (node) => (nodeFlags[node]! & flag) !== 0;
    }
  }
}

function columnOf(field: NumberField, heap: HeapIndex): Uint32Array | Float64Array {
  const { graph, retained, retainedObjects, paths } = heap.retention;
  switch (field) {
    case 'size':
      return graph.shallowWords;
    case 'retained':
      return retained;
    case 'objects':
      return retainedObjects;
    case 'entries':
      return graph.entryCounts;
    case 'referrers':
      return lengthsOf(heap.referrers.firstReferrer);
    case 'referents':
      return lengthsOf(graph.firstEdge);
    case 'depth':
      return paths.distance;
  }
}

/** Of the ranges that prefix sums begin. */
function lengthsOf(first: Uint32Array): Uint32Array {
  const lengths = new Uint32Array(first.length - 1);
  for (let n = 0; n < lengths.length; n++) lengths[n] = first[n + 1]! - first[n]!;
  return lengths;
}

/** All that is measured is whole; a bound of bytes (`1.3KB`) may not be. */
function rangeOf(query: Extract<Query, { readonly kind: 'number' }>): NumberRange {
  const { field, operator } = query;
  // The column of sizes counts words.
  const value = field === 'size' ? query.value / WORD_BYTES : query.value;
  const all = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, isOutside: false };
  switch (operator) {
    case '>':
      return { ...all, low: Math.floor(value) + 1 };
    case '>=':
      return { ...all, low: Math.ceil(value) };
    case '<':
      return { ...all, high: Math.ceil(value) - 1 };
    case '<=':
      return { ...all, high: Math.floor(value) };
    case '=':
      return { low: value, high: value, isOutside: false };
    case '!=':
      return { low: value, high: value, isOutside: true };
  }
}
