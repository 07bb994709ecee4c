// Counts resources by their owner: equal paths are one owner, however many objects stand at the end of them.

import { HandleTrust } from '../cpython/resource-handles.ts';
import { NO_NODE } from '../graph/heap-graph.ts';
import type { HandleOwners, HandleReference } from './handle-owners.ts';
import type { OwnerName, OwnerNamer } from './owner-names.ts';

export interface OwnerCount {
  readonly owner: OwnerName;
  readonly count: number;
  /** False where only a name (`fd`, `pid`) says that the object holds it. */
  readonly certain: boolean;
  /** Descriptors, thread ids or process ids, a few of them. */
  readonly examples: readonly number[];
}

export interface OwnerTally {
  /** Most first. */
  readonly owners: readonly OwnerCount[];
  readonly unowned: number;
  readonly unownedExamples: readonly number[];
}

const EXAMPLES = 5;

/** Tallies the resources `of`, indices into `resources` and `owners`. */
export function tallyOwners(
  resources: readonly { readonly handles: readonly HandleReference[] }[],
  of: readonly number[],
  owners: HandleOwners,
  nameOwner: OwnerNamer,
): OwnerTally {
  const counts = new Map<string, { owner: OwnerName; count: number; certain: boolean; examples: number[] }>();
  const unownedExamples: number[] = [];
  let unowned = 0;
  for (const i of of) {
    const { handles } = resources[i]!;
    const node = owners.nodes[i]!;
    if (node === NO_NODE) {
      unowned++;
      note(unownedExamples, handles);
      continue;
    }
    const owner = nameOwner(node, owners.variables[i]!);
    const key = `${owner.path.text}\n${owner.type}`;
    let row = counts.get(key);
    if (row === undefined) {
      row = { owner, count: 0, certain: true, examples: [] };
      counts.set(key, row);
    }
    row.count++;
    if (owners.trusts[i] === HandleTrust.name) row.certain = false;
    note(row.examples, handles);
  }
  return {
    owners: [...counts.values()].sort((a, b) => b.count - a.count || (a.owner.path.text < b.owner.path.text ? -1 : 1)),
    unowned,
    unownedExamples,
  };
}

function note(examples: number[], handles: readonly HandleReference[]): void {
  for (const { kind, number } of handles) {
    if (examples.length >= EXAMPLES) return;
    // Where a mapping begins says nothing to a reader.
    if (kind !== 'mapping') examples.push(number);
  }
}
