// Growth that the kernel counts: descriptors, maps, shared memory, temporary files, threads, child processes; each with
// the Python object that holds what is new.

import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import { judgeTrend, type SeriesPoint } from '../metrics/growth-trend.ts';
import { DESCRIPTOR_KINDS, findResourceOpeners, type ResourceKind } from '../source/resource-openers.ts';
import { adviceFor } from './advice.ts';
import { type DraftFinding, limitSites, listSeries, runningSites, toFindSite, trendInWords } from './draft-finding.ts';
import type { FindingKind, FindSite } from './find-report.ts';
import type { HeapAnalysis } from './holder-findings.ts';
import type { Observation, ResourceSample } from './observation.ts';
import { type AddedResources, addedResources, holderOf, ownersInWords } from './resource-holder.ts';
import type { ResourceReportKind } from './resource-report.ts';

/** Rises below these are the ordinary coming and going of a busy server. */
const LEAST_DESCRIPTORS = 6;
const LEAST_THREADS = 4;
const LEAST_CHILDREN = 3;
const LEAST_MAPS = 6;
const LEAST_SEGMENTS = 4;
/** Of one temporary file that grows: less is a buffer spilling over. */
const LEAST_TEMPORARY_BYTES = 8 << 20;
/** What each costs in the ranking, in bytes: they run out long before memory does. */
const WEIGHT_DESCRIPTOR = 64 << 10;
const WEIGHT_MAP = 64 << 10;
const WEIGHT_THREAD = 256 << 10;
const WEIGHT_CHILD = 1 << 20;

/** Kinds that are descriptors; of shared memory there may be a descriptor too. */
const DESCRIPTORS: readonly ResourceReportKind[] = [
  'files',
  'temporary files',
  'deleted files',
  'devices',
  'sockets',
  'pipes',
  'event descriptors',
  'shared memory',
];
/** Share of the new descriptors that makes them what the finding is about. */
const MAIN_SHARE = 0.8;
const STATES_SAID = 3;
const KINDS_SAID = 4;

/** Findings from the kernel's counts; `holders` are the findings of the heap, whose lines are reused. */
export function findResourceGrowth(
  observation: Observation,
  analysis: HeapAnalysis,
  holders: readonly DraftFinding[],
): DraftFinding[] {
  const run: Run = { observation, analysis, holders, added: addedResources(observation.kernel, analysis) };
  const memory = [findSegments(run), findMaps(run)].filter((finding) => finding !== undefined);
  const descriptors = findDescriptors(run);
  const isExplained = descriptors !== undefined && memory.some((finding) => explains(finding, descriptors));
  return [
    ...(descriptors === undefined || isExplained ? [] : [descriptors]),
    ...memory,
    findTemporaryBytes(run, descriptors),
    findThreads(run),
    findChildren(run),
  ].filter((finding) => finding !== undefined);
}

/** What every kind of resource is judged with. */
interface Run {
  readonly observation: Observation;
  readonly analysis: HeapAnalysis;
  readonly holders: readonly DraftFinding[];
  readonly added: (kinds: readonly ResourceReportKind[]) => AddedResources;
}

function findDescriptors(run: Run): DraftFinding | undefined {
  const { observation } = run;
  const growing = judge(observation, (sample) => sample.descriptors, LEAST_DESCRIPTORS);
  if (growing === undefined) return undefined;
  const added = run.added(DESCRIPTORS);
  const deleted = added.items.filter(({ kind }) => kind === 'deleted files');
  const kinds = observation.descriptors
    .filter((row) => row.after > row.before)
    .sort((a, b) => b.after - b.before - (a.after - a.before))
    .map((row) => `${row.kind} +${formatCount(row.after - row.before)}`);
  const isTemporary = added.items.length > 0 && deleted.length >= added.items.length * MAIN_SHARE;
  return resourceFinding(run, isTemporary ? 'temporary files' : 'file descriptors', growing, WEIGHT_DESCRIPTOR, {
    noun: 'file descriptors',
    added,
    openers: DESCRIPTOR_KINDS,
    evidence: [
      ...(kinds.length === 0 ? [] : [`growing: ${kinds.slice(0, KINDS_SAID).join(', ')}`]),
      ...statesInWords(added),
      ...deletedInWords(deleted),
      ...limitInWords(observation, growing),
    ],
  });
}

