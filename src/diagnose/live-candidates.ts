// What a run over a live process says of containers that source points at: which grow, how fast, and which stand still.

import { indexInAscending } from '../base/sorted-search.ts';
import { NOT_A_CONTAINER, type NodeIndex } from '../graph/heap-graph.ts';
import { judgeTrend } from '../metrics/growth-trend.ts';
import type { HolderReference } from '../source/growth-site-query.ts';
import type { DraftFinding } from './draft-finding.ts';
import { perMinute } from './draft-finding.ts';
import type { HeapAnalysis } from './holder-findings.ts';
import { entrySeries } from './holder-growth.ts';
import { resolveHolders } from './holder-nodes.ts';
import type { Observation } from './observation.ts';

export interface LiveCandidate {
  /** growing: entries or what hangs on them rise steadily. still: seen, and does not. unseen: the process has no such object. */
  readonly state: 'growing' | 'still' | 'unseen';
  /** Objects the name stands for: one for a module's variable, one for each instance of an attribute's class. */
  readonly objects: number;
  readonly entries: number;
  readonly entriesPerMinute: number;
  readonly retainedBytes: number;
  readonly bytesPerMinute: number;
  /** Name of the holder in the run's finding that is about it, where there is one. */
  readonly holderName: string | undefined;
}

/** Entries gained in a run that make a container worth a word. */
const LEAST_RISE = 8;

/** One answer for each holder, in order. `findings` are those of the same run. */
export function judgeCandidates(
  observation: Observation,
  analysis: HeapAnalysis,
  findings: readonly DraftFinding[],
  holders: readonly HolderReference[],
): readonly LiveCandidate[] {
  const nodes = resolveHolders(analysis.names, analysis.facts, holders);
  return holders.map((holder, i) => judge(observation, analysis, findings, holder, nodes[i]!));
}

function judge(
  observation: Observation,
  analysis: HeapAnalysis,
  findings: readonly DraftFinding[],
  holder: HolderReference,
  nodes: readonly NodeIndex[],
): LiveCandidate {
  const { graph, retained } = analysis;
  // Objects that came since say that there are more of them, not that one of them grows.
  const first = observation.summaries[0]!.columns.addresses;
  const old = nodes.filter((node) => indexInAscending(first, graph.addresses[node]!) >= 0);
  const series = entrySeries(graph, observation.summaries, old);
  const trend = judgeTrend(series, { leastRise: LEAST_RISE, work: observation.work });
  // What grows may hang below the container's own entries: lists in a dict, say. Then find has named it all the same.
  const finding = findings.find(({ reference }) => reference !== undefined && isSameHolder(reference, holder));
  const isGrowing = finding !== undefined || trend.shape === 'steady';
  const containers = nodes.filter((node) => graph.entryCounts[node] !== NOT_A_CONTAINER);
  const entries = containers.reduce((sum, node) => sum + graph.entryCounts[node]!, 0);
  const retainedBytes = containers.reduce((sum, node) => sum + retained[node]!, 0);
  const seconds = observation.observedSeconds;
  const entriesPerMinute = perMinute(trend.rise, seconds);
  return {
    state: isGrowing ? 'growing' : nodes.length > 0 ? 'still' : 'unseen',
    holderName: finding?.holder.name,
    objects: nodes.length,
    entries: finding?.holder.entries ?? entries,
    entriesPerMinute: finding?.growth.entries_per_minute ?? entriesPerMinute,
    retainedBytes: finding?.holder.retained_bytes ?? retainedBytes,
    bytesPerMinute:
      finding?.growth.bytes_per_minute ?? (entries > 0 ? (retainedBytes / entries) * Math.max(0, entriesPerMinute) : 0),
  };
}

/** Whether two references mean one holder: what a heap names by an owner, source names by its class alone. */
function isSameHolder(a: HolderReference, b: HolderReference): boolean {
  if (a.form !== b.form || a.module !== b.module) return false;
  switch (a.form) {
    case 'global':
      return a.name === (b as typeof a).name;
    case 'class attribute':
    case 'instance attribute':
      return a.name === (b as typeof a).name && a.className === (b as typeof a).className;
    case 'function cache':
      return a.qualname === (b as typeof a).qualname;
    case 'closure':
    case 'local':
      return a.qualname === (b as typeof a).qualname && a.name === (b as typeof a).name;
    case 'default argument':
      // A heap knows a default by its place only.
      return a.qualname === (b as typeof a).qualname;
  }
}
