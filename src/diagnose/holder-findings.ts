// Findings with a Python holder: each group of holders that gained, judged by its series, its bound and its source.

import { indexInAscending } from '../base/sorted-search.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import { type HeapGraph, qualifiedTypeName } from '../graph/heap-graph.ts';
import type { NodeNames } from '../graph/node-names.ts';
import { namePath } from '../graph/path-names.ts';
import type { ShortestPaths } from '../graph/reachability.ts';
import type { Referrers } from '../graph/referrers.ts';
import { alternativePaths } from '../graph/retaining-path.ts';
import { judgeTrend, type SeriesPoint, type Trend } from '../metrics/growth-trend.ts';
import type { GrowthSites } from '../source/growth-site-query.ts';
import { findGrowthSites } from '../source/growth-sites.ts';
import { isLibraryPath } from '../source/source-index.ts';
import { adviceFor } from './advice.ts';
import {
  type DraftFinding,
  limitSites,
  listSeries,
  mergeSeries,
  perMinute,
  runningSites,
  toFindSite,
  trendInWords,
} from './draft-finding.ts';
import type { Confidence, FindSite, Verdict } from './find-report.ts';
import { kindOfHolder } from './finding-kind.ts';
import { findGrowingObjects } from './growing-objects.ts';
import { findHolderGrowth, type HolderGrowth, typeSeries } from './holder-growth.ts';
import { type NamedHolder, referenceOf } from './holder-reference.ts';
import type { Observation } from './observation.ts';
import type { ProgramFacts } from './program-facts.ts';
import { observationFrom } from './start-up-snapshots.ts';

export interface HeapAnalysis {
  readonly graph: HeapGraph;
  readonly paths: ShortestPaths;
  readonly referrers: Referrers;
  readonly names: NodeNames;
  readonly facts: ProgramFacts;
  /** Retained bytes by node. */
  readonly retained: Float64Array;
}

export interface HolderFindings {
  readonly findings: readonly DraftFinding[];
  /** Holders that gained and are no leak, one sentence each. */
  readonly notLeaking: readonly string[];
}

/** Entries a holder must gain in the run to be looked at, and the bytes. */
const LEAST_ENTRIES = 8;
const LEAST_BYTES = 512;
/** Snapshots and looks that have seen a holder that came later, from which on its growth is believed. */
const LEAST_SNAPSHOTS = 3;
const LEAST_LATER_POINTS = 4;
/** Holders examined with their source: each costs a search of the program. */
const EXAMINED_LIMIT = 24;
/** Cooling holders worth a line: those that gained at least this much. */
const NOTED_BYTES = 32 << 10;
const NOTED_LIMIT = 6;
const OTHER_PATHS = 3;
/** Share of its type's growth that a holder without entries must hold to have caused it. */
const OWN_SHARE = 0.1;
/** Share of the heap's growth that makes a holder its main cause. */
const MAIN_SHARE = 0.3;
/** Where no application line is known to write: library lines listed, and running lines of the application. */
const LIBRARY_SITES = 4;
const APPLICATION_SITES = 4;

export function findHolderFindings(observation: Observation, analysis: HeapAnalysis): HolderFindings {
  const { graph, paths, names } = analysis;
  const growths = holderGrowths(observation, analysis);
  growths.push(...findGrowingObjects(graph, paths, names, observation.summaries));
  const findings: DraftFinding[] = [];
  const notLeaking: string[] = [];
  const growing: HolderGrowth[] = [];
  let examined = 0;
  for (const found of growths) {
    const { growth, series, trend } = courseOf(observation, graph, found);
    if (isGrowing(trend)) growing.push(growth);
    else {
      if (
        growth.bytes >= NOTED_BYTES &&
        notLeaking.length < NOTED_LIMIT &&
        trend.shape !== 'flat' &&
        trend.shape !== 'falling'
      ) {
        const named = referenceOf(analysis.graph, analysis.facts, growth.name.steps);
        notLeaking.push(
          `${named.name}: ${trendInWords(trend, series.length)} (${formatCount(series.at(-1)?.[1] ?? 0)} entries)`,
        );
      }
      continue;
    }
    if (++examined > EXAMINED_LIMIT) break;
    const drafted = draft(observation, analysis, growth, series, trend);
    if (typeof drafted === 'string') notLeaking.push(drafted);
    else findings.push(drafted);
  }
  for (const later of findLaterHolders(observation, analysis, growing)) {
    if (++examined > EXAMINED_LIMIT) break;
    const drafted = draft(later.observation, analysis, later.growth, later.series, later.trend);
    if (typeof drafted === 'string') notLeaking.push(drafted);
    else findings.push(drafted);
  }
  return { findings, notLeaking };
}

