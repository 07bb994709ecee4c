// A drawn graph as the views take it: with all that is computed of it.

import { analysedHeap, analyseHeap } from '../../src/daemon/heap-analysis.ts';
import type { HeapGraph } from '../../src/graph/heap-graph.ts';
import type { AnalysedHeap } from '../../src/views/analysed-heap.ts';

export function analysed(graph: HeapGraph): AnalysedHeap {
  return analysedHeap(
    graph,
    analyseHeap(graph, () => {}),
  );
}
