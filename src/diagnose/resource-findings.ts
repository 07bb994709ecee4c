// Growth that the kernel counts: file descriptors, threads, child processes; each with the Python holder, if one grew too.

import { formatCount, formatDuration } from '../base/units.ts';
import { judgeTrend, type SeriesPoint } from '../metrics/growth-trend.ts';
import { DESCRIPTOR_KINDS, findResourceOpeners, type ResourceKind } from '../source/resource-openers.ts';
import { adviceFor } from './advice.ts';
import { type DraftFinding, limitSites, listSeries, runningSites, toFindSite, trendInWords } from './draft-finding.ts';
import type { FindHolder, FindingKind, FindSite } from './find-report.ts';
import type { Observation, ResourceSample } from './observation.ts';

/** Rises below these are the ordinary coming and going of a busy server. */
const LEAST_DESCRIPTORS = 6;
const LEAST_THREADS = 4;
const LEAST_CHILDREN = 3;
/** What a descriptor, thread or child costs in the ranking, in bytes: they run out long before memory does. */
const WEIGHT_DESCRIPTOR = 64 << 10;
const WEIGHT_THREAD = 256 << 10;
const WEIGHT_CHILD = 1 << 20;

/** Types whose instances own a descriptor. */
const DESCRIPTOR_TYPES =
  /^(socket\.socket|_socket\.socket|_io\.(FileIO|BufferedReader|BufferedWriter|BufferedRandom|TextIOWrapper)|mmap\.mmap|select\.e?poll|selectors\.\w+|sqlite3\.\w+|subprocess\.Popen|asyncio\..*Transport|multiprocessing\.\w*Connection|ssl\.SSLSocket)$/;

/** Findings from the kernel's counts; `holders` are the findings of the heap, for the object that owns what grows. */
export function findResourceGrowth(observation: Observation, holders: readonly DraftFinding[]): DraftFinding[] {
  const findings: DraftFinding[] = [];
  const descriptors = judge(observation, (sample) => sample.descriptors, LEAST_DESCRIPTORS);
  if (descriptors !== undefined) {
    const owner = holders.find((finding) => finding.growth.types.some((gain) => DESCRIPTOR_TYPES.test(gain.type)));
    const kinds = observation.descriptors
      .filter((row) => row.after > row.before)
      .sort((a, b) => b.after - b.before - (a.after - a.before))
      .map((row) => `${row.kind} +${formatCount(row.after - row.before)}`);
    findings.push(
      resourceFinding(observation, 'file descriptors', descriptors, WEIGHT_DESCRIPTOR, {
        noun: 'file descriptors',
        owner,
        openers: DESCRIPTOR_KINDS,
        evidence: [
          ...(kinds.length === 0 ? [] : [`growing: ${kinds.slice(0, 4).join(', ')}`]),
          ...limitInWords(observation, descriptors),
        ],
      }),
    );
  }
  const threads = judge(observation, (sample) => sample.threads, LEAST_THREADS);
  const threadHolder = holders.find((finding) => finding.kind === 'thread');
  if (threads !== undefined && threadHolder === undefined) {
    const owner = holders.find((finding) => finding.growth.types.some((gain) => /Thread/.test(gain.type)));
    findings.push(
      resourceFinding(observation, 'thread', threads, WEIGHT_THREAD, {
        noun: 'threads',
        owner,
        openers: ['thread'],
        evidence: [],
      }),
    );
  }
  const children = judge(observation, (sample) => sample.children, LEAST_CHILDREN);
  if (children !== undefined) {
    const zombies = observation.resources.at(-1)!.zombies;
    findings.push(
      resourceFinding(observation, 'child processes', children, WEIGHT_CHILD, {
        noun: 'child processes',
        owner: holders.find((finding) => finding.growth.types.some((gain) => /Popen|Process/.test(gain.type))),
        openers: ['child process'],
        evidence: zombies > 0 ? [`${formatCount(zombies)} of them ended and were not waited for (zombies)`] : [],
      }),
    );
  }
  return findings;
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
  const trend = judgeTrend(series, { leastRise, work: observation.work });
  if (trend.shape !== 'steady' || trend.rise < leastRise) return undefined;
  return { series, perMinute: trend.ratePerMinute, words: trendInWords(trend, series.length) };
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
  readonly owner: DraftFinding | undefined;
  readonly openers: readonly ResourceKind[];
  readonly evidence: readonly string[];
}

function resourceFinding(
  observation: Observation,
  kind: FindingKind,
  growing: Growing,
  weightEach: number,
  facts: ResourceFacts,
): DraftFinding {
  const now = growing.series.at(-1)![1];
  const holder: FindHolder =
    facts.owner === undefined
      ? {
          path: `no Python owner among the objects that grow › ${facts.noun}`,
          name: facts.noun,
          type: facts.noun,
          entries: now,
        }
      : {
          ...facts.owner.holder,
          path: `${facts.owner.holder.path} › ${facts.noun}`,
          name: `${facts.noun} of ${facts.owner.holder.name}`,
        };
  const openers = findResourceOpeners(observation.source, facts.openers, observation.running);
  const sites: FindSite[] = [
    ...(facts.owner?.sites.slice(0, 3) ?? []),
    ...openers.openers.filter((opener) => opener.release !== 'with').map((opener) => toFindSite(observation, opener)),
    ...openers.callers.map((caller) => toFindSite(observation, caller)),
  ];
  return {
    weight: growing.perMinute * weightEach,
    kind,
    verdict: 'leak',
    confidence: growing.series.length >= 6 ? 'high' : 'medium',
    holder,
    growth: {
      entries_per_minute: growing.perMinute,
      bytes_per_minute: 0,
      objects_per_minute: growing.perMinute,
      types: facts.owner?.growth.types ?? [],
      series: listSeries(growing.series),
    },
    sites: limitSites(sites.length > 0 ? sites : runningSites(observation)),
    shrinks: [],
    other_paths: [],
    because: [`${formatCount(now)} ${facts.noun} now; ${growing.words}`, ...facts.evidence],
    advice: adviceFor(kind, { name: holder.name, holderType: holder.type, shrinksSomewhere: false }),
  };
}