function findThreads(run: Run): DraftFinding | undefined {
  const growing = judge(run.observation, (sample) => sample.threads, LEAST_THREADS);
  if (growing === undefined || run.holders.some((finding) => finding.kind === 'thread')) return undefined;
  return resourceFinding(run, 'thread', growing, WEIGHT_THREAD, {
    noun: 'threads',
    added: run.added(['threads']),
    openers: ['thread'],
    evidence: [],
  });
}

function findChildren(run: Run): DraftFinding | undefined {
  const growing = judge(run.observation, (sample) => sample.children, LEAST_CHILDREN);
  if (growing === undefined) return undefined;
  const zombies = run.observation.resources.at(-1)!.zombies;
  return resourceFinding(run, 'child processes', growing, WEIGHT_CHILD, {
    noun: 'child processes',
    added: run.added(['child processes']),
    openers: ['child process'],
    evidence: zombies > 0 ? [`${formatCount(zombies)} of them ended and were not waited for (zombies)`] : [],
  });
}

function findMaps(run: Run): DraftFinding | undefined {
  const growing = judge(run.observation, (sample) => sample.maps, LEAST_MAPS);
  if (growing === undefined) return undefined;
  const added = run.added(['memory maps']);
  return resourceFinding(run, 'memory maps', growing, WEIGHT_MAP, {
    noun: 'memory maps',
    added,
    openers: ['memory mapping'],
    evidence: bytesInWords(added.items, 'mapped'),
  });
}

function findSegments(run: Run): DraftFinding | undefined {
  const growing = judge(run.observation, (sample) => sample.segments, LEAST_SEGMENTS);
  if (growing === undefined) return undefined;
  const added = run.added(['shared memory']);
  return resourceFinding(run, 'shared memory', growing, WEIGHT_MAP, {
    noun: 'segments of shared memory',
    added,
    openers: ['memory mapping'],
    evidence: bytesInWords(added.items, 'of shared memory'),
  });
}

/** Disk space that files without a name, or in a folder for temporary files, take more and more of. */
function findTemporaryBytes(run: Run, descriptors: DraftFinding | undefined): DraftFinding | undefined {
  // More and more such files are the finding about descriptors.
  if (descriptors !== undefined) return undefined;
  const { observation } = run;
  const growing = judgeSeries(observation, observation.temporaryBytes, LEAST_TEMPORARY_BYTES);
  if (growing === undefined) return undefined;
  const finding = resourceFinding(run, 'temporary files', growing, 1, {
    noun: 'temporary files',
    added: run.added([]),
    openers: ['temporary file'],
    evidence: [],
  });
  const now = growing.series.at(-1)![1];
  return {
    ...finding,
    // A file that is written and then read or sent ends; nothing says that this one does not.
    verdict: 'suspect',
    confidence: 'low',
    holder: { path: 'open temporary files', name: 'open temporary files', type: 'files' },
    growth: { ...finding.growth, entries_per_minute: 0, objects_per_minute: 0, bytes_per_minute: growing.perMinute },
    because: [`they take ${formatBytes(now)} of disk now; ${growing.words}`],
  };
}

/** Whether a finding about memory is what another about descriptors sees the other side of. */
function explains(memory: DraftFinding, descriptors: DraftFinding): boolean {
  const owner = (finding: DraftFinding): string => finding.holder.path.replace(/ › [^›]*$/, '');
  if (owner(memory) !== owner(descriptors) || memory.holder.address === undefined) return false;
  // A mapping keeps at most two descriptors of its own: the program's and a copy.
  return descriptors.growth.entries_per_minute <= memory.growth.entries_per_minute * 2.5;
}

interface Growing {
  readonly series: readonly SeriesPoint[];
  readonly perMinute: number;
  readonly words: string;
}

