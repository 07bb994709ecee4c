// Attributes everything that came since the first snapshot to the old object it hangs on, and groups those holders
// by how a person would name them.
//
// Every new object is counted once: with the last old node on its shortest path from the roots. Objects that came and
// went cancel out through the net growth of their type, so that a busy but bounded container gains little.

import { type BitSet, hasBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { compareNodes } from '../graph/comparison.ts';
import {
  EDGE_KIND_SHIFT,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  NO_NODE,
  NOT_A_CONTAINER,
  type NodeIndex,
  qualifiedTypeName,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import type { NodeNames } from '../graph/node-names.ts';
import { namePath, PATH_SEPARATOR, type PathName } from '../graph/path-names.ts';
import type { ShortestPaths } from '../graph/reachability.ts';
import { generalEdgeName, type RetainingPath, retainingPath } from '../graph/retaining-path.ts';
import type { SeriesPoint } from '../metrics/growth-trend.ts';
import type { SnapshotSummary } from './snapshot-summary.ts';

/** What one type contributes to a holder's growth. */
export interface TypeGain {
  readonly type: string;
  readonly count: number;
  readonly bytes: number;
}

/** Old objects that hold new ones, grouped by the name of their path. */
export interface HolderGrowth {
  /** The object that gained most, and its path. */
  readonly holder: NodeIndex;
  readonly path: RetainingPath;
  readonly name: PathName;
  /** Nodes of the group, most gain first; one for most leaks. */
  readonly members: readonly NodeIndex[];
  /** Edge from the holder towards a new object. */
  readonly edge: EdgeIndex;
  /** A new object right below the holder. */
  readonly example: NodeIndex;
  /** Whether new objects are entries of the holder, which then has a meaningful count. */
  readonly isContainer: boolean;
  /** Net growth over the run. */
  readonly count: number;
  readonly bytes: number;
  readonly types: readonly TypeGain[];
  /** Entries at each snapshot; for holders that are no containers, objects of the growing types. */
  readonly series: readonly SeriesPoint[];
}

/** Holders named and compared at most: the rest gain too little to matter. */
const HOLDERS_LIMIT = 2000;
const TYPES_LISTED = 8;

interface Tally {
  readonly holder: NodeIndex;
  readonly edge: EdgeIndex;
  readonly example: NodeIndex;
  count: number;
  bytes: number;
  readonly types: Map<number, { count: number; bytes: number }>;
}

/** Holders of what is new since the first summary, most bytes first. `summaries` end with the graph's own. */
export function findHolderGrowth(
  graph: HeapGraph,
  paths: ShortestPaths,
  names: NodeNames,
  summaries: readonly SnapshotSummary[],
): HolderGrowth[] {
  const first = summaries[0]!;
  const { fresh } = compareNodes(first.columns, graph);
  const net = netShareByType(graph, fresh, summaries);
  const topOf = topmostNew(graph, paths, fresh);
  const tallies = tallyByHolder(graph, paths, fresh, topOf, net);
  const ranked = [...tallies.values()].sort((a, b) => b.bytes - a.bytes).slice(0, HOLDERS_LIMIT);
  const groups = new Map<string, { first: Tally; path: RetainingPath; name: PathName; all: Tally[] }>();
  for (const tally of ranked) {
    const path = holderPath(graph, paths, tally);
    if (path === undefined) continue;
    const name = namePath(graph, path, names);
    const group = groups.get(name.text);
    if (group === undefined) groups.set(name.text, { first: tally, path, name, all: [tally] });
    else group.all.push(tally);
  }
  const described = [...groups.values()]
    .map(({ first: tally, path, name, all }) => describe(graph, summaries, tally, path, name, all))
    .sort((a, b) => b.bytes - a.bytes);
  return foldIntoHolders(described);
}

/**
 * Adds what grows below an entry of a growing container to that container: freed addresses that new entries took over
 * look like old entries that grow.
 */
function foldIntoHolders(growths: readonly HolderGrowth[]): HolderGrowth[] {
  const kept: HolderGrowth[] = [];
  const byText = [...growths].sort((a, b) => a.name.text.length - b.name.text.length);
  for (const growth of byText) {
    const at = kept.findIndex(
      (holder) => holder.isContainer && growth.name.text.startsWith(`${holder.name.text}${PATH_SEPARATOR}`),
    );
    const holder = kept[at];
    if (holder === undefined || !isRising(holder.series)) kept.push(growth);
    else
      kept[at] = {
        ...holder,
        count: holder.count + growth.count,
        bytes: holder.bytes + growth.bytes,
        types: addTypes(holder.types, growth.types),
      };
  }
  return kept.sort((a, b) => b.bytes - a.bytes);
}

function isRising(series: readonly SeriesPoint[]): boolean {
  return series.length > 1 && series.at(-1)![1] > series[0]![1];
}

function addTypes(a: readonly TypeGain[], b: readonly TypeGain[]): TypeGain[] {
  const sums = new Map(a.map((gain) => [gain.type, gain]));
  for (const gain of b) {
    const known = sums.get(gain.type);
    sums.set(gain.type, {
      type: gain.type,
      count: gain.count + (known?.count ?? 0),
      bytes: gain.bytes + (known?.bytes ?? 0),
    });
  }
  return [...sums.values()].sort((x, y) => y.bytes - x.bytes).slice(0, TYPES_LISTED);
}

/** For each type the share of its new objects that are growth: the rest replaced others that went. */
function netShareByType(graph: HeapGraph, fresh: BitSet, summaries: readonly SnapshotSummary[]): Float64Array {
  const before = summaries[0]!.byType;
  const now = summaries.at(-1)!.byType;
  const bornByType = new Float64Array(graph.types.length);
  for (let n = 0; n < graph.nodeCount; n++) if (hasBit(fresh, n)) bornByType[graph.typeOf[n]!]!++;
  // Types of one name are counted together: a class made twice is two types.
  const typeNames = graph.types.map(qualifiedTypeName);
  const born = new Map<string, number>();
  typeNames.forEach((name, type) => {
    born.set(name, (born.get(name) ?? 0) + bornByType[type]!);
  });
  return Float64Array.from(typeNames, (name) => {
    const gained = (now.get(name)?.count ?? 0) - (before.get(name)?.count ?? 0);
    return Math.min(1, Math.max(0, gained / Math.max(1, born.get(name) ?? 0)));
  });
}

/** For each new node the new node nearest to the roots on its path; NO_NODE for old and unreachable ones. */
function topmostNew(graph: HeapGraph, paths: ShortestPaths, fresh: BitSet): Uint32Array {
  const { nodeCount } = graph;
  const { distance, parent } = paths;
  const top = new Uint32Array(nodeCount).fill(NO_NODE);
  const pending: NodeIndex[] = [];
  for (let n = 0; n < nodeCount; n++) {
    if (!hasBit(fresh, n) || distance[n] === NO_NODE || top[n] !== NO_NODE) continue;
    let at = n;
    let found = NO_NODE;
    while (found === NO_NODE) {
      pending.push(at);
      const up = parent[at]!;
      if (up === nodeCount || !hasBit(fresh, up)) found = at;
      else if (top[up] !== NO_NODE) found = top[up]!;
      else at = up;
    }
    while (pending.length > 0) top[pending.pop()!] = found;
  }
  return top;
}

function tallyByHolder(
  graph: HeapGraph,
  paths: ShortestPaths,
  fresh: BitSet,
  topOf: Uint32Array,
  net: Float64Array,
): Map<number | string, Tally> {
  const tallies = new Map<number | string, Tally>();
  const { typeOf, shallowWords, nodeCount } = graph;
  for (let n = 0; n < nodeCount; n++) {
    const top = topOf[n]!;
    if (top === NO_NODE || !hasBit(fresh, n)) continue;
    const share = net[typeOf[n]!]!;
    const holder = paths.parent[top]!;
    // A new root: its own thread, or native code. Those are told by what the snapshots count, not by a holder.
    if (share === 0 || holder === nodeCount) continue;
    const edge = paths.parentEdge[top]!;
    const kind = graph.edgeNames[edge]! >>> EDGE_KIND_SHIFT;
    const key = isEntry(kind) ? holder : `${holder} ${generalEdgeName(graph.edgeNames[edge]!)}`;
    let tally = tallies.get(key);
    if (tally === undefined) {
      tally = { holder, edge, example: top, count: 0, bytes: 0, types: new Map() };
      tallies.set(key, tally);
    }
    const bytes = shallowWords[n]! * WORD_BYTES * share;
    tally.count += share;
    tally.bytes += bytes;
    const type = tally.types.get(typeOf[n]!);
    if (type === undefined) tally.types.set(typeOf[n]!, { count: share, bytes });
    else {
      type.count += share;
      type.bytes += bytes;
    }
  }
  return tallies;
}

/** Edges that are one of many like them. */
export function isEntry(kind: number): boolean {
  return kind === EdgeKind.element || kind === EdgeKind.value || kind === EdgeKind.key || kind === EdgeKind.scanned;
}

/** Path to the container, or through the named edge to what is new: `global HEAD` rather than the module's dict. */
function holderPath(graph: HeapGraph, paths: ShortestPaths, tally: Tally): RetainingPath | undefined {
  const kind = graph.edgeNames[tally.edge]! >>> EDGE_KIND_SHIFT;
  const path = retainingPath(paths, isEntry(kind) ? tally.holder : tally.example);
  return path === undefined ? undefined : withoutInnards(graph, path);
}

/** Cuts the inner nodes of native structures (the trees of a Context) off the end: what holds is the object they serve. */
export function withoutInnards(graph: HeapGraph, path: RetainingPath): RetainingPath {
  let last = path.nodes.length - 1;
  while (
    last > 0 &&
    graph.edgeNames[path.edges[last - 1]!]! >>> EDGE_KIND_SHIFT === EdgeKind.scanned &&
    graph.entryCounts[path.nodes[last]!] === NOT_A_CONTAINER
  ) {
    last--;
  }
  return { rootRow: path.rootRow, nodes: path.nodes.slice(0, last + 1), edges: path.edges.slice(0, last) };
}

function describe(
  graph: HeapGraph,
  summaries: readonly SnapshotSummary[],
  tally: Tally,
  path: RetainingPath,
  name: PathName,
  all: readonly Tally[],
): HolderGrowth {
  const types = sumTypes(graph, all);
  const isCut = path.nodes.at(-1) !== tally.holder && path.nodes.at(-1) !== tally.example;
  const members = isCut ? [path.nodes.at(-1)!] : all.map((t) => t.holder);
  const isContainer =
    !isCut &&
    isEntry(graph.edgeNames[tally.edge]! >>> EDGE_KIND_SHIFT) &&
    graph.entryCounts[tally.holder] !== NOT_A_CONTAINER;
  const count = all.reduce((sum, t) => sum + t.count, 0);
  const bytes = all.reduce((sum, t) => sum + t.bytes, 0);
  const series = isContainer ? entrySeries(graph, summaries, members) : typeSeries(summaries, types);
  return {
    holder: tally.holder,
    path,
    name,
    members,
    edge: tally.edge,
    example: tally.example,
    isContainer,
    count,
    bytes,
    types,
    series,
  };
}

function sumTypes(graph: HeapGraph, all: readonly Tally[]): TypeGain[] {
  const sums = new Map<string, { count: number; bytes: number }>();
  for (const tally of all) {
    for (const [type, gain] of tally.types) {
      const name = qualifiedTypeName(graph.types[type]!);
      const sum = sums.get(name);
      if (sum === undefined) sums.set(name, { ...gain });
      else {
        sum.count += gain.count;
        sum.bytes += gain.bytes;
      }
    }
  }
  return [...sums]
    .map(([type, gain]) => ({ type, count: gain.count, bytes: gain.bytes }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, TYPES_LISTED);
}

/** Sum of the members' entries at each snapshot; a member that was not there yet had none. */
export function entrySeries(
  graph: HeapGraph,
  summaries: readonly SnapshotSummary[],
  members: readonly NodeIndex[],
): SeriesPoint[] {
  return summaries.map((summary) => {
    let entries = 0;
    for (const member of members) {
      const at = indexInAscending(summary.columns.addresses, graph.addresses[member]!);
      const count = at < 0 ? NOT_A_CONTAINER : summary.columns.entryCounts[at]!;
      if (count !== NOT_A_CONTAINER) entries += count;
    }
    return [summary.atSeconds, entries] as const;
  });
}

/** Objects of the type that gained most. */
export function typeSeries(summaries: readonly SnapshotSummary[], types: readonly TypeGain[]): SeriesPoint[] {
  const main = types[0]?.type ?? '';
  return summaries.map((summary) => [summary.atSeconds, summary.byType.get(main)?.count ?? 0] as const);
}
