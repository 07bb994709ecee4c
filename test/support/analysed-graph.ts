// A drawn graph as the views take it: with all that is computed of it.

import { analyseHeap, openHeap } from '../../src/daemon/heap-analysis.ts';
import type { HeapGraph } from '../../src/graph/heap-graph.ts';
import type { AnalysedHeap } from '../../src/views/analysed-heap.ts';

export function analysed(graph: HeapGraph): AnalysedHeap {
  return openHeap(
    graph,
    analyseHeap(graph, () => {}),
  );
}