/** What gained enough since the first snapshot to be looked at. */
function holderGrowths({ summaries }: Observation, { graph, paths, names }: HeapAnalysis): HolderGrowth[] {
  return findHolderGrowth(graph, paths, names, summaries).filter(
    (growth) => growth.count >= LEAST_ENTRIES && growth.bytes >= LEAST_BYTES && !isBookkeeping(graph, growth),
  );
}

function isGrowing({ shape }: Trend): boolean {
  return shape === 'steady' || shape === 'too short';
}

interface LaterGrowth extends Course {
  /** The run since the first snapshot that had the holder. */
  readonly observation: Observation;
}

/**
 * Holders that were not there at the first snapshot, such as the globals of a module imported since: what they gain
 * counts as their own from the first snapshot that has them, while what they hang on gained them alone. `growing` are
 * the holders found since the first snapshot: what hangs on those is theirs.
 */
function findLaterHolders(
  observation: Observation,
  analysis: HeapAnalysis,
  growing: readonly HolderGrowth[],
): LaterGrowth[] {
  const { summaries } = observation;
  const { addresses } = analysis.graph;
  const known = new Set(growing.flatMap(({ members }) => members));
  const found: LaterGrowth[] = [];
  for (let first = 1; first <= summaries.length - LEAST_SNAPSHOTS; first++) {
    const before = summaries[first - 1]!.columns.addresses;
    const since = observationFrom(observation, first);
    for (const growth of holderGrowths(since, analysis)) {
      if (indexInAscending(before, addresses[growth.holder]!) >= 0) continue;
      if (growth.path.nodes.some((node) => known.has(node))) continue;
      const course = courseOf(since, analysis.graph, growth);
      if (!isGrowing(course.trend) || course.series.length < LEAST_LATER_POINTS) continue;
      found.push({ ...course, observation: since });
      for (const member of growth.members) known.add(member);
    }
  }
  return found;
}

interface Course {
  readonly growth: HolderGrowth;
  readonly series: readonly SeriesPoint[];
  readonly trend: Trend;
}

/** How the holder grew: by its entries, or, where they do not tell, by the objects it gained. */
function courseOf(observation: Observation, graph: HeapGraph, growth: HolderGrowth): Course {
  const options = { leastRise: LEAST_ENTRIES, work: observation.work };
  const series = mergeSeries(growth.series, liveSeries(observation, graph, growth));
  const trend = judgeTrend(series, options);
  // A container that is copied for every change is another object each time, now and then at an address known before.
  const rise = observation.summaries.at(-1)!.objects.bytes - observation.summaries[0]!.objects.bytes;
  if (trend.shape !== 'sawtooth' || !growth.isContainer || growth.bytes < rise * MAIN_SHARE)
    return { growth, series, trend };
  const objects = typeSeries(observation.summaries, growth.types);
  const gained = judgeTrend(objects, options);
  return gained.shape === 'steady'
    ? { growth: { ...growth, isContainer: false }, series: objects, trend: gained }
    : { growth, series, trend };
}

/** Growth that follows another's: its holder is the finding. */
function isBookkeeping(graph: HeapGraph, growth: HolderGrowth): boolean {
  // The interpreter's own weak references to subclasses.
  if (growth.name.steps.some((step) => step.kind === 'field' && step.name === 'subclasses')) return true;
  // Entries of a weak set go with the objects they stand for.
  const types = growth.path.nodes.slice(-3).map((node) => qualifiedTypeName(graph.types[graph.typeOf[node]!]!));
  if (types.includes('_weakrefset.WeakSet')) return true;
  // What a running function happens to have in hand, of a type that grows elsewhere.
  const [main] = growth.types;
  const rise = growth.series.at(-1)![1] - growth.series[0]![1];
  return !growth.isContainer && main !== undefined && main.count < rise * OWN_SHARE;
}

