// Who holds what a line allocated: for some of the traced blocks, the containers on the paths from the roots to them,
// by the names of these paths.
//
// The holder of an object is the one on its shortest path below which the line's objects are most: a cache of users, not
// the list that each user has of its orders, nor the module. What hangs on no container with others of its kind (a chain
// of links, a single buffer) is held by the first of them on the path.

import {
  EDGE_KIND_SHIFT,
  type HeapGraph,
  NO_NODE,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
} from '../graph/heap-graph.ts';
import { namePath } from '../graph/path-names.ts';
import { retainingPath } from '../graph/retaining-path.ts';
import { isEntry, withoutInnards } from './holder-growth.ts';
import type { Retention } from './retention.ts';
import type { TracedHeap } from './traced-heap.ts';

/** `object`: an object that the program reaches; `garbage`: what waits for the collector; `none`: no object is known. */
export type TraceHolderKind = 'object' | 'garbage' | 'none';

/** Holders of one path. Field names are those of the wire format. */
export interface TraceHolder {
  readonly kind: TraceHolderKind;
  /** Names from a root to the holder. */
  readonly path: string;
  /** Qualified type name of the holder. */
  readonly type?: string;
  /** Holders that have this path. */
  readonly holders?: number;
  /** Of the line's blocks: those that objects below the holder lie in or own. */
  readonly blocks: number;
  readonly bytes: number;
  /** Those of them that were not there at the first look. */
  readonly new_blocks?: number;
  readonly new_bytes?: number;
  /** Freed if the holders went: with what other lines allocated. */
  readonly retained_bytes?: number;
}

export interface LineHolders {
  /** Most new bytes first, or most bytes where there was one look; at most as many as asked for. */
  readonly holders: readonly TraceHolder[];
  readonly other_holders: { readonly holders: number; readonly blocks: number; readonly bytes: number };
}

/** What blocks come to. */
interface Sum {
  blocks: number;
  bytes: number;
  newBlocks: number;
  newBytes: number;
}

/** Holders of one line that get a name; and nodes on all their paths together. */
const NAMED_LIMIT = 2000;
const PATH_NODES_LIMIT = 4_000_000;
/** Parts of the program, not of its data: namespaces of modules and instances, functions, frames. */
const NOT_A_HOLDER = NodeFlag.code | NodeFlag.namespace | NodeFlag.synthetic;

export interface HolderQuery {
  readonly heap: TracedHeap;
  readonly retention: Retention;
  /** By trace: index of the row it counts for, or -1. */
  readonly rowOf: Int32Array;
  readonly rows: number;
  /** Holders listed for each row. */
  readonly top: number;
}

/** Holders of every row. O(traces + nodes on the paths of each row). */
export function findAllocationHolders(query: HolderQuery): LineHolders[] {
  const { rowOf, rows } = query;
  // The traces of each row together, as CSR.
  const first = new Uint32Array(rows + 1);
  for (const row of rowOf) if (row >= 0) first[row + 1]!++;
  for (let row = 0; row < rows; row++) first[row + 1]! += first[row]!;
  const traces = new Uint32Array(first[rows]!);
  const next = first.slice();
  for (let i = 0; i < rowOf.length; i++) if (rowOf[i]! >= 0) traces[next[rowOf[i]!]!++] = i;
  const finder = new HolderFinder(query);
  return Array.from({ length: rows }, (_, row) => finder.find(traces.subarray(first[row]!, first[row + 1]!)));
}

class HolderFinder {
  readonly #query: HolderQuery;
  readonly #graph: HeapGraph;
  /** By node, of the row at hand: whether it holds the line's memory itself, or is on the path to what does. */
  readonly #state: Uint8Array;
  /** By node: entries of it through which paths of the row go. */
  readonly #entries: Uint32Array;
  /** By node: holder of what hangs there, once it is known. */
  readonly #holder: Uint32Array;
  #pathNodesLeft = PATH_NODES_LIMIT;

  constructor(query: HolderQuery) {
    this.#query = query;
    this.#graph = query.retention.graph;
    const { nodeCount } = this.#graph;
    this.#state = new Uint8Array(nodeCount);
    this.#entries = new Uint32Array(nodeCount);
    this.#holder = new Uint32Array(nodeCount);
  }

  find(traces: Uint32Array): LineHolders {
    const { owners } = this.#query.heap;
    const { distance } = this.#query.retention.paths;
    const onPaths = this.#markPaths(traces);
    const sums = new Map<NodeIndex, Sum>();
    const nobody = emptySum();
    const garbage = emptySum();
    for (const trace of traces) {
      const owner = owners[trace]!;
      if (owner === NO_NODE) this.#add(nobody, trace);
      else if (distance[owner] === NO_NODE) this.#add(garbage, trace);
      else {
        const holder = this.#holderOf(owner);
        let sum = sums.get(holder);
        if (sum === undefined) {
          sum = emptySum();
          sums.set(holder, sum);
        }
        this.#add(sum, trace);
      }
    }
    for (const node of onPaths) {
      this.#state[node] = 0;
      this.#entries[node] = 0;
    }
    return this.#list(sums, garbage, nobody);
  }

  /** Marks the paths of all owners, and counts the entries they go through. Returns the nodes on them. */
  #markPaths(traces: Uint32Array): NodeIndex[] {
    const { owners } = this.#query.heap;
    const { parent, parentEdge, distance } = this.#query.retention.paths;
    const { nodeCount, edgeNames } = this.#graph;
    const onPaths: NodeIndex[] = [];
    for (const trace of traces) {
      let at = owners[trace]!;
      if (at === NO_NODE || distance[at] === NO_NODE) continue;
      this.#state[at]! |= State.owner;
      while (at !== nodeCount && (this.#state[at]! & State.onPath) === 0) {
        this.#state[at]! |= State.onPath;
        onPaths.push(at);
        const up = parent[at]!;
        if (up !== nodeCount && isEntry(edgeNames[parentEdge[at]!]! >>> EDGE_KIND_SHIFT)) this.#entries[up]!++;
        at = up;
      }
    }
    return onPaths;
  }

