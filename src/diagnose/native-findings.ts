// Growth without a Python holder: objects that only native code keeps, raw blocks nobody owns. The honest answer is what there is, how much, of which type and size, and what ran meanwhile.

import { hasBit } from '../base/bitset.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import { compareNodes } from '../graph/comparison.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  NO_NODE,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { judgeTrend, type SeriesPoint, type Trend } from '../metrics/growth-trend.ts';
import { type DraftFinding, trendInWords } from './draft-finding.ts';
import { candidatesInWords } from './extension-candidates.ts';
import type { HeapAnalysis } from './holder-findings.ts';
import { nativeCalls } from './native-call-sites.ts';
import { creationSites, LEAST_COUNT, nativeFinding, neverFalls, seriesOf, total } from './native-draft.ts';
import type { Observation } from './observation.ts';
import { candidatesForType, whereHeld } from './refcount-report.ts';
import type { Amount } from './snapshot-summary.ts';

/** Bytes that must come in the run before native growth is believed. */
const LEAST_BYTES = 1024;
const NATIVE_TYPES_LISTED = 4;
/** Share of the new objects that native code holds by which their number must have risen. */
const LOST_SHARE = 0.5;
/** Blocks, or bytes in blocks of one size, whose coming is no chance. */
const SURE_COUNT = 100;
const TELLING_BYTES = 1 << 20;
/** Native growth below this share of a holder's may be part of it. */
const OWNED_SHARE = 0.25;

/** Objects held by native code alone, one finding per type of the object that is held. */
export function findNativeHolds(observation: Observation, analysis: HeapAnalysis): DraftFinding[] {
  const { graph, paths } = analysis;
  const { summaries } = observation;
  const { fresh } = compareNodes(summaries[0]!.columns, graph);
  const groups = new Map<string, { example: NodeIndex; count: number; bytes: number; types: Map<string, Amount> }>();
  const rootOf = nativeRoots(graph, paths.parent, paths.parentEdge, fresh);
  for (let n = 0; n < graph.nodeCount; n++) {
    const root = rootOf[n]!;
    if (root === NO_NODE) continue;
    const type = qualifiedTypeName(graph.types[graph.typeOf[root]!]!);
    let group = groups.get(type);
    if (group === undefined) {
      group = { example: root, count: 0, bytes: 0, types: new Map() };
      groups.set(type, group);
    }
    const bytes = graph.shallowWords[n]! * WORD_BYTES;
    if (n === root) group.count++;
    group.bytes += bytes;
    const own = qualifiedTypeName(graph.types[graph.typeOf[n]!]!);
    const sum = group.types.get(own);
    group.types.set(own, { count: (sum?.count ?? 0) + 1, bytes: (sum?.bytes ?? 0) + bytes });
  }
  const findings: DraftFinding[] = [];
  for (const [type, group] of groups) {
    if (group.count < LEAST_COUNT || group.bytes < LEAST_BYTES) continue;
    const series = seriesOf(summaries, (summary) => summary.nativelyHeld.get(type)?.count ?? 0);
    const trend = judgeTrend(series, { leastRise: LEAST_COUNT, work: observation.work });
    if (trend.shape !== 'steady' || !neverFalls(series)) continue;
    // Most of what is new is lost, or else it is what native code holds for a moment.
    if (series.at(-1)![1] - series[0]![1] < group.count * LOST_SHARE) continue;
    const calls = nativeCalls(observation, [type]);
    const index = graph.typeOf[group.example]!;
    const candidates = candidatesForType(graph, observation.refcounts, index, {
      extensionModules: observation.extensionModules,
      calledPackages: calls.packages,
    });
    findings.push(
      nativeFinding(observation, 'native hold (reference leak: no Python owner)', {
        path: `native code (no Python owner) → (${type})${attributesOf(graph, group.example)}`,
        name: `${type} objects without a Python owner`,
        type,
        count: group.count,
        bytes: group.bytes,
        types: group.types,
        series,
        trend,
        because: [
          `${formatCount(group.count)} new ${type} objects have references that no Python object accounts for`,
          trendInWords(trend, series.length),
          ...[whereHeld(observation.refcounts, index), candidatesInWords(candidates)].filter(
            (words) => words !== undefined,
          ),
        ],
        extraSites: creationSites(observation, [type]),
        callSites: calls.sites,
        gains: { form: 'natively held', type },
      }),
    );
  }
  return findings.sort((a, b) => b.weight - a.weight).slice(0, NATIVE_TYPES_LISTED);
}

/**
 * Makes a suspicion of native growth beside a Python holder that grows much more: what its objects own in native code
 * is not always seen to be theirs.
 */
export function doubtBesideHolders(
  native: readonly DraftFinding[],
  holders: readonly DraftFinding[],
): readonly DraftFinding[] {
  const main = holders.filter((holder) => holder.verdict === 'leak').sort((a, b) => b.weight - a.weight)[0];
  if (main === undefined) return native;
  return native.map((finding) =>
    finding.kind.startsWith('native') && finding.weight < main.weight * OWNED_SHARE
      ? {
          ...finding,
          verdict: 'suspect',
          confidence: 'low',
          because: [...finding.because, `may belong to what ${main.holder.name} holds, which grows much faster`],
        }
      : finding,
  );
}

