// Which objects of a heap a query means. Each condition narrows the objects that those before it left; of several the ones
// that need least are asked first.

import { difference, hasBit, intersection, union } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { NodeFlag, WORD_BYTES } from '../graph/heap-graph.ts';
import { narrowByCoarse } from './coarse-column.ts';
import type { HeapIndex } from './heap-index.ts';
import { moduleName } from './name-pattern.ts';
import {
  isEmpty,
  type NodeSelection,
  type NumberRange,
  narrowByMask,
  narrowByRange,
  selectionOf,
} from './node-selection.ts';
import type { Condition, NumberField } from './query-fields.ts';
import type { Query } from './query-syntax.ts';

/** Costs a few nanoseconds per object of the heap for each condition, or per reference for those about references. */
export function evaluateQuery(query: Query, heap: HeapIndex): NodeSelection {
  return select(query, heap, heap.nodes);
}

function select(query: Query, heap: HeapIndex, within: NodeSelection): NodeSelection {
  if (isEmpty(within)) return within;
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
      const isMeant = node >= 0 && hasBit(within, node);
      return selectionOf(heap.retention.graph.nodeCount, isMeant ? [node] : []);
    }
    case 'is':
      return selectByCondition(query.condition, heap, within);
    case 'number':
      return selectByNumber(query, heap, within);
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
      return intersection(within, heap.nodesNamed(value));
    case 'has':
      return intersection(within, heap.nodesWithName(value));
    case 'under': {
      const tops = heap.nodesMeant(value);
      // A module's functions refer to its namespace as well, so that the module alone dominates next to nothing.
      return intersection(within, heap.dominatedBy(union(tops, heap.ownNamespaces(tops))));
    }
    case 'refers-to':
      return intersection(within, heap.referrersOf(heap.nodesMeant(value)));
    case 'held-by':
      return intersection(within, heap.referentsOf(heap.nodesMeant(value)));
  }
}

function ofTypes(heap: HeapIndex, accepted: Uint8Array, within: NodeSelection): NodeSelection {
  return intersection(within, heap.nodesOfTypes(accepted));
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

function selectByCondition(condition: Condition, heap: HeapIndex, within: NodeSelection): NodeSelection {
  const { graph, paths } = heap.retention;
  switch (condition) {
    case 'reachable':
      return narrowByRange(within, paths.distance, ANY_NUMBER);
    case 'garbage': {
      const unreached = difference(within, narrowByRange(within, paths.distance, ANY_NUMBER));
      return difference(unreached, narrowByMask(unreached, graph.nodeFlags, NodeFlag.ownerless));
    }
    case 'root':
      return intersection(within, heap.roots);
    case 'container':
      return narrowByRange(within, graph.entryCounts, ANY_NUMBER);
    default:
      return narrowByMask(within, graph.nodeFlags, FLAG_OF_CONDITION[condition]);
  }
}

type NumberQuery = Extract<Query, { readonly kind: 'number' }>;

function selectByNumber(query: NumberQuery, heap: HeapIndex, within: NodeSelection): NodeSelection {
  const { field, operator } = query;
  const column = columnOf(field, heap);
  const narrow = (range: NumberRange): NodeSelection =>
    column instanceof Uint32Array
      ? narrowByCoarse(within, heap.coarse(column), range)
      : narrowByRange(within, column, range);
  if (operator === '!=') return difference(narrow(ANY_NUMBER), narrow(rangeOf(query, '=')));
  const range = rangeOf(query, operator);
  const isLowerBound = range.high === Number.POSITIVE_INFINITY;
  const few = field === 'retained' && isLowerBound ? heap.retainingAtLeast(range.low) : undefined;
  return few === undefined ? narrow(range) : intersection(within, few);
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
      return heap.referrerCounts;
    case 'referents':
      return heap.referentCounts;
    case 'depth':
      return paths.distance;
  }
}

/** What every node with a number has: a node without one is at no distance, or has no entries. */
const ANY_NUMBER: NumberRange = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** All that is measured is whole; a bound of bytes (`1.3KB`) may not be. */
function rangeOf(query: NumberQuery, operator: Exclude<NumberQuery['operator'], '!='>): NumberRange {
  // The column of sizes counts words.
  const value = query.field === 'size' ? query.value / WORD_BYTES : query.value;
  switch (operator) {
    case '>':
      return { ...ANY_NUMBER, low: Math.floor(value) + 1 };
    case '>=':
      return { ...ANY_NUMBER, low: Math.ceil(value) };
    case '<':
      return { ...ANY_NUMBER, high: Math.ceil(value) - 1 };
    case '<=':
      return { ...ANY_NUMBER, high: Math.floor(value) };
    case '=':
      return { low: value, high: value };
  }
}
