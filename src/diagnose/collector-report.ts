// The cyclic collector as it is set and as it works, from outside, and what follows from that in plain words.
// Field names are snake_case because this is wire format (src/protocol/references.ts).

import { indexInAscending } from '../base/sorted-search.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import type { CollectorState } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import { type Address, type HeapGraph, NO_NODE, type NodeIndex } from '../graph/heap-graph.ts';
import { nameCallables } from './callable-names.ts';
import { type CollectorConclusionCode, withAdvice } from './collector-advice.ts';
import type { Amount } from './snapshot-summary.ts';

/** What the report reads of a walk. */
export type CollectedWalk = Pick<HeapWalk, 'graph' | 'collector' | 'collectorLists'>;

export interface GenerationReport {
  /** Absent where the build keeps no lists (free-threaded). */
  readonly objects?: number;
  /** What gc.get_stats() says: collections so far, objects freed, objects that could not be freed. */
  readonly collections: number;
  readonly collected: number;
  readonly uncollectable: number;
}

/** Something worth knowing, with its figures in the text, and what to do about it. */
export interface CollectorConclusion {
  readonly code: CollectorConclusionCode;
  readonly text: string;
  readonly advice: string;
}

export interface CollectorReport {
  readonly enabled: boolean;
  /** gc.get_threshold() and gc.get_count(), young to old. */
  readonly thresholds: readonly number[];
  readonly counts: readonly number[];
  /** Names of the flags of gc.get_debug() that are set. */
  readonly debug_flags: readonly string[];
  /** Young to old. */
  readonly generations: readonly GenerationReport[];
  /** Objects set aside by gc.freeze() or at the interpreter's start. */
  readonly frozen_objects?: number;
  /** Functions in gc.callbacks by module and qualified name, others by their type: the first few of them. */
  readonly callbacks: readonly string[];
  /** Entries of gc.callbacks. */
  readonly callback_count: number;
  /** Entries of gc.garbage. */
  readonly garbage_list_objects: number;
  readonly conclusions: readonly CollectorConclusion[];
}

/** gc.DEBUG_*. */
const DEBUG_FLAGS = [
  [1, 'DEBUG_STATS'],
  [2, 'DEBUG_COLLECTABLE'],
  [4, 'DEBUG_UNCOLLECTABLE'],
  [32, 'DEBUG_SAVEALL'],
] as const;
const DEBUG_SAVEALL = 32;
/** First thresholds this high let hundreds of megabytes of garbage come together before the collector starts. */
const HUGE_THRESHOLD = 1_000_000;
/** Garbage that waits for a full collection, in objects or bytes, before the collector is called starved. */
const STARVED_OBJECTS = 10_000;
const STARVED_BYTES = 4 << 20;
/** Interpreters set some hundred objects aside for themselves. */
const FROZEN_NOTED = 1000;
const CALLBACKS_LISTED = 8;
/** Libraries add one or two. */
const MANY_CALLBACKS = 10;

/** Whether gc.DEBUG_SAVEALL is set: what the collector finds unreachable is put into gc.garbage instead of being freed. */
export function keepsEverything(collector: CollectorState): boolean {
  return (collector.debug & DEBUG_SAVEALL) !== 0;
}

/**
 * In words, why the collector does not start by itself, or hardly ever; undefined where it does. Bytes and objects of
 * garbage are for others to weigh.
 */
export function whyIdle({
  enabled,
  thresholds,
}: Pick<CollectorState, 'enabled' | 'thresholds'>): Pick<CollectorConclusion, 'code' | 'text'> | undefined {
  const first = thresholds[0] ?? 0;
  if (!enabled) return { code: 'off', text: 'the cyclic collector is disabled (gc.disable)' };
  if (first <= 0) {
    return { code: 'never starts', text: 'the cyclic collector never starts by itself: its first threshold is 0' };
  }
  if (first >= HUGE_THRESHOLD) {
    return {
      code: 'hardly starts',
      text: `the cyclic collector hardly ever starts: its first threshold is ${formatCount(first)} new objects`,
    };
  }
  return undefined;
}

