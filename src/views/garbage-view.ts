// What no root reaches, by the cycles that keep it: the report of garbage with an object of each cycle to go on from.

import { nameCycle } from '../diagnose/garbage-cycle.ts';
import { type GarbageClusterRow, reportGarbage } from '../diagnose/garbage-report.ts';
import { findGarbage } from '../graph/garbage.ts';
import { type HeapGraph, NO_NODE } from '../graph/heap-graph.ts';
import { reachableFrom } from '../graph/reachability.ts';
import type { GarbageView } from '../protocol/web/heap-views.ts';
import { addressOf } from './analysed-heap.ts';

const CYCLES_SHOWN = 50;
/** Clusters looked at for examples: the largest come first, and most kinds are among them. */
const CLUSTERS_READ = 2_000;

export function garbageView(graph: HeapGraph): GarbageView {
  const { objects, bytes, types, largest } = reportGarbage(graph, { top: CYCLES_SHOWN });
  const examples = exampleOfEach(graph, largest);
  return {
    objects,
    bytes,
    types,
    cycles: largest.flatMap((row) => {
      const example = examples.get(row.cycle);
      if (example === undefined) return [];
      const { cycle, clusters, finalizers } = row;
      return [{ text: cycle, count: clusters, bytes: row.bytes, has_finalizer: finalizers.length > 0, example }];
    }),
  };
}

/** The address of an object on a cycle of each kind; of a kind without a cycle, of any of its objects. */
function exampleOfEach(graph: HeapGraph, rows: readonly GarbageClusterRow[]): ReadonlyMap<string, string> {
  const garbage = findGarbage(graph, reachableFrom(graph, graph.roots.nodes));
  const wanted = new Set(rows.map((row) => row.cycle));
  const found = new Map<string, string>();
  for (let c = 0; c < Math.min(garbage.clusterCount, CLUSTERS_READ) && found.size < wanted.size; c++) {
    const cycle = nameCycle(graph, garbage, c);
    if (!wanted.has(cycle) || found.has(cycle)) continue;
    const onCycle = garbage.cycleNodes[c]!;
    found.set(cycle, addressOf(graph, onCycle === NO_NODE ? garbage.nodes[garbage.firstNode[c]!]! : onCycle));
  }
  return found;
}
