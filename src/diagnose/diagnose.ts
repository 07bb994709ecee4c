// Judges a run: findings ranked, one verdict, and what was looked at and found sound. Pure: an observation in, a report out.

import { formatByteRate, formatCount, formatDuration } from '../base/units.ts';
import { computeDominators } from '../graph/dominators.ts';
import { nodeNames } from '../graph/node-names.ts';
import { shortestPaths } from '../graph/reachability.ts';
import { buildReferrers } from '../graph/referrers.ts';
import { retainedBytes } from '../graph/retained-size.ts';
import { judgeTrend, type Trend } from '../metrics/growth-trend.ts';
import type { HolderReference } from '../source/growth-site-query.ts';
import type { DraftFinding } from './draft-finding.ts';
import { FIND_SCHEMA, type Finding, type FindReport, type Verdict } from './find-report.ts';
import { findGainedAllocations } from './gained-allocations.ts';
import { findGarbageGrowth, KEPT_GARBAGE } from './garbage-growth.ts';
import { findHolderFindings, type HeapAnalysis, type HolderFindings } from './holder-findings.ts';
import { judgeCandidates, type LiveCandidate } from './live-candidates.ts';
import { findLostReferences } from './lost-references.ts';
import { total } from './native-draft.ts';
import { doubtBesideHolders, findNativeBlocks, findNativeHolds } from './native-findings.ts';
import type { Observation } from './observation.ts';
import { programFacts } from './program-facts.ts';
import { findResourceGrowth } from './resource-findings.ts';
import { residentParts, soundMemory } from './sound-memory.ts';
import { startUpInWords, withoutStartUp } from './start-up-snapshots.ts';
import { findUnexplainedRss } from './unexplained-rss.ts';

/** Findings shown at most; below this share of the largest they are not worth a person's time. */
const FINDINGS_LIMIT = 8;
const LEAST_SHARE = 0.01;
const LEAST_SNAPSHOTS = 3;
/** Share of the descriptors allowed that is too many for any run that short. */
const NEAR_LIMIT = 0.5;

/** The report of a run of at least one snapshot. */
export function diagnose(observation: Observation): FindReport {
  return diagnoseCandidates(observation, []).report;
}

/** The same, and what the run says of containers that source points at, one answer for each. */
export function diagnoseCandidates(
  whole: Observation,
  candidates: readonly HolderReference[],
): { readonly report: FindReport; readonly candidates: readonly LiveCandidate[] } {
  const observation = withoutStartUp(whole);
  const analysis = analyse(observation);
  const garbage = findGarbageGrowth(observation, analysis);
  const holders = withoutKeptGarbage(findHolderFindings(observation, analysis), observation, garbage);
  const native = doubtBesideHolders(
    [
      ...findNativeHolds(observation, analysis),
      ...findLostReferences(observation, analysis),
      ...findNativeBlocks(observation),
      ...garbage,
    ],
    holders.findings,
  );
  const resources = findResourceGrowth(observation, analysis, holders.findings);
  const explained = [...holders.findings, ...native, ...resources];
  const drafts = [...explained, ...findUnexplainedRss(observation, explained)];
  const ranked = rank(drafts);
  const verdict = overallVerdict(observation, ranked);
  const last = observation.summaries.at(-1)!;
  const seconds = observation.observedSeconds;
  const bytes = trendOf(observation, (summary) => summary.objects.bytes + summary.ownerlessBytes);
  const objects = trendOf(observation, (summary) => summary.objects.count);
  const rss = judgeTrend(observation.resources.map((sample) => [sample.atSeconds, sample.rssBytes] as const));
  const bytesPerMinute =
    seconds > 0 ? (bytes.shape === 'too short' ? (bytes.rise / seconds) * 60 : bytes.ratePerMinute) : 0;
  const limit = observation.target.memory_limit_bytes;
  const room = limit === undefined ? undefined : limit - observation.target.rss_bytes;
  const grows = verdict === 'leak' || verdict === 'suspect';
  const report: FindReport = {
    schema: FIND_SCHEMA,
    target: observation.target,
    verdict,
    summary: summarise(observation, verdict, ranked, bytesPerMinute),
    observed_seconds: seconds,
    growth: {
      bytes_per_minute: bytesPerMinute,
      objects_per_minute:
        objects.shape === 'too short' ? (seconds > 0 ? (objects.rise / seconds) * 60 : 0) : objects.ratePerMinute,
      rss_bytes_per_minute: rss.ratePerMinute,
      ...(grows && room !== undefined && bytesPerMinute > 0
        ? { seconds_to_limit: Math.max(0, room / bytesPerMinute) * 60 }
        : {}),
    },
    pauses_ms: observation.pausesMs.map((ms) => Math.round(ms * 10) / 10),
    captures: observation.captures,
    heap: {
      objects: last.objects.count,
      bytes: last.objects.bytes,
      garbage_objects: total(last.garbage).count,
      garbage_bytes: total(last.garbage).bytes,
    },
    ...tracingOf(observation),
    findings: listFindings(observation, analysis, ranked),
    not_leaking: [...holders.notLeaking, ...startUpInWords(observation), ...soundMemory(observation, ranked)],
    resident: residentParts(observation),
    problems: observation.problems,
  };
  return { report, candidates: judgeCandidates(observation, analysis, drafts, candidates) };
}