/** `oldGarbage` is the unreachable part of the oldest generation, which only a full collection frees. */
export function reportCollector(walk: CollectedWalk, oldGarbage: Amount): CollectorReport {
  const { collector, collectorLists, graph } = walk;
  const kept = listLength(graph, collector.garbageList);
  const callbackCount = listLength(graph, collector.callbacks);
  return {
    enabled: collector.enabled,
    thresholds: collector.thresholds,
    counts: collector.counts,
    debug_flags: DEBUG_FLAGS.filter(([bit]) => (collector.debug & bit) !== 0).map(([, name]) => name),
    generations: collector.stats.map((counts, i) => {
      const objects = collectorLists?.generations[i];
      return objects === undefined ? counts : { objects, ...counts };
    }),
    ...(collectorLists === undefined ? {} : { frozen_objects: collectorLists.permanent }),
    callbacks: callbackCount === 0 ? [] : callbackNames(graph, collector.callbacks),
    callback_count: callbackCount,
    garbage_list_objects: kept,
    conclusions: conclude(walk, oldGarbage, { kept, callbackCount }),
  };
}

function conclude(
  { collector, collectorLists }: CollectedWalk,
  oldGarbage: Amount,
  { kept, callbackCount }: { readonly kept: number; readonly callbackCount: number },
): CollectorConclusion[] {
  const conclusions: CollectorConclusion[] = [];
  const add = (code: CollectorConclusionCode, text: string): void => {
    conclusions.push(withAdvice(code, text));
  };
  const idle = whyIdle(collector);
  if (idle !== undefined) add(idle.code, idle.text);
  else if (oldGarbage.count >= STARVED_OBJECTS || oldGarbage.bytes >= STARVED_BYTES) {
    add('starved', starvedText(collector, collectorLists?.generations.at(-1), oldGarbage));
  }
  if (keepsEverything(collector)) {
    add(
      'keeps everything',
      `gc.DEBUG_SAVEALL is set: what the collector finds unreachable is kept in gc.garbage, ${objects(kept)} so far`,
    );
  } else if (kept > 0) {
    add('gc.garbage', `gc.garbage keeps ${objects(kept)}`);
  }
  const frozen = collectorLists?.permanent ?? 0;
  if (frozen >= FROZEN_NOTED) {
    add('frozen', `${formatCount(frozen)} objects are set aside by gc.freeze: the collector never looks at them`);
  }
  if (callbackCount >= MANY_CALLBACKS) {
    add(
      'many callbacks',
      `gc.callbacks has ${formatCount(callbackCount)} entries, each called twice for every collection`,
    );
  }
  return conclusions;
}

function starvedText(collector: CollectorState, old: number | undefined, garbage: Amount): string {
  const waiting = `${objects(garbage.count)} (${formatBytes(garbage.bytes)}) that nothing reaches wait for a full collection`;
  const rare = `full collections are rare: ${formatCount(collector.stats.at(-1)?.collections ?? 0)} so far`;
  const size = old === undefined ? '' : `, the oldest generation has ${objects(old)}`;
  const next = nextFullCollection(collector);
  return `${waiting}; ${rare}${size}${next === undefined ? '' : `; ${next}`}`;
}

/**
 * When a full collection is put off, what it waits for: interpreters that count the objects that grew old since the
 * last one want a quarter of those it left.
 */
export function nextFullCollection({ longLivedTotal, longLivedPending }: CollectorState): string | undefined {
  const wanted = Math.ceil(longLivedTotal / 4);
  if (wanted === 0 || longLivedPending >= wanted) return undefined;
  return `the next comes when ${objects(wanted)} have grown old, ${formatCount(longLivedPending)} have`;
}

function objects(count: number): string {
  return `${formatCount(count)} object${count === 1 ? '' : 's'}`;
}

function listLength(graph: HeapGraph, list: Address): number {
  const node = nodeAt(graph, list);
  return node === NO_NODE ? 0 : graph.firstEdge[node + 1]! - graph.firstEdge[node]!;
}

function callbackNames(graph: HeapGraph, list: Address): string[] {
  const node = nodeAt(graph, list);
  const end = Math.min(graph.firstEdge[node + 1]!, graph.firstEdge[node]! + CALLBACKS_LISTED);
  return nameCallables(graph, graph.edgeTargets.subarray(graph.firstEdge[node]!, end));
}

function nodeAt(graph: HeapGraph, address: Address): NodeIndex {
  const node = address === 0 ? -1 : indexInAscending(graph.addresses, address);
  return node < 0 ? NO_NODE : node;
}
