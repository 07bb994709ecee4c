// Questions that nobody has asked yet, asked ahead while the reader looks at the first answers: the first query then finds
// the objects sorted by type, and its loops compiled. On ten million objects that halves the time it takes.

import type { HeapIndex } from '../query/heap-index.ts';
import { evaluateQuery } from '../query/query-evaluation.ts';
import { parseQuery } from '../query/query-syntax.ts';
import { ObjectSelection } from '../views/object-selection.ts';
import type { OpenHeap } from './heap-analysis.ts';

/** Between them they need every kind of narrowing that goes through all objects, on many and on few. */
const REHEARSED = ['type:dict entries>8', 'type:str size>64', 'module:__main__ retained>1KB', 'retained<1KB', 'is:old'];

/** Asks one with every step; the caller answers others between them. */
export function* prepareQueries(heap: OpenHeap, index: HeapIndex): Generator<undefined, void> {
  for (const text of REHEARSED) {
    const selection = new ObjectSelection(heap, evaluateQuery(parseQuery(text), index));
    selection.window({ sort: 'retained_bytes', order: 'descending' }, 0, 1);
    yield;
  }
}
