// What each generation of the cyclic collector holds, by type: what grows old there, what gc.freeze set aside, and how
// much of it nothing reaches any more. Field names are snake_case because this is wire format (src/protocol/gc.ts).

import { type BitSet, hasBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import type { CollectorState } from '../cpython/collector-state.ts';
import { forEachMember, isFrozen } from '../cpython/generation-members.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { type HeapGraph, NodeFlag, type NodeIndex, WORD_BYTES } from '../graph/heap-graph.ts';
import { type TypeAmount, TypeSums } from './type-sums.ts';

/**
 * `0`, `1`, `2` young to old, and `frozen`. `all` where the build keeps no lists (free-threaded). Of a .heap file, which
 * does not say more, `young` (0 and 1) and `old` (2 and frozen).
 */
export type GenerationName = '0' | '1' | '2' | 'frozen' | 'all' | 'young' | 'old';

export interface GenerationCensus {
  readonly generation: GenerationName;
  readonly objects: number;
  readonly bytes: number;
  /** References from its objects. */
  readonly references: number;
  /** Steps from object to object, and from object to referent, that go far through memory: each is slow. */
  readonly far_steps: number;
  /** Objects of it that no root reaches, which a collection of it would free. */
  readonly garbage_objects: number;
  readonly garbage_bytes: number;
  /** Most bytes first. */
  readonly types: readonly TypeAmount[];
  readonly type_count: number;
}

export interface CensusOptions {
  /** Rows of types. */
  readonly top: number;
  /** As given by `reachableFrom(graph, graph.roots.nodes)`. */
  readonly reachable: BitSet;
}

/** By the lists in `image`, which is the one that was walked. O(tracked objects log nodes). */
export function censusGenerations(
  graph: HeapGraph,
  collector: CollectorState,
  image: MemoryImage,
  options: CensusOptions,
): GenerationCensus[] {
  if (collector.permanentHead === 0) return censusByMark(graph, collector, image, options);
  const heads = [...collector.generationHeads, collector.permanentHead];
  return heads.map((head, i) => {
    const sums = new CensusSums(graph, options);
    forEachNode(graph, image, head, (node) => sums.add(node));
    return sums.describe(i === heads.length - 1 ? 'frozen' : (String(i) as GenerationName));
  });
}

/** By what a graph alone says. */
export function censusByFlags(graph: HeapGraph, options: CensusOptions): GenerationCensus[] {
  const young = new CensusSums(graph, options);
  const old = new CensusSums(graph, options);
  forEachTracked(graph, (node) => {
    ((graph.nodeFlags[node]! & NodeFlag.oldGeneration) === 0 ? young : old).add(node);
  });
  return [young.describe('young'), old.describe('old')];
}

/** Nodes of the oldest generation, ascending; undefined where there are no lists. */
export function oldNodes(
  graph: HeapGraph,
  { generationHeads }: CollectorState,
  image: MemoryImage,
): Uint32Array | undefined {
  const head = generationHeads.at(-1);
  if (head === undefined) return undefined;
  let count = 0;
  const nodes = new Uint32Array(graph.nodeCount);
  forEachNode(graph, image, head, (node) => {
    nodes[count++] = node;
  });
  return nodes.slice(0, count).sort();
}

function censusByMark(
  graph: HeapGraph,
  { frozenMark }: CollectorState,
  image: MemoryImage,
  options: CensusOptions,
): GenerationCensus[] {
  const all = new CensusSums(graph, options);
  const frozen = new CensusSums(graph, options);
  forEachTracked(graph, (node) => {
    (isFrozen(image, frozenMark, graph.addresses[node]!) ? frozen : all).add(node);
  });
  return [all.describe('all'), frozen.describe('frozen')];
}

function forEachNode(graph: HeapGraph, image: MemoryImage, head: number, visit: (node: NodeIndex) => void): void {
  forEachMember(image, head, graph.nodeCount, (object) => {
    const node = indexInAscending(graph.addresses, object);
    if (node >= 0) visit(node);
  });
}

function forEachTracked(graph: HeapGraph, visit: (node: NodeIndex) => void): void {
  for (let n = 0; n < graph.nodeCount; n++) if ((graph.nodeFlags[n]! & NodeFlag.tracked) !== 0) visit(n);
}

/** What is nearer is in a cache, or on its way there. */
const NEAR_BYTES = 64 << 10;

/** One generation, summed up node by node in the order of its list. */
class CensusSums {
  readonly #graph: HeapGraph;
  readonly #options: CensusOptions;
  readonly #sums: TypeSums;
  #references = 0;
  #farSteps = 0;
  #lastObject = 0;
  #lastReferent = 0;
  #garbageObjects = 0;
  #garbageWords = 0;

  constructor(graph: HeapGraph, options: CensusOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#sums = new TypeSums(graph);
  }

  add(node: NodeIndex): void {
    const { shallowWords } = this.#graph;
    this.#sums.add(node);
    this.#addSteps(node);
    if (hasBit(this.#options.reachable, node)) return;
    this.#garbageObjects++;
    this.#garbageWords += shallowWords[node]!;
  }

  /** As a collection goes: it reads the header of each object, and of each collected object that it refers to. */
  #addSteps(node: NodeIndex): void {
    const { addresses, firstEdge, edgeTargets, nodeFlags } = this.#graph;
    const address = addresses[node]!;
    if (Math.abs(address - this.#lastObject) > NEAR_BYTES) this.#farSteps++;
    this.#lastObject = address;
    const end = firstEdge[node + 1]!;
    this.#references += end - firstEdge[node]!;
    for (let e = firstEdge[node]!; e < end; e++) {
      const target = edgeTargets[e]!;
      // Classes and functions are read so often that they stay in the caches.
      if ((nodeFlags[target]! & (NodeFlag.tracked | NodeFlag.code)) !== NodeFlag.tracked) continue;
      const referent = addresses[target]!;
      if (Math.abs(referent - address) > NEAR_BYTES && Math.abs(referent - this.#lastReferent) > NEAR_BYTES) {
        this.#farSteps++;
      }
      this.#lastReferent = referent;
    }
  }

  describe(generation: GenerationName): GenerationCensus {
    const { count, bytes } = this.#sums.total();
    const rows = this.#sums.rows();
    return {
      generation,
      objects: count,
      bytes,
      references: this.#references,
      far_steps: this.#farSteps,
      garbage_objects: this.#garbageObjects,
      garbage_bytes: this.#garbageWords * WORD_BYTES,
      types: rows.slice(0, this.#options.top),
      type_count: rows.length,
    };
  }
}