function tracingOf({ allocations }: Observation): Pick<FindReport, 'tracing'> {
  if (allocations === undefined) return {};
  return { tracing: { frames: allocations.frames, table_bytes: allocations.tableBytes } };
}

/** As the report has them, with who allocated what each gained. */
function listFindings(
  { allocations }: Observation,
  { graph, paths }: HeapAnalysis,
  ranked: readonly DraftFinding[],
): Finding[] {
  const places = ranked.map(({ gains }) => gains);
  const gained = allocations === undefined ? [] : findGainedAllocations(graph, paths, allocations, places);
  return ranked.map(({ weight: _weight, reference: _reference, gains: _gains, ...finding }, i) => ({
    rank: i + 1,
    ...finding,
    ...(gained[i] === undefined ? {} : { allocations: gained[i] }),
  }));
}

/** The list gc.garbage is a holder like any other; what fills it says more. */
function withoutKeptGarbage(
  holders: HolderFindings,
  { summaries }: Observation,
  garbage: readonly DraftFinding[],
): HolderFindings {
  if (!garbage.some((finding) => finding.holder.name === KEPT_GARBAGE)) return holders;
  const list = `0x${summaries.at(-1)!.collector.garbageList.toString(16)}`;
  return { ...holders, findings: holders.findings.filter(({ holder }) => holder.address !== list) };
}

function analyse(observation: Observation): HeapAnalysis {
  const { graph } = observation;
  const dominators = computeDominators(graph);
  return {
    graph,
    paths: shortestPaths(graph),
    referrers: buildReferrers(graph),
    names: nodeNames(graph),
    facts: programFacts(graph),
    retained: retainedBytes(graph, dominators),
  };
}

/** Leaks before suspects, then by what they cost; what is a small fraction of the first is left out. */
function rank(drafts: readonly DraftFinding[]): DraftFinding[] {
  const order: Record<Verdict, number> = { leak: 0, suspect: 1, inconclusive: 2, healthy: 3 };
  const sorted = [...drafts].sort((a, b) => order[a.verdict] - order[b.verdict] || b.weight - a.weight);
  const largest = sorted[0]?.weight ?? 0;
  return sorted.filter((draft) => draft.weight >= largest * LEAST_SHARE).slice(0, FINDINGS_LIMIT);
}

function overallVerdict(observation: Observation, ranked: readonly DraftFinding[]): Verdict {
  // Two snapshots show a difference, not a trend; but a process may run out of descriptors before there are three.
  if (observation.summaries.length < LEAST_SNAPSHOTS)
    return isRunningOut(observation, ranked) ? 'leak' : 'inconclusive';
  if (ranked.some((finding) => finding.verdict === 'leak')) return 'leak';
  return ranked.some((finding) => finding.verdict === 'suspect') ? 'suspect' : 'healthy';
}

/** Whether descriptors, which the kernel counts at any moment, were rising steadily towards their limit. */
function isRunningOut(observation: Observation, ranked: readonly DraftFinding[]): boolean {
  const { descriptorLimit, resources } = observation;
  const open = resources.at(-1)?.descriptors ?? 0;
  return (
    descriptorLimit !== undefined &&
    open > descriptorLimit * NEAR_LIMIT &&
    (ranked[0]?.kind === 'file descriptors' || ranked[0]?.kind === 'temporary files') &&
    ranked[0].verdict === 'leak'
  );
}

function trendOf(observation: Observation, value: (summary: Observation['summaries'][number]) => number): Trend {
  return judgeTrend(observation.summaries.map((summary) => [summary.atSeconds, value(summary)] as const));
}

function summarise(
  observation: Observation,
  verdict: Verdict,
  ranked: readonly DraftFinding[],
  bytesPerMinute: number,
): string {
  const first = ranked[0];
  const over = `in ${formatDuration(observation.observedSeconds)}`;
  switch (verdict) {
    case 'leak':
      return first!.growth.bytes_per_minute > 0
        ? `${first!.holder.name} grows ${formatByteRate(first!.growth.bytes_per_minute)} without a bound in sight`
        : `${first!.holder.name} grow by ${formatCount(first!.growth.entries_per_minute)} a minute without a bound in sight`;
    case 'suspect':
      if (first!.growth.bytes_per_minute <= 0)
        return `${first!.holder.name} rise by ${formatCount(first!.growth.entries_per_minute)} a minute, but a bound or an end is possible`;
      return `${first!.holder.name} grows ${formatByteRate(first!.growth.bytes_per_minute)}, but a bound or an end is possible`;
    case 'healthy':
      return `nothing grows steadily: live objects changed by ${formatByteRate(bytesPerMinute)} ${over}`;
    case 'inconclusive':
      return `not enough evidence: ${observation.endedEarly ?? `${observation.summaries.length} snapshots ${over}`}`;
  }
}