function liveSeries(observation: Observation, graph: HeapGraph, growth: HolderGrowth): readonly SeriesPoint[] {
  if (!growth.isContainer || growth.members.length !== 1) return [];
  return observation.liveEntries.get(graph.addresses[growth.holder]!) ?? [];
}

/** The finding, or a sentence that says why it is none. */
function draft(
  observation: Observation,
  analysis: HeapAnalysis,
  growth: HolderGrowth,
  series: readonly SeriesPoint[],
  trend: Trend,
): DraftFinding | string {
  const { graph, facts } = analysis;
  const named = referenceOf(graph, facts, growth.name.steps);
  const sites = sitesOf(observation, growth, named);
  const bound = boundOf(observation, graph, growth);
  const entries = growth.isContainer ? series.at(-1)![1] : undefined;
  if (bound !== undefined && entries !== undefined && growth.members.length === 1 && entries <= bound) {
    return fillingSentence(named.name, growth, entries, bound);
  }
  const kind = kindOfHolder(graph, growth);
  const seconds = observation.observedSeconds;
  const sourceBound = sites?.bound;
  const verdict: Verdict =
    trend.shape === 'too short' || (sourceBound !== undefined && (entries ?? 0) <= sourceBound) ? 'suspect' : 'leak';
  const holderNode = growth.holder;
  const grows =
    sites === undefined || sites.grows.length === 0
      ? runningSites(observation)
      : withApplicationLines(
          observation,
          sites.grows.map((site) => toFindSite(observation, site)),
        );
  // `log = log.bind(…)` replaces what it extends: a line that grows the holder is not the one that empties it.
  const shrinks = (sites?.shrinks ?? [])
    .filter((site) => !grows.some((grow) => grow.line === site.line && grow.file === site.path))
    .map((site) => toFindSite(observation, site));
  const retainedBytes = growth.members.reduce((sum, node) => sum + analysis.retained[node]!, 0);
  const total = observation.summaries.at(-1)!.objects.bytes;
  const bytesPerMinute = perMinute(growth.bytes, seconds);
  const type = qualifiedTypeName(graph.types[graph.typeOf[holderNode]!]!);
  return {
    weight: bytesPerMinute,
    ...(named.reference === undefined ? {} : { reference: named.reference }),
    gains: { form: 'below', members: growth.members, edge: growth.edge },
    kind,
    verdict,
    confidence: confidenceOf(trend, series.length, grows, shrinks),
    holder: {
      path: shownPath(observation, analysis, growth),
      name: growth.members.length > 1 ? `${named.name} (${formatCount(growth.members.length)} objects)` : named.name,
      type,
      ...(growth.members.length === 1 ? { address: `0x${graph.addresses[holderNode]!.toString(16)}` } : {}),
      ...(entries === undefined ? {} : { entries }),
      ...(bound === undefined ? {} : { bound }),
      retained_bytes: retainedBytes,
      retained_share: total === 0 ? 0 : Math.min(1, retainedBytes / total),
    },
    growth: {
      entries_per_minute: growth.isContainer ? trend.ratePerMinute : 0,
      bytes_per_minute: bytesPerMinute,
      objects_per_minute: perMinute(growth.count, seconds),
      types: growth.types.slice(0, 5).map((gain) => ({
        type: gain.type,
        objects_per_minute: perMinute(gain.count, seconds),
        bytes_per_minute: perMinute(gain.bytes, seconds),
      })),
      series: listSeries(series),
    },
    sites: limitSites(grows),
    shrinks: limitSites(shrinks),
    other_paths: otherPaths(observation, analysis, growth),
    because: reasons(trend, series, grows, shrinks, sourceBound),
    advice: adviceFor(kind, {
      name: named.name,
      holderType: type,
      shrinksSomewhere: shrinks.length > 0,
      ...(!isApplicationsOwner(named) && isLibrarysOwn(grows, shrinks)
        ? { removedByLibrary: [...new Set(shrinks.map((site) => site.function))] }
        : {}),
    }),
  };
}

