// References lost on objects that live on: a missing Py_DECREF whose object is no new one. Nothing grows but a count, until
// the object is let go of and stays for ever with all it holds.

import { hasBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { formatCount } from '../base/units.ts';
import { compareNodes } from '../graph/comparison.ts';
import { NodeFlag, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import { judgeTrend } from '../metrics/growth-trend.ts';
import { type DraftFinding, trendInWords } from './draft-finding.ts';
import { candidatesInWords } from './extension-candidates.ts';
import type { HeapAnalysis } from './holder-findings.ts';
import { nativeCalls } from './native-call-sites.ts';
import { LEAST_COUNT, nativeFinding, neverFalls, seriesOf } from './native-draft.ts';
import type { Observation } from './observation.ts';
import { candidatesForType } from './refcount-report.ts';
import { pathText } from './retention.ts';

const TYPES_LISTED = 4;
/** Share of the lost references that new objects may account for: then it is those that leak, and another finding. */
const NEW_OBJECTS_SHARE = 0.5;
/** What a lost reference weighs in the ranking: it costs nothing by itself. */
const WEIGHT = 8;

/** One finding per type whose objects keep losing references while few of them are new. A suspicion: no memory grows. */
export function findLostReferences(observation: Observation, analysis: HeapAnalysis): DraftFinding[] {
  const { graph } = analysis;
  const { summaries } = observation;
  const first = summaries[0]!;
  const last = summaries.at(-1)!;
  const rising = [...last.lostReferences].filter(
    ([type, lost]) => lost - (first.lostReferences.get(type) ?? 0) >= LEAST_COUNT,
  );
  if (rising.length === 0) return [];
  const lostByNew = newLosers(observation, analysis);
  const findings: DraftFinding[] = [];
  for (const [type, lost] of rising) {
    const rise = lost - (first.lostReferences.get(type) ?? 0);
    if ((lostByNew.get(type) ?? 0) > rise * NEW_OBJECTS_SHARE) continue;
    const series = seriesOf(summaries, (summary) => summary.lostReferences.get(type) ?? 0);
    const trend = judgeTrend(series, { leastRise: LEAST_COUNT, work: observation.work });
    if (trend.shape !== 'steady' || !neverFalls(series)) continue;
    const main = mainLoser(observation, analysis, type, rise);
    const path = main === undefined ? '' : pathText(analysis, main);
    const calls = nativeCalls(observation, [type]);
    const index = graph.types.findIndex((candidate) => qualifiedTypeName(candidate) === type);
    const candidates = candidatesForType(graph, observation.refcounts, index, {
      extensionModules: observation.extensionModules,
      calledPackages: calls.packages,
    });
    const draft = nativeFinding(observation, 'lost references (missing DECREF)', {
      path: path === '' ? `native code → references to ${type} objects` : path,
      name: `references to ${path === '' ? `${type} objects` : `one ${type}`}`,
      type,
      count: 0,
      bytes: 0,
      types: new Map(),
      series,
      trend,
      because: [
        `${formatCount(rise)} more references to ${main === undefined ? `${type} objects` : `this ${type}`} than at the start, which no object and no native memory holds`,
        trendInWords(trend, series.length),
        ...[candidatesInWords(candidates)].filter((words) => words !== undefined),
      ],
      extraSites: [],
      callSites: calls.sites,
      verdict: 'suspect',
    });
    findings.push({ ...draft, weight: trend.ratePerMinute * WEIGHT });
  }
  return findings.sort((a, b) => b.weight - a.weight).slice(0, TYPES_LISTED);
}

/** By type, the new objects that native code holds. */
function newLosers({ summaries }: Observation, { graph }: HeapAnalysis): Map<string, number> {
  const { fresh } = compareNodes(summaries[0]!.columns, graph);
  const counts = new Uint32Array(graph.types.length);
  for (let n = 0; n < graph.nodeCount; n++) {
    if ((graph.nodeFlags[n]! & NodeFlag.nativelyHeld) !== 0 && hasBit(fresh, n)) counts[graph.typeOf[n]!]!++;
  }
  const byName = new Map<string, number>();
  counts.forEach((count, type) => {
    if (count === 0) return;
    const name = qualifiedTypeName(graph.types[type]!);
    byName.set(name, (byName.get(name) ?? 0) + count);
  });
  return byName;
}

/** The object that alone lost most of what its type lost in the run, if there is one. */
function mainLoser(
  { summaries }: Observation,
  { graph }: HeapAnalysis,
  type: string,
  rise: number,
): NodeIndex | undefined {
  const before = summaries[0]!.mostLost;
  for (const [address, lost] of summaries.at(-1)!.mostLost) {
    const node = indexInAscending(graph.addresses, address);
    if (node < 0 || qualifiedTypeName(graph.types[graph.typeOf[node]!]!) !== type) continue;
    if (lost - (before.get(address) ?? 0) > rise / 2) return node;
  }
  return undefined;
}
