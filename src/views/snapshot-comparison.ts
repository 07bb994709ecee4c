// Two or three snapshots side by side: what `diff` says, the sets their objects fall into, and entries over time.

import { type BitSet, difference, intersection } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { diffHeaps, type HeapDiff, type HeapDiffOptions } from '../diagnose/heap-diff.ts';
import type { Retention } from '../diagnose/retention.ts';
import { compareNodes, type NodeColumns } from '../graph/comparison.ts';
import { NOT_A_CONTAINER, qualifiedTypeName, WORD_BYTES } from '../graph/heap-graph.ts';
import type { Comparison } from '../protocol/web/heap-views.ts';

const HOLDERS_FOLLOWED = 20;

/** `earlier` holds one or two snapshots, oldest first; `last` is the newest. */
export function compareSnapshots(
  earlier: readonly NodeColumns[],
  last: Retention,
  options: HeapDiffOptions,
): Comparison {
  const diff = diffHeaps(earlier, last, options);
  const all = [...earlier, last.graph];
  return {
    diff: plainDiff(diff),
    sets: options.sameProcess ? memberSets(all) : [],
    entries: diff.holders.slice(0, HOLDERS_FOLLOWED).flatMap(({ address, path }) => {
      const counts = all.map((columns) => entriesAt(columns, Number(address)));
      return counts.at(-1) === undefined ? [] : [{ address, path, counts: counts.map((count) => count ?? 0) }];
    }),
  };
}

/** Wire types are mutable where those of the diagnosis are not. */
function plainDiff(diff: HeapDiff): Comparison['diff'] {
  return {
    ...diff,
    snapshots: [...diff.snapshots],
    types: [...diff.types],
    holders: [...diff.holders],
    problems: diff.problems.map((problem) => ({ ...problem, examples: [...problem.examples] })),
  };
}

function entriesAt({ addresses, entryCounts }: NodeColumns, address: number): number | undefined {
  const node = indexInAscending(addresses, address);
  const entries = node < 0 ? NOT_A_CONTAINER : entryCounts[node]!;
  return entries === NOT_A_CONTAINER ? undefined : entries;
}

/**
 * One merge over the ascending addresses: O(nodes of all). An object is the same in two snapshots when its address and
 * type are; its size is that of the newest snapshot it is in.
 */
export function memberSets(all: readonly NodeColumns[]): Comparison['sets'] {
  const types = commonTypes(all);
  const cursors = all.map(() => 0);
  const objects = new Float64Array(1 << all.length);
  const words = new Float64Array(1 << all.length);
  while (true) {
    let address = Number.POSITIVE_INFINITY;
    for (let s = 0; s < all.length; s++) {
      const { addresses } = all[s]!;
      if (cursors[s]! < addresses.length && addresses[cursors[s]!]! < address) address = addresses[cursors[s]!]!;
    }
    if (address === Number.POSITIVE_INFINITY) break;
    // Of newest to oldest: where an address is of another type, it was used again by another object.
    let members = 0;
    let type = -1;
    let size = 0;
    for (let s = all.length - 1; s >= 0; s--) {
      const columns = all[s]!;
      const node = cursors[s]!;
      if (node >= columns.addresses.length || columns.addresses[node] !== address) continue;
      cursors[s]!++;
      const itsType = types[s]![columns.typeOf[node]!]!;
      if (members !== 0 && itsType !== type) {
        objects[members]!++;
        words[members]! += size;
        members = 0;
      }
      members |= 1 << s;
      if (members === 1 << s) {
        type = itsType;
        size = columns.shallowWords[node]!;
      }
    }
    objects[members]!++;
    words[members]! += size;
  }
  return Array.from(objects.keys())
    .filter((members) => members !== 0 && objects[members]! > 0)
    .map((members) => ({
      in: all.flatMap((_, s) => ((members & (1 << s)) !== 0 ? [s] : [])),
      objects: objects[members]!,
      bytes: words[members]! * WORD_BYTES,
    }));
}

/** What an object must not be in, and what it must be in as well. */
export interface MemberSnapshots {
  readonly outside: readonly NodeColumns[];
  readonly inside: readonly NodeColumns[];
}

/** Those of `nodes` of a snapshot that are in none of `outside` and in all of `inside`: in one of the sets above. */
export function narrowToMembers(nodes: BitSet, snapshot: NodeColumns, { outside, inside }: MemberSnapshots): BitSet {
  const isNewSince = (other: NodeColumns): BitSet => compareNodes(other, snapshot).fresh;
  const left = outside.reduce((members, other) => intersection(members, isNewSince(other)), nodes);
  return inside.reduce((members, other) => difference(members, isNewSince(other)), left);
}

/** One number for each type, the same in all snapshots: as `matchTypes` knows them, by name and address. */
function commonTypes(all: readonly NodeColumns[]): Uint32Array[] {
  const numbers = new Map<string, number>();
  return all.map(({ types }) =>
    Uint32Array.from(types, (type) => {
      const key = `${type.address} ${qualifiedTypeName(type)}`;
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return number;
    }),
  );
}