  /** The node on the path to `owner` with most entries; where none has two, the first that has memory of the line. */
  #holderOf(owner: NodeIndex): NodeIndex {
    const { parent } = this.#query.retention.paths;
    const { nodeCount } = this.#graph;
    const pending: NodeIndex[] = [];
    let at = owner;
    while (at !== nodeCount && (this.#state[at]! & State.settled) === 0) {
      pending.push(at);
      at = parent[at]!;
    }
    let best = at === nodeCount ? NO_NODE : this.#holder[at]!;
    while (pending.length > 0) {
      const node = pending.pop()!;
      const isBetter = this.#canHold(node) && this.#entries[node]! > 1;
      if (best === NO_NODE) {
        if (isBetter || (this.#state[node]! & State.owner) !== 0) best = node;
      } else if (isBetter && this.#entries[node]! > this.#entries[best]!) best = node;
      this.#holder[node] = best;
      this.#state[node]! |= State.settled;
    }
    return best;
  }

  #canHold(node: NodeIndex): boolean {
    const { graph, paths } = this.#query.retention;
    if ((graph.nodeFlags[node]! & NOT_A_HOLDER) !== 0) return false;
    // The table of imported modules.
    return paths.parent[node] !== graph.nodeCount || graph.roots.kinds[paths.parentEdge[node]!] !== RootKind.modules;
  }

  #add(sum: Sum, trace: number): void {
    const { traces, isNew } = this.#query.heap;
    const bytes = traces.sizes[trace]!;
    sum.blocks++;
    sum.bytes += bytes;
    if (isNew?.[trace] === 1) {
      sum.newBlocks++;
      sum.newBytes += bytes;
    }
  }

  #list(sums: ReadonlyMap<NodeIndex, Sum>, garbage: Sum, nobody: Sum): LineHolders {
    const { heap, top } = this.#query;
    const weight = (sum: Sum): number => (heap.isNew === undefined ? sum.bytes : sum.newBytes);
    const ranked = [...sums].sort((a, b) => weight(b[1]) - weight(a[1]) || b[1].bytes - a[1].bytes || a[0] - b[0]);
    const groups = new Map<string, { first: NodeIndex; nodes: NodeIndex[]; sum: Sum }>();
    const others = emptySum();
    let otherHolders = 0;
    for (const [i, [node, sum]] of ranked.entries()) {
      const path = i < NAMED_LIMIT ? this.#pathOf(node) : undefined;
      if (path === undefined) {
        otherHolders++;
        addUp(others, sum);
        continue;
      }
      const group = groups.get(path);
      if (group === undefined) groups.set(path, { first: node, nodes: [node], sum: { ...sum } });
      else {
        group.nodes.push(node);
        addUp(group.sum, sum);
      }
    }
    const listed = [
      ...[...groups].map(([path, { first, nodes, sum }]) => ({ sum, holder: this.#describe(path, first, nodes, sum) })),
      { sum: garbage, holder: this.#row('garbage', 'unreachable: waits for the collector', garbage) },
      {
        sum: nobody,
        holder: this.#row('none', 'no Python object that is known: freed and kept for reuse, or native memory', nobody),
      },
    ]
      .filter(({ sum }) => sum.blocks > 0)
      .sort((a, b) => weight(b.sum) - weight(a.sum) || b.sum.bytes - a.sum.bytes);
    for (const { sum, holder } of listed.slice(top)) {
      otherHolders += holder.holders ?? 1;
      addUp(others, sum);
    }
    return {
      holders: listed.slice(0, top).map(({ holder }) => holder),
      other_holders: { holders: otherHolders, blocks: others.blocks, bytes: others.bytes },
    };
  }

  /** In words; undefined where the paths named before were long. */
  #pathOf(node: NodeIndex): string | undefined {
    const { paths, names } = this.#query.retention;
    this.#pathNodesLeft -= paths.distance[node]! + 1;
    const path = this.#pathNodesLeft < 0 ? undefined : retainingPath(paths, node);
    return path === undefined ? undefined : namePath(this.#graph, withoutInnards(this.#graph, path), names).text;
  }

  #describe(path: string, first: NodeIndex, nodes: readonly NodeIndex[], sum: Sum): TraceHolder {
    const { retained } = this.#query.retention;
    return {
      ...this.#row('object', path, sum),
      type: qualifiedTypeName(this.#graph.types[this.#graph.typeOf[first]!]!),
      holders: nodes.length,
      retained_bytes: nodes.reduce((bytes, node) => bytes + retained[node]!, 0),
    };
  }

  #row(kind: TraceHolderKind, path: string, sum: Sum): TraceHolder {
    return {
      kind,
      path,
      blocks: sum.blocks,
      bytes: sum.bytes,
      ...(this.#query.heap.isNew === undefined ? {} : { new_blocks: sum.newBlocks, new_bytes: sum.newBytes }),
    };
  }
}

/** Bits of a node's state. */
const State = { onPath: 1, owner: 2, settled: 4 } as const;

function emptySum(): Sum {
  return { blocks: 0, bytes: 0, newBlocks: 0, newBytes: 0 };
}

function addUp(sum: Sum, more: Sum): void {
  sum.blocks += more.blocks;
  sum.bytes += more.bytes;
  sum.newBlocks += more.newBlocks;
  sum.newBytes += more.newBytes;
}
