// What a process holds besides memory, each group with the Python objects that own it. Pure: what the kernel has and
// who owns it come in, the groups go out.

import type { HandleOwners, Owned } from './handle-owners.ts';
import { type HeapView, type OwnerNamer, ownerNamer } from './owner-names.ts';
import { tallyOwners } from './owner-tally.ts';

export const RESOURCE_KINDS = [
  'files',
  'temporary files',
  'deleted files',
  'devices',
  'sockets',
  'pipes',
  'event descriptors',
  'shared memory',
  'memory maps',
  'threads',
  'child processes',
] as const;
export type ResourceReportKind = (typeof RESOURCE_KINDS)[number];

/** One thing the kernel has for the process. */
export interface KernelResource extends Owned {
  readonly kind: ResourceReportKind;
  /** What others of its kind that do the same are called: `tcp to 10.0.0.5:5432`, `files in /var/log`. */
  readonly name: string;
  /** Of a socket, thread or child: `CLOSE_WAIT`, `sleeping`, `zombie`; '' where there is none. */
  readonly state: string;
  /** What it takes of memory or disk, where that is known. */
  readonly bytes: number | undefined;
  /** Tells it from another that comes to have its number later. */
  readonly identity: string;
  /** Native code has such resources of its own: that no Python object owns one says nothing. */
  readonly isCommonlyNative: boolean;
}

/** All the kernel has for one process at one moment. */
export interface KernelResources {
  readonly items: readonly KernelResource[];
  readonly descriptorCount: number;
  /** Open descriptors the process may have; undefined when unlimited or unknown. */
  readonly descriptorLimit: number | undefined;
}

export interface ResourceOwner {
  /** Names from a root to the owner: `module shop.db › global connections › […]`. */
  readonly path: string;
  readonly type: string;
  readonly count: number;
  /** False where only a name (`fd`, `pid`) says that the object holds it. */
  readonly certain: boolean;
  /** Descriptors, thread ids or process ids, a few of them; empty for mappings. */
  readonly examples: readonly number[];
}

export interface ResourceGroup {
  readonly kind: ResourceReportKind;
  readonly name: string;
  readonly count: number;
  readonly states?: Readonly<Record<string, number>>;
  readonly bytes?: number;
  /** Most first, at most OWNERS_LISTED. */
  readonly owners: readonly ResourceOwner[];
  /** Owned by Python objects that are not listed. */
  readonly owned_by_others: number;
  /** No Python object owns them; absent where native code commonly has such resources of its own. */
  readonly unowned?: number;
  /** A few of the numbers nobody in Python owns. */
  readonly unowned_examples: readonly number[];
}

export interface ResourceReport {
  readonly descriptors: number;
  readonly descriptor_limit?: number;
  /** In the order of RESOURCE_KINDS, of each kind the largest first. */
  readonly groups: readonly ResourceGroup[];
  readonly groups_left_out: number;
}

const OWNERS_LISTED = 8;
/** Names differ per folder and peer: of each kind, groups past this many are not listed. */
const GROUPS_LISTED = 30;

/** Groups resources by what they are, and their owners by the path that keeps them. */
export function reportResources(heap: HeapView, kernel: KernelResources, owners: HandleOwners): ResourceReport {
  const nameOwner = ownerNamer(heap);
  const groups = [...groupItems(kernel.items).values()].map((members) =>
    describeGroup(kernel.items, members, owners, nameOwner),
  );
  groups.sort(
    (a, b) =>
      RESOURCE_KINDS.indexOf(a.kind) - RESOURCE_KINDS.indexOf(b.kind) ||
      // Memory that every process has is of the least interest.
      Number(a.unowned === undefined) - Number(b.unowned === undefined) ||
      b.count - a.count ||
      (a.name < b.name ? -1 : 1),
  );
  const seen = new Map<ResourceReportKind, number>();
  const listed = groups.filter(({ kind }) => {
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return seen.get(kind)! <= GROUPS_LISTED;
  });
  return {
    descriptors: kernel.descriptorCount,
    ...(kernel.descriptorLimit === undefined ? {} : { descriptor_limit: kernel.descriptorLimit }),
    groups: listed,
    groups_left_out: groups.length - listed.length,
  };
}

/** Indices of the items of each kind and name. */
function groupItems(items: readonly KernelResource[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [i, { kind, name }] of items.entries()) {
    const key = `${kind}\n${name}`;
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [i]);
    else members.push(i);
  }
  return groups;
}

function describeGroup(
  items: readonly KernelResource[],
  members: readonly number[],
  owners: HandleOwners,
  nameOwner: OwnerNamer,
): ResourceGroup {
  const { kind, name, isCommonlyNative } = items[members[0]!]!;
  const tally = tallyOwners(items, members, owners, nameOwner);
  const listed = tally.owners.slice(0, OWNERS_LISTED);
  const states = countStates(items, members);
  const bytes = totalBytes(items, members);
  return {
    kind,
    name,
    count: members.length,
    ...(states === undefined ? {} : { states }),
    ...(bytes === undefined ? {} : { bytes }),
    owners: listed.map(({ owner, count, certain, examples }) => ({
      path: owner.path.text,
      type: owner.type,
      count,
      certain,
      examples,
    })),
    owned_by_others: tally.owners.slice(OWNERS_LISTED).reduce((sum, owner) => sum + owner.count, 0),
    ...(isCommonlyNative ? {} : { unowned: tally.unowned }),
    unowned_examples: isCommonlyNative ? [] : tally.unownedExamples,
  };
}

/** How many in each state; undefined where none has one. */
export function countStates(
  items: readonly KernelResource[],
  members: readonly number[],
): Record<string, number> | undefined {
  const states: Record<string, number> = {};
  for (const i of members) {
    const { state } = items[i]!;
    if (state !== '') states[state] = (states[state] ?? 0) + 1;
  }
  return Object.keys(states).length === 0 ? undefined : states;
}

export function totalBytes(items: readonly KernelResource[], members: readonly number[]): number | undefined {
  let total: number | undefined;
  for (const i of members) {
    const { bytes } = items[i]!;
    if (bytes !== undefined) total = (total ?? 0) + bytes;
  }
  return total;
}
