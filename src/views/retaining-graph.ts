// Why an object is alive, as a small graph for drawing: its retaining paths, joined where they meet. Namespace dicts are
// left out, as a path leaves them out: an object and its `__dict__` are one. What is not drawn is counted.

import { type EdgeIndex, NodeFlag, type NodeIndex } from '../graph/heap-graph.ts';
import { findEdge, sourceOfEdge } from '../graph/referrers.ts';
import { alternativePaths, type RetainingPath } from '../graph/retaining-path.ts';
import type { RetainingGraph } from '../protocol/web/heap-views.ts';
import { type AnalysedHeap, addressOf, namespaceOwner, typeNameOf } from './analysed-heap.ts';
import { nameOfEdge } from './object-rows.ts';

const PATHS_JOINED = 12;
/** Referrers that a node is expanded by, each time. */
const EXPANDED = 12;
const GARBAGE_LEVELS = 4;
/** Referrers looked at when one is expanded, or when they are counted: a popular object has millions. */
const REFERRERS_READ = 1_000_000;

export interface RetainingGraphOptions {
  /** Nodes drawn at most, besides those of the expansions; of longer paths the ends near the object. */
  readonly nodes: number;
  /** Drawn nodes whose referrers are wanted too, in this order: a few for each time that a node is named. */
  readonly expand?: readonly NodeIndex[];
}

interface Link {
  readonly from: NodeIndex;
  readonly to: NodeIndex;
  readonly name: string;
}

export function retainingGraph(heap: AnalysedHeap, node: NodeIndex, options: RetainingGraphOptions): RetainingGraph {
  const { graph, paths, referrers } = heap;
  const drawing = new Drawing(heap, options.nodes);
  drawing.add(node, 0);
  const found = alternativePaths(graph, paths, referrers, node, PATHS_JOINED);
  for (const path of found) drawPath(heap, drawing, path, options.nodes);
  // Garbage has no path: what refers to it is the cycle that keeps it.
  if (found.length === 0) drawAround(heap, drawing, node);
  const times = new Map<NodeIndex, number>();
  for (const expanded of options.expand ?? []) times.set(expanded, (times.get(expanded) ?? 0) + 1);
  const added = [...times].flatMap(([expanded, count]) => {
    drawing.makeRoom(EXPANDED * count);
    return drawReferrers(heap, drawing, expanded, EXPANDED * count);
  });
  // They may be kept by what was there before, or came after.
  for (const one of added) linkDrawnReferrers(heap, drawing, one);
  return drawing.finish();
}

/** From the object upwards, as far as there is room. */
function drawPath(heap: AnalysedHeap, drawing: Drawing, path: RetainingPath, limit: number): void {
  const last = path.nodes.length - 1;
  let below: NodeIndex = path.nodes[last]!;
  let edge = path.edges[last - 1];
  for (let i = last - 1; i >= 0 && last - i <= 2 * limit; i--) {
    const node = path.nodes[i]!;
    // The dict's owner is drawn with the name that the dict has for what is below.
    if (i > 0 && isSilent(heap, path, i)) continue;
    if (!drawing.add(node, last - i)) return;
    drawing.link({ from: node, to: below, name: edgeNameOf(heap, edge) });
    // What a path is named from: that `sys.modules` has the module is not worth a node.
    if (heap.names.isImported(node)) return;
    below = node;
    edge = path.edges[i - 1];
  }
}

/** Whether node i is a namespace that its owner stands before. */
function isSilent({ graph }: AnalysedHeap, path: RetainingPath, i: number): boolean {
  return (graph.nodeFlags[path.nodes[i]!]! & NodeFlag.namespace) !== 0;
}

/** Referrers of garbage, and theirs: a cycle comes back to where it began. */
function drawAround(heap: AnalysedHeap, drawing: Drawing, node: NodeIndex): void {
  let level: readonly NodeIndex[] = [node];
  for (let depth = 0; depth < GARBAGE_LEVELS; depth++) {
    level = level.flatMap((at) => drawReferrers(heap, drawing, at, EXPANDED));
  }
}

/** Links a node to those of its referrers that are drawn, and draws `count` others at most. Those are given. */
function drawReferrers(heap: AnalysedHeap, drawing: Drawing, node: NodeIndex, count: number): NodeIndex[] {
  const depth = drawing.depthOf(node);
  if (depth === undefined) return [];
  linkDrawnReferrers(heap, drawing, node);
  const { distance } = heap.paths;
  // Nearest to a root first: those explain most.
  const nearest: NodeIndex[] = [];
  for (const source of referrersOf(heap, node)) {
    if (drawing.depthOf(shownFor(heap, source)) !== undefined) continue;
    if (nearest.length === count && distance[source]! >= distance[nearest.at(-1)!]!) continue;
    let place = nearest.length;
    while (place > 0 && distance[nearest[place - 1]!]! > distance[source]!) place--;
    nearest.splice(place, 0, source);
    if (nearest.length > count) nearest.pop();
  }
  const added: NodeIndex[] = [];
  for (const source of nearest) {
    const shown = shownFor(heap, source);
    const isNew = drawing.depthOf(shown) === undefined;
    if (!drawing.add(shown, depth + 1)) break;
    if (isNew) added.push(shown);
    linkReferrer(heap, drawing, source, node);
  }
  return added;
}

