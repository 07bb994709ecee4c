// Between a walk and a .heap file: what the file keeps of the cyclic collector, and what can be said of it again.

import type { CollectorState } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import { type Address, type HeapGraph, RootKind } from '../graph/heap-graph.ts';
import type { StoredCollector } from '../snapshot/stored-collector.ts';
import { type GcInput, type GcReport, type GcReportOptions, reportGc } from './gc-report.ts';
import { rowsOf } from './snapshot-summary.ts';

/** What a file keeps of a walk. */
export function storeCollector(
  { collector, collectorLists }: Pick<HeapWalk, 'collector' | 'collectorLists'>,
  { incremental }: { readonly incremental: boolean },
): StoredCollector {
  const { enabled, debug, thresholds, counts, stats, longLivedTotal, longLivedPending } = collector;
  return {
    enabled,
    debug,
    thresholds,
    counts,
    stats: stats.map(({ collections, collected, uncollectable }) => [collections, collected, uncollectable]),
    generations: collectorLists?.generations ?? [],
    frozen: collectorLists?.permanent ?? 0,
    longLivedTotal,
    longLivedPending,
    incremental,
  };
}

/** What `reportGc` makes its answer of. `stored` is undefined of a file that does not say. */
export function inputOfHeap(graph: HeapGraph, stored: StoredCollector | undefined): GcInput {
  const input = { graph, image: undefined };
  if (stored === undefined) return { ...input, collector: undefined, collectorLists: undefined };
  const { enabled, debug, thresholds, counts, stats, longLivedTotal, longLivedPending, generations, frozen } = stored;
  const collector: CollectorState = {
    collecting: false,
    enabled,
    debug,
    generationHeads: [],
    permanentHead: 0,
    thresholds,
    counts,
    stats: stats.map(([collections = 0, collected = 0, uncollectable = 0]) => ({
      collections,
      collected,
      uncollectable,
    })),
    garbageList: rootAddress(graph, RootKind.interpreter, 'gc.garbage'),
    callbacks: rootAddress(graph, RootKind.hooks, 'gc.callbacks'),
    longLivedTotal,
    longLivedPending,
    lastFullMs: undefined,
    spentMs: undefined,
    frozenMark: undefined,
  };
  return { ...input, collector, collectorLists: { generations, permanent: frozen } };
}

/** What `leakscope gc` says of a graph whose memory is gone. */
export function reportStoredGc(
  graph: HeapGraph,
  stored: StoredCollector | undefined,
  options: Pick<GcReportOptions, 'target' | 'top' | 'problems'>,
): GcReport {
  return reportGc(inputOfHeap(graph, stored), {
    ...options,
    freeThreaded: stored?.generations.length === 0,
    incremental: stored?.incremental === true,
    pausesMs: [],
    captures: [],
  });
}

function rootAddress(graph: HeapGraph, kind: RootKind, label: string): Address {
  const [node] = rowsOf(graph, (other) => other === kind, label);
  return node === undefined ? 0 : graph.addresses[node]!;
}