/** Library lines alone do not say where to edit: the application's running lines come with them. */
function withApplicationLines(observation: Observation, sites: readonly FindSite[]): FindSite[] {
  if (sites.some((site) => !isLibraryPath(site.file))) return [...sites];
  const running = runningSites(observation).filter((site) => !isLibraryPath(site.file));
  return [...sites.slice(0, LIBRARY_SITES), ...running.slice(0, APPLICATION_SITES)];
}

/** Whether a global of the program owns the holder: its bound is then the program's to set. */
function isApplicationsOwner({ reference }: NamedHolder): boolean {
  return reference?.form === 'instance attribute' && reference.owner !== undefined;
}

/** Whether libraries alone write to the holder: a person cannot change how they do. */
function isLibrarysOwn(grows: readonly FindSite[], shrinks: readonly FindSite[]): boolean {
  const writes = [...grows.filter((site) => site.basis === 'writes holder'), ...shrinks];
  return writes.length > 0 && writes.every((site) => isLibraryPath(site.file));
}

function sitesOf(observation: Observation, growth: HolderGrowth, named: NamedHolder): GrowthSites | undefined {
  const growingTypes = growth.types.map((gain) => gain.type).filter((type) => type.includes('.'));
  if (named.reference === undefined) return undefined;
  return findGrowthSites(observation.source, {
    holder: named.reference,
    growingTypes,
    running: observation.running,
  });
}

/** A bound on the holder itself, or on the object right above it that manages it. */
function boundOf(observation: Observation, graph: HeapGraph, growth: HolderGrowth): number | undefined {
  const nodes = growth.path.nodes;
  for (let i = nodes.length - 1; i >= Math.max(0, nodes.length - 3); i--) {
    const bound = observation.boundAt(graph.addresses[nodes[i]!]!);
    if (bound !== undefined) return bound;
  }
  return undefined;
}

function fillingSentence(name: string, growth: HolderGrowth, entries: number, bound: number): string {
  const each = growth.bytes / Math.max(1, growth.series.at(-1)![1] - growth.series[0]![1]);
  const full = Number.isFinite(each) && each > 0 ? `, about ${formatBytes(each * bound)} when full` : '';
  return `${name}: a cache filling to its bound, ${formatCount(entries)} of ${formatCount(bound)} entries${full}`;
}

function confidenceOf(
  trend: Trend,
  points: number,
  grows: readonly FindSite[],
  shrinks: readonly FindSite[],
): Confidence {
  if (trend.shape === 'too short') return 'low';
  const writes = grows.some((site) => site.basis === 'writes holder');
  if (points >= 6 && trend.pace > 0.6 && (writes ? shrinks.length === 0 : true)) return 'high';
  return 'medium';
}

function reasons(
  trend: Trend,
  series: readonly SeriesPoint[],
  grows: readonly FindSite[],
  shrinks: readonly FindSite[],
  sourceBound: number | undefined,
): string[] {
  const said = [trendInWords(trend, series.length)];
  const writes = grows.filter((site) => site.basis === 'writes holder').length;
  if (writes > 0) {
    const places = writes === 1 ? '1 place' : `${writes} places`;
    if (shrinks.length === 0) said.push(`written at ${places}, removed from nowhere in the source`);
    else
      said.push(
        `written at ${places}, removed from at ${shrinks.length === 1 ? '1 place' : `${shrinks.length} places`}, but more slowly`,
      );
  }
  if (sourceBound !== undefined) said.push(`the source bounds it at ${formatCount(sourceBound)} entries`);
  return said;
}

/** The holder's path, with its keys where values are to be shown; a group has no keys in common. */
function shownPath(observation: Observation, { graph, names }: HeapAnalysis, growth: HolderGrowth): string {
  if (observation.keyText === undefined || growth.members.length > 1) return growth.name.text;
  return namePath(graph, growth.path, names, observation.keyText).text;
}

function otherPaths(observation: Observation, analysis: HeapAnalysis, growth: HolderGrowth): string[] {
  const { graph, paths, referrers, names } = analysis;
  const target = growth.path.nodes.at(-1)!;
  return alternativePaths(graph, paths, referrers, target, OTHER_PATHS + 1)
    .slice(1)
    .filter((path) => namePath(graph, path, names).text !== growth.name.text)
    .map((path) => namePath(graph, path, names, observation.keyText).text);
}