/** For each new node whose path starts at a new natively held root that no variable holds, that root; NO_NODE for all others. */
function nativeRoots(graph: HeapGraph, parent: Uint32Array, parentEdge: Uint32Array, fresh: Uint32Array): Uint32Array {
  const rootOf = new Uint32Array(graph.nodeCount).fill(NO_NODE);
  const settled = new Uint8Array(graph.nodeCount);
  const pending: NodeIndex[] = [];
  for (let n = 0; n < graph.nodeCount; n++) {
    if (!hasBit(fresh, n) || settled[n] === 1 || parent[n] === NO_NODE) continue;
    let at = n;
    let root = NO_NODE;
    while (true) {
      if (settled[at] === 1) {
        root = rootOf[at]!;
        break;
      }
      pending.push(at);
      const up = parent[at]!;
      if (up === graph.nodeCount) {
        const isHeld = (graph.nodeFlags[at]! & NodeFlag.nativelyHeld) !== 0;
        if (graph.roots.kinds[parentEdge[at]!] === RootKind.native && isHeld && hasBit(fresh, at)) root = at;
        break;
      }
      at = up;
    }
    while (pending.length > 0) {
      const node = pending.pop()!;
      settled[node] = 1;
      rootOf[node] = hasBit(fresh, node) ? root : NO_NODE;
    }
  }
  return rootOf;
}

/** ` › .pickler`: the attributes of a held object, which tell what it is part of. */
function attributesOf(graph: HeapGraph, node: NodeIndex): string {
  const names: string[] = [];
  const collect = (source: NodeIndex): void => {
    for (let e = graph.firstEdge[source]!; e < graph.firstEdge[source + 1]! && names.length < 4; e++) {
      const packed = graph.edgeNames[e]!;
      const kind = packed >>> EDGE_KIND_SHIFT;
      const name = graph.strings[packed & EDGE_PAYLOAD_MASK] ?? '';
      if (kind === EdgeKind.attribute) names.push(`.${name}`);
      else if (kind === EdgeKind.field && name === '__dict__') collect(graph.edgeTargets[e]!);
    }
  };
  collect(node);
  return names.length === 0 ? '' : ` with ${names.join(', ')}`;
}

/** Raw blocks that hold no object and belong to none, judged as a whole and by size. */
export function findNativeBlocks(observation: Observation): DraftFinding[] {
  const { summaries } = observation;
  const last = summaries.at(-1)!;
  const findings: DraftFinding[] = [];
  const grown: { size: number; count: number; series: SeriesPoint[]; trend: Trend }[] = [];
  for (const group of last.ownerlessBlocks) {
    const series = seriesOf(
      summaries,
      (summary) => summary.ownerlessBlocks.find((g) => g.blockBytes === group.blockBytes)?.count ?? 0,
    );
    const rise = series.at(-1)![1] - series[0]![1];
    if (rise < LEAST_COUNT || rise * group.blockBytes < LEAST_BYTES) continue;
    if (rise < fluctuation(series[0]![1]) && rise * group.blockBytes < TELLING_BYTES) continue;
    const trend = judgeTrend(series, { leastRise: LEAST_COUNT, work: observation.work });
    if (trend.shape === 'steady' && neverFalls(series))
      grown.push({ size: group.blockBytes, count: rise, series, trend });
  }
  if (grown.length === 0) return findings;
  grown.sort((a, b) => b.count * b.size - a.count * a.size);
  const main = grown[0]!;
  const bytes = grown.reduce((sum, group) => sum + group.count * group.size, 0);
  const count = grown.reduce((sum, group) => sum + group.count, 0);
  // What garbage owns through pointers that are no object references goes when the collector comes.
  const mayBeGarbage = count <= total(last.garbage).count - total(summaries[0]!.garbage).count;
  const sizes = grown.slice(0, 3).map((group) => `${formatCount(group.count)} of ${formatBytes(group.size)}`);
  findings.push(
    nativeFinding(observation, 'native memory (no Python owner)', {
      path: `allocator blocks without a Python owner (${formatBytes(main.size)} each)`,
      name: 'native memory (malloc) without a Python owner',
      type: 'raw memory',
      count,
      bytes,
      types: new Map(),
      series: main.series,
      trend: main.trend,
      because: [
        `live blocks that hold no Python object and that none owns: ${sizes.join(', ')} more than at the start`,
        trendInWords(main.trend, main.series.length),
        ...(mayBeGarbage ? ['more objects wait for the collector than at the start: the blocks may be theirs'] : []),
      ],
      ...(mayBeGarbage ? { verdict: 'suspect' } : {}),
      extraSites: [],
      callSites: nativeCalls(observation, []).sites,
      gains: { form: 'no object' },
    }),
  );
  return findings;
}

/** How far a count of blocks in use may move by chance: a few times its square root, up to what no chance explains. */
function fluctuation(count: number): number {
  return Math.min(SURE_COUNT, 5 * Math.sqrt(count));
}
