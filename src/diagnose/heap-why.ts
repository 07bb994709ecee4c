// The answer of `leakscope why`: what keeps the objects of a type, or one object, alive.

import { LeakscopeError } from '../base/errors.ts';
import type { Problem } from '../base/problems.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { groupByPath } from '../graph/clusters.ts';
import { NO_NODE, NOT_A_CONTAINER, type NodeIndex, qualifiedTypeName, WORD_BYTES } from '../graph/heap-graph.ts';
import { namePath } from '../graph/path-names.ts';
import { buildReferrers, findEdge, type Referrers } from '../graph/referrers.ts';
import { alternativePaths, retainingPath } from '../graph/retaining-path.ts';
import { hexAddress } from './heap-report.ts';
import { isReachable, pathText, type Retention } from './retention.ts';
import type { SnapshotFacts } from './snapshot-facts.ts';

export const WHY_SCHEMA = 'leakscope.why/1';

/** A type that the asked name means. */
export interface MatchedType {
  readonly type: string;
  readonly objects: number;
  readonly bytes: number;
  /** Not reachable from any root. */
  readonly unreachable_objects: number;
}

/** Objects of the type that are held alike: by paths that differ only in positions. */
export interface RetainedGroup {
  /** The shortest of their paths. */
  readonly path: string;
  readonly objects: number;
  readonly bytes: number;
  /** Address of the object with that path. */
  readonly example: string;
}

export interface RelatedObject {
  /** For a referrer what it calls the object: `.profile`, `['…']`, `global user_cache`. */
  readonly name?: string;
  readonly type: string;
  readonly address: string;
  readonly retained_bytes: number;
}

export interface RetainedObject {
  readonly type: string;
  readonly address: string;
  readonly entries?: number;
  readonly bytes: number;
  readonly retained_bytes: number;
  readonly retained_objects: number;
  /** Retaining paths, shortest first; empty when nothing keeps it alive. */
  readonly paths: readonly string[];
  /** What would have to go for it to go, nearest first. */
  readonly dominators: readonly RelatedObject[];
  readonly referrers: readonly RelatedObject[];
  readonly referrer_count: number;
}

export interface HeapWhy {
  readonly schema: typeof WHY_SCHEMA;
  readonly snapshot: SnapshotFacts;
  /** As asked. */
  readonly subject: string;
  readonly matches: readonly MatchedType[];
  /** Most bytes first; empty when one object was asked for. */
  readonly groups: readonly RetainedGroup[];
  readonly group_count: number;
  /** The object asked for; for a type the one that retains most. */
  readonly object?: RetainedObject;
  readonly problems: readonly Problem[];
}

export interface HeapWhyOptions {
  readonly snapshot: SnapshotFacts;
  readonly problems: readonly Problem[];
  readonly top: number;
}

const PATHS_SHOWN = 5;
const DOMINATORS_SHOWN = 8;
/** Names offered when nothing has the type asked for. */
const NEAREST_SHOWN = 3;

/** `subject` is `0x…` or a type's name, with or without its module. Throws E_NO_MATCH. */
export function explainRetention(retention: Retention, subject: string, options: HeapWhyOptions): HeapWhy {
  const base = { schema: WHY_SCHEMA, snapshot: options.snapshot, subject, problems: options.problems } as const;
  if (/^0x[0-9a-f]+$/i.test(subject)) {
    const node = findNode(retention, Number(subject));
    return { ...base, matches: [], groups: [], group_count: 0, object: describeObject(retention, node, options) };
  }
  const types = matchTypeNames(retention, subject);
  const { matches, instances } = collectInstances(retention, types);
  const groups = groupByPath(retention.graph, retention.paths, instances);
  const largest = instances.reduce((best, node) =>
    retention.retained[node]! > retention.retained[best]! ? node : best,
  );
  return {
    ...base,
    matches,
    groups: groups.slice(0, options.top).map((group) => ({
      path: pathText(retention, group.example),
      objects: group.count,
      bytes: group.weight,
      example: hexAddress(retention.graph.addresses[group.example]!),
    })),
    group_count: groups.length,
    object: describeObject(retention, largest, options),
  };
}

function findNode({ graph }: Retention, address: number): NodeIndex {
  const node = indexInAscending(graph.addresses, address);
  if (node >= 0) return node;
  throw new LeakscopeError('E_NO_MATCH', `no object begins at ${hexAddress(address)}`, {
    hint: 'objects move between runs: take the address from a report on the same snapshot',
  });
}