function judge(
  observation: Observation,
  value: (sample: ResourceSample) => number,
  leastRise: number,
): Growing | undefined {
  const series = observation.resources.map((sample) => [sample.atSeconds, value(sample)] as const);
  return judgeSeries(observation, series, leastRise);
}

function judgeSeries(observation: Observation, series: readonly SeriesPoint[], leastRise: number): Growing | undefined {
  const trend = judgeTrend(series, { leastRise, work: observation.work });
  if (trend.shape !== 'steady' || trend.rise < leastRise) return undefined;
  return { series, perMinute: trend.ratePerMinute, words: trendInWords(trend, series.length) };
}

/** What the new sockets wait for: `212 in CLOSE_WAIT to 10.0.0.5:5432`. */
function statesInWords({ items }: AddedResources): string[] {
  const counts = new Map<string, number>();
  for (const { kind, name, state } of items) {
    if (kind !== 'sockets' || state === '') continue;
    const where = `${state} ${name.replace(/^(?:tcp|udp) /, '')}`;
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, STATES_SAID);
  return most.length === 0
    ? []
    : [`of the new ones ${most.map(([where, n]) => `${formatCount(n)} in ${where}`).join(', ')}`];
}

function deletedInWords(deleted: AddedResources['items']): string[] {
  if (deleted.length === 0) return [];
  const bytes = deleted.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  return [
    `${formatCount(deleted.length)} of the new ones are deleted files still open: ${formatBytes(bytes)} of disk not given back`,
  ];
}

function bytesInWords(items: AddedResources['items'], what: string): string[] {
  const bytes = items.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  return items.length === 0 ? [] : [`the new ones are ${formatBytes(bytes)} ${what}`];
}

/** How much room is left, and for how long: a process that reaches the limit can neither accept nor open. */
function limitInWords(observation: Observation, growing: Growing): string[] {
  const limit = observation.descriptorLimit;
  if (limit === undefined || growing.perMinute <= 0) return [];
  const left = Math.max(0, limit - growing.series.at(-1)![1]);
  return [`${formatCount(limit)} are allowed: reached in about ${formatDuration((left / growing.perMinute) * 60)}`];
}

interface ResourceFacts {
  readonly noun: string;
  readonly added: AddedResources;
  readonly openers: readonly ResourceKind[];
  readonly evidence: readonly string[];
}

/** Sites of the holder before those that open; the fix may be at either. */
const HOLDER_SITES = 3;

function resourceFinding(
  run: Run,
  kind: FindingKind,
  growing: Growing,
  weightEach: number,
  facts: ResourceFacts,
): DraftFinding {
  const { observation, analysis, holders } = run;
  const now = growing.series.at(-1)![1];
  const held = holderOf(observation, analysis, holders, facts.added, facts.noun, now);
  const openers = findResourceOpeners(observation.source, facts.openers, observation.running);
  const sites: FindSite[] = [
    ...held.sites.slice(0, HOLDER_SITES),
    ...openers.openers.filter((opener) => opener.release !== 'with').map((opener) => toFindSite(observation, opener)),
    ...openers.callers.map((caller) => toFindSite(observation, caller)),
  ];
  return {
    weight: growing.perMinute * weightEach,
    kind,
    verdict: 'leak',
    confidence: growing.series.length >= 6 ? 'high' : 'medium',
    holder: held.holder,
    growth: {
      entries_per_minute: growing.perMinute,
      bytes_per_minute: 0,
      objects_per_minute: growing.perMinute,
      types: held.finding?.growth.types ?? [],
      series: listSeries(growing.series),
    },
    sites: limitSites(sites.length > 0 ? sites : runningSites(observation)),
    shrinks: held.finding?.shrinks ?? [],
    other_paths: [],
    because: [
      `${formatCount(now)} ${facts.noun} now; ${growing.words}`,
      ...ownersInWords(facts.added),
      ...facts.evidence,
    ],
    advice: adviceFor(kind, { name: held.holder.name, holderType: held.holder.type, shrinksSomewhere: false }),
  };
}