function linkDrawnReferrers(heap: AnalysedHeap, drawing: Drawing, node: NodeIndex): void {
  for (const source of referrersOf(heap, node)) {
    if (drawing.depthOf(shownFor(heap, source)) !== undefined) linkReferrer(heap, drawing, source, node);
  }
}

function linkReferrer(heap: AnalysedHeap, drawing: Drawing, source: NodeIndex, node: NodeIndex): void {
  const name = nameOfEdge(heap, source, findEdge(heap.graph, source, node));
  drawing.link({ from: shownFor(heap, source), to: node, name });
}

/** Each once, without the node itself, as far as they are read. */
function* referrersOf({ referrers }: AnalysedHeap, node: NodeIndex): Generator<NodeIndex> {
  const start = referrers.firstReferrer[node]!;
  const end = Math.min(referrers.firstReferrer[node + 1]!, start + REFERRERS_READ);
  for (let i = start; i < end; i++) {
    const source = referrers.referrers[i]!;
    if (source !== node && (i === start || source !== referrers.referrers[i - 1])) yield source;
  }
}

/** The owner instead of its namespace dict: the two are one to a reader. */
function shownFor(heap: AnalysedHeap, node: NodeIndex): NodeIndex {
  return namespaceOwner(heap, node) ?? node;
}

/** Named by the edge alone; its source is only needed to tell a tuple from a list. */
function edgeNameOf(heap: AnalysedHeap, edge: EdgeIndex | undefined): string {
  if (edge === undefined) return '';
  return nameOfEdge(heap, sourceOfEdge(heap.graph, edge), edge);
}

/** Nodes and links as they are found, each once. */
class Drawing {
  readonly #heap: AnalysedHeap;
  #limit: number;
  readonly #depths = new Map<NodeIndex, number>();
  readonly #links = new Map<string, Link>();

  constructor(heap: AnalysedHeap, limit: number) {
    this.#heap = heap;
    this.#limit = limit;
  }

  /** False where there is no more room. */
  add(node: NodeIndex, depth: number): boolean {
    const known = this.#depths.get(node);
    if (known === undefined && this.#depths.size >= this.#limit) return false;
    this.#depths.set(node, Math.min(known ?? depth, depth));
    return true;
  }

  /** For that many more nodes than are drawn by now. */
  makeRoom(count: number): void {
    this.#limit = Math.max(this.#limit, this.#depths.size + count);
  }

  depthOf(node: NodeIndex): number | undefined {
    return this.#depths.get(node);
  }

  link(link: Link): void {
    if (link.from === link.to) return;
    const key = `${link.from} ${link.to} ${link.name}`;
    if (!this.#links.has(key)) this.#links.set(key, link);
  }

  finish(): RetainingGraph {
    const { graph, names, paths } = this.#heap;
    const places = new Map([...this.#depths.keys()].map((node, place) => [node, place]));
    const links = [...this.#links.values()];
    return {
      nodes: [...this.#depths].map(([node, depth]) => ({
        address: addressOf(graph, node),
        type: typeNameOf(graph, node),
        label: labelOf(this.#heap, node),
        retained_bytes: this.#heap.retained[node]!,
        is_root: paths.distance[node] === 0 || names.isImported(node),
        depth,
        more_referrers: this.#undrawnReferrers(node),
      })),
      edges: links.map(({ from, to, name }) => ({ from: places.get(from)!, to: places.get(to)!, name })),
    };
  }

  /** Referrers that are not drawn; those beyond what is read count for one each, told apart or not. */
  #undrawnReferrers(node: NodeIndex): number {
    const { firstReferrer } = this.#heap.referrers;
    let count = Math.max(0, firstReferrer[node + 1]! - firstReferrer[node]! - REFERRERS_READ);
    for (const source of referrersOf(this.#heap, node)) {
      // A namespace that is left out belongs to something drawn.
      if (!this.#depths.has(source) && !this.#depths.has(shownFor(this.#heap, source))) count++;
    }
    return count;
  }
}

/** Its name, or what keeps it alive where it is a root; empty for most objects. */
function labelOf({ names, graph, paths }: AnalysedHeap, node: NodeIndex): string {
  if (names.roleOf(node) === 'object') {
    if (paths.distance[node] !== 0) return '';
    return graph.strings[graph.roots.labels[paths.parentEdge[node]!]!] ?? '';
  }
  const name = names.nameOf(node);
  const word = names.wordOf(node);
  return name.startsWith(`${word} `) ? name : `${word} ${name}`;
}