/** Exact qualified names win over bare ones, bare names over endings (`users.User`). */
function matchTypeNames({ graph }: Retention, subject: string): number[] {
  // A type without an instance in the heap does not answer the question.
  const present = new Uint8Array(graph.types.length);
  for (let n = 0; n < graph.nodeCount; n++) present[graph.typeOf[n]!] = 1;
  const names = graph.types.map((type, index) => (present[index] === 1 ? qualifiedTypeName(type) : ''));
  for (const accept of [
    (name: string) => name === subject,
    (name: string, index: number) => name !== '' && graph.types[index]!.name === subject,
    (name: string) => name.endsWith(`.${subject}`),
  ]) {
    const found = names.flatMap((name, index) => (accept(name, index) ? [index] : []));
    if (found.length > 0) return found;
  }
  const wanted = subject.toLowerCase().split('.').at(-1) ?? '';
  const near = names.filter((name) => wanted !== '' && name.toLowerCase().includes(wanted)).slice(0, NEAREST_SHOWN);
  throw new LeakscopeError('E_NO_MATCH', `no object of a type called ${subject}`, {
    hint: near.length > 0 ? `there is ${near.join(', ')}` : 'leakscope report lists the types of a snapshot',
  });
}

function collectInstances(
  { graph, paths }: Retention,
  types: readonly number[],
): { readonly matches: MatchedType[]; readonly instances: Uint32Array } {
  const wanted = new Uint8Array(graph.types.length);
  for (const type of types) wanted[type] = 1;
  const objects = new Float64Array(graph.types.length);
  const words = new Float64Array(graph.types.length);
  const unreachable = new Float64Array(graph.types.length);
  let total = 0;
  for (let n = 0; n < graph.nodeCount; n++) {
    const type = graph.typeOf[n]!;
    if (wanted[type] === 0) continue;
    total++;
    objects[type]!++;
    words[type]! += graph.shallowWords[n]!;
    if (paths.distance[n] === NO_NODE) unreachable[type]!++;
  }
  const instances = new Uint32Array(total);
  let end = 0;
  for (let n = 0; n < graph.nodeCount; n++) if (wanted[graph.typeOf[n]!] === 1) instances[end++] = n;
  const matches = types.map((type) => ({
    type: qualifiedTypeName(graph.types[type]!),
    objects: objects[type]!,
    bytes: words[type]! * WORD_BYTES,
    unreachable_objects: unreachable[type]!,
  }));
  return { matches: matches.sort((a, b) => b.bytes - a.bytes), instances };
}

function describeObject(retention: Retention, node: NodeIndex, options: HeapWhyOptions): RetainedObject {
  const { graph, paths, names, dominators } = retention;
  const referrers = buildReferrers(graph);
  const sources = distinctReferrers(referrers, node);
  const chain: NodeIndex[] = [];
  if (isReachable(retention, node)) {
    for (let at = dominators.idom[node]!; at !== graph.nodeCount; at = dominators.idom[at]!) {
      if (chain.length === DOMINATORS_SHOWN) break;
      chain.push(at);
    }
  }
  return {
    ...describeNode(retention, node),
    bytes: graph.shallowWords[node]! * WORD_BYTES,
    retained_bytes: retention.retained[node]!,
    retained_objects: retention.retainedObjects[node]!,
    paths: alternativePaths(graph, paths, referrers, node, PATHS_SHOWN).map(
      (path) => namePath(graph, path, names).text,
    ),
    dominators: chain.map((at) => describeRelated(retention, at)),
    referrers: sources.slice(0, options.top).map((source) => ({
      name: referenceName(retention, source, node),
      ...describeRelated(retention, source),
    })),
    referrer_count: sources.length,
  };
}

/** What `source` calls `node`: the last step of the path that comes this way. */
function referenceName({ graph, paths, names }: Retention, source: NodeIndex, node: NodeIndex): string {
  const above = retainingPath(paths, source);
  if (above === undefined) return '';
  const path = { ...above, nodes: [...above.nodes, node], edges: [...above.edges, findEdge(graph, source, node)] };
  return namePath(graph, path, names).steps.at(-1)?.text ?? '';
}

function distinctReferrers({ firstReferrer, referrers }: Referrers, node: NodeIndex): NodeIndex[] {
  // A node that refers twice stands twice, side by side.
  const all = Array.from(referrers.subarray(firstReferrer[node]!, firstReferrer[node + 1]!));
  return all.filter((source, index) => source !== node && source !== all[index - 1]);
}

function describeRelated(retention: Retention, node: NodeIndex): RelatedObject {
  const { type, address } = describeNode(retention, node);
  return { type, address, retained_bytes: retention.retained[node]! };
}

function describeNode(
  { graph }: Retention,
  node: NodeIndex,
): { readonly type: string; readonly address: string; readonly entries?: number } {
  const entries = graph.entryCounts[node]!;
  return {
    type: qualifiedTypeName(graph.types[graph.typeOf[node]!]!),
    address: hexAddress(graph.addresses[node]!),
    ...(entries === NOT_A_CONTAINER ? {} : { entries }),
  };
}
