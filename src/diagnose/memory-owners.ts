// Who the objects of a heap belong to, coarsely: each to the global variable, the frame's local or the module on its
// shortest retaining path. Unlike retained sizes, these add up to the whole.

import { createBitSet, hasBit, setBit } from '../base/bitset.ts';
import {
  EDGE_KIND_SHIFT,
  EdgeKind,
  type HeapGraph,
  NO_NODE,
  NodeFlag,
  type NodeIndex,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { type NodeNames, nodeNames } from '../graph/node-names.ts';
import { namePath } from '../graph/path-names.ts';
import { type ShortestPaths, shortestPaths } from '../graph/reachability.ts';
import { retainingPath } from '../graph/retaining-path.ts';

/** An owner: the index of a node, or nodeCount plus a row of the root table. NO_NODE is nobody. */
export type OwnerId = number;

export interface MemoryOwners {
  /** Of each node; NO_NODE for garbage. */
  readonly ownerOf: Uint32Array;
  /** What an owner is called: `module shop.users › global user_cache`, `thread MainThread › frame main › local rows`. */
  readonly nameOf: (owner: OwnerId) => string;
}

export interface OwnerRow {
  readonly path: string;
  readonly objects: number;
  readonly bytes: number;
}

/** Finds the owner of every node: O(nodes), 4 bytes per node beside the paths. */
export function findOwners(graph: HeapGraph, paths: ShortestPaths = shortestPaths(graph)): MemoryOwners {
  const { nodeCount, edgeNames, nodeFlags, typeOf, types } = graph;
  const { parent, parentEdge } = paths;
  const ownerOf = new Uint32Array(nodeCount).fill(NO_NODE);
  const settled = createBitSet(nodeCount);
  /** Owners that do not change any more on the way down. */
  const isFinal = createBitSet(nodeCount);
  const moduleTypes = new Set(types.flatMap((type, t) => (type.name === 'module' ? [t] : [])));
  const pending = new Uint32Array(nodeCount);
  for (let n = 0; n < nodeCount; n++) {
    if (parent[n] === NO_NODE) continue;
    let depth = 0;
    let at = n;
    // Up to a node whose owner is known, or a root.
    while (at !== nodeCount && !hasBit(settled, at)) {
      pending[depth++] = at;
      at = parent[at]!;
    }
    while (depth > 0) {
      const node = pending[--depth]!;
      const up = parent[node]!;
      setBit(settled, node);
      if (up === nodeCount) {
        ownerOf[node] = nodeCount + parentEdge[node]!;
        continue;
      }
      const kind = edgeNames[parentEdge[node]!]! >>> EDGE_KIND_SHIFT;
      if (hasBit(isFinal, up)) {
        ownerOf[node] = ownerOf[up]!;
        setBit(isFinal, node);
      } else if (kind === EdgeKind.global || kind === EdgeKind.local) {
        // A function or class belongs to its module: what a module is made of is one owner.
        const isCode = (nodeFlags[node]! & NodeFlag.code) !== 0;
        ownerOf[node] = isCode ? ownerOf[up]! : node;
        setBit(isFinal, node);
      } else {
        ownerOf[node] = moduleTypes.has(typeOf[node]!) ? node : ownerOf[up]!;
      }
    }
  }
  return { ownerOf, nameOf: ownerNamer(graph, paths, nodeNames(graph)) };
}

function ownerNamer(graph: HeapGraph, paths: ShortestPaths, names: NodeNames): (owner: OwnerId) => string {
  const { nodeCount, roots, strings } = graph;
  return (owner) => {
    if (owner >= nodeCount) return strings[roots.labels[owner - nodeCount]!] ?? 'unknown';
    const path = retainingPath(paths, owner);
    return path === undefined ? 'nobody' : namePath(graph, path, names).text;
  };
}

/** Adds up objects and bytes by owner, and names only the largest. 12 bytes per node. */
export class OwnerSums {
  readonly #owners: MemoryOwners;
  readonly #nodeCount: number;
  readonly #bytes: Float64Array;
  readonly #objects: Uint32Array;

  constructor({ nodeCount, roots }: Pick<HeapGraph, 'nodeCount' | 'roots'>, owners: MemoryOwners) {
    this.#owners = owners;
    this.#nodeCount = nodeCount;
    this.#bytes = new Float64Array(nodeCount + roots.nodes.length);
    this.#objects = new Uint32Array(this.#bytes.length);
  }

  /** What belongs to nobody is left out. */
  add(owner: OwnerId, objects: number, bytes: number): void {
    if (owner === NO_NODE) return;
    this.#bytes[owner]! += bytes;
    this.#objects[owner]! += objects;
  }

  /** At most `top` rows, most bytes first. */
  largest(top: number): OwnerRow[] {
    // Roots of one name (the many native holds, the tables of static types) are one owner.
    const rows = new Map<string, { objects: number; bytes: number }>();
    const add = (owner: OwnerId): void => {
      const path = this.#owners.nameOf(owner);
      const row = rows.get(path);
      if (row === undefined) rows.set(path, { objects: this.#objects[owner]!, bytes: this.#bytes[owner]! });
      else {
        row.objects += this.#objects[owner]!;
        row.bytes += this.#bytes[owner]!;
      }
    };
    for (let owner = this.#nodeCount; owner < this.#bytes.length; owner++) {
      if (this.#objects[owner]! > 0 || this.#bytes[owner]! > 0) add(owner);
    }
    for (const owner of heaviest(this.#bytes, this.#nodeCount, top)) add(owner);
    return [...rows]
      .map(([path, row]) => ({ path, ...row }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, top);
  }
}

/** The owners of most memory: own sizes of their objects, with the buffers these own. Largest first. */
export function largestOwners(graph: HeapGraph, owners: MemoryOwners, top: number): OwnerRow[] {
  const sums = new OwnerSums(graph, owners);
  for (let n = 0; n < graph.nodeCount; n++) sums.add(owners.ownerOf[n]!, 1, graph.shallowWords[n]! * WORD_BYTES);
  return sums.largest(top);
}

/** The `top` nodes of most weight: one pass with a threshold that rises as better ones are met. */
function heaviest(weights: Float64Array, nodeCount: number, top: number): NodeIndex[] {
  let kept: NodeIndex[] = [];
  let least = 0;
  for (let n = 0; n < nodeCount; n++) {
    if (weights[n]! <= least) continue;
    kept.push(n);
    if (kept.length < top * 8) continue;
    kept.sort((a, b) => weights[b]! - weights[a]!);
    kept = kept.slice(0, top);
    least = weights[kept.at(-1)!]!;
  }
  return kept.sort((a, b) => weights[b]! - weights[a]!).slice(0, top);
}
