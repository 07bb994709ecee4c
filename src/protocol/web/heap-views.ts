// Answers about one open snapshot, under /api/snapshots/ID/: windows of long lists, never the list.
// Objects are named by their address in the target, `0x7f…`, which stays the same between snapshots of one process.

import * as v from 'valibot';
import type { HeapDiff } from '../diff.ts';
import { EXPANSIONS_LIMIT } from './limits.ts';

/** Rows `offset ..` of a list of `total`. */
export interface Window<Row> {
  readonly total: number;
  readonly offset: number;
  readonly rows: readonly Row[];
}

/** Longest window that is answered. */
export const WINDOW_LIMIT = 500;

const offset = v.optional(v.pipe(v.string(), v.digits(), v.transform(Number)), '0');
const limit = v.optional(v.pipe(v.string(), v.digits(), v.transform(Number), v.maxValue(WINDOW_LIMIT)), '100');
const ADDRESS = /^0x[0-9a-f]{1,14}$/;
const order = v.optional(v.picklist(['ascending', 'descending']), 'descending');

/** Query of GET …/types: one row for each type or, by `group=module`, for each module. */
export const TypesQuery = v.strictObject({
  offset,
  limit,
  order,
  sort: v.optional(v.picklist(['name', 'objects', 'bytes', 'retained_bytes', 'objects_grown', 'bytes_grown']), 'bytes'),
  /** Part of a qualified name, letter case ignored. */
  search: v.optional(v.pipe(v.string(), v.maxLength(200)), ''),
  group: v.optional(v.picklist(['type', 'module']), 'type'),
  /** Snapshot that growth is counted from. */
  since: v.optional(v.pipe(v.string(), v.regex(/^s\d+$/))),
});

export interface TypeRow {
  /** Qualified name, or the module's. */
  readonly name: string;
  readonly module: string;
  readonly objects: number;
  readonly bytes: number;
  /** Absent while the snapshot is `analysing`. */
  readonly retained_bytes?: number;
  /** With `since` only. */
  readonly objects_grown?: number;
  readonly bytes_grown?: number;
}

export interface ObjectRow {
  readonly address: string;
  readonly type: string;
  /** How it is reached, as short as the CLI names it: `module shop.users › global user_cache`; empty for garbage. */
  readonly path: string;
  readonly bytes: number;
  readonly retained_bytes: number;
  readonly entries?: number;
}

const snapshotIds = v.pipe(
  v.string(),
  v.regex(/^s\d+(,s\d+)?$/),
  v.transform((ids) => ids.split(',')),
);

/** Query of GET …/objects: what a filter (docs/query-language.md) leaves. */
export const ObjectsQuery = v.strictObject({
  offset,
  limit,
  order,
  sort: v.optional(v.picklist(['bytes', 'retained_bytes', 'entries', 'address', 'type']), 'retained_bytes'),
  /** `type:User retained>1MB`; empty for all objects. */
  q: v.optional(v.pipe(v.string(), v.maxLength(1000)), ''),
  /** Only objects that are in none of these snapshots of the same process: `s1`, `s1,s2`. */
  since: v.optional(snapshotIds),
  /** And only those that are in all of these too. */
  also_in: v.optional(snapshotIds),
});

export interface ObjectsAnswer extends Window<ObjectRow> {
  /** Own memory of all that match. */
  readonly bytes: number;
}

/** Query of GET …/query/completions; `at` is where the cursor is, in UTF-16 units. */
export const CompletionsQuery = v.strictObject({
  q: v.pipe(v.string(), v.maxLength(1000)),
  at: v.pipe(v.string(), v.digits(), v.transform(Number)),
});
export interface Completion {
  readonly text: string;
  readonly detail: string;
}
export interface Completions {
  /** Characters of the query that a completion replaces. */
  readonly start: number;
  readonly end: number;
  readonly items: readonly Completion[];
}

/** A query that is not understood is answered 422 with this. */
export interface QueryError {
  readonly message: string;
  readonly hint?: string;
  /** Where in the query, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** Query of GET …/dominators: what `parent` keeps alive alone; without it what nothing but roots keep alive. */
export const DominatorsQuery = v.strictObject({
  offset,
  limit,
  parent: v.optional(v.pipe(v.string(), v.regex(ADDRESS))),
});

export interface DominatorRow extends ObjectRow {
  /** What the parent calls it; empty where something between the two does. */
  readonly name: string;
  readonly retained_objects: number;
  /** Of all heap memory, 0..1. */
  readonly retained_share: number;
  /** Whether it keeps anything alive alone. */
  readonly has_children: boolean;
}

/** Query of GET …/dominators/path. */
export const DominatorPathQuery = v.strictObject({ of: v.pipe(v.string(), v.regex(ADDRESS)) });

/** GET …/dominators/path?of=0x…: rows from the top of the dominator tree down to the object. */
export type DominatorPath = readonly DominatorRow[];

export interface RelatedObject {
  readonly address: string;
  readonly type: string;
  /** What the reference is called: `.profile`, `['…']`, `global user_cache`. */
  readonly name: string;
  readonly bytes: number;
  readonly retained_bytes: number;
  readonly entries?: number;
}

/** GET …/objects/0x… */
export interface ObjectDetail extends ObjectRow {
  readonly retained_objects: number;
  readonly module: string;
  /** `tracked by the collector`, `oldest generation`, `static`, `held by native code` … */
  readonly traits: readonly string[];
  /** Retaining paths as text, shortest first; empty for garbage. */
  readonly paths: readonly string[];
  readonly dominators: readonly RelatedObject[];
  readonly referrers: Window<RelatedObject>;
  readonly referents: Window<RelatedObject>;
}

/** Query of GET …/objects/0x…/referrers and …/referents. */
export const RelatedQuery = v.strictObject({ offset, limit });

/** GET …/objects/0x…/retaining-graph: paths to it, joined where they meet, for drawing. */
export interface RetainingGraph {
  readonly nodes: readonly {
    readonly address: string;
    readonly type: string;
    /** What the node is called where it has a name: `module shop.users`, `thread MainThread`. */
    readonly label: string;
    readonly retained_bytes: number;
    readonly is_root: boolean;
    /** Distance to the object in references. */
    readonly depth: number;
    /** Referrers that are not drawn. */
    readonly more_referrers: number;
  }[];
  readonly edges: readonly {
    /** Indices into `nodes`; from the referrer to what it refers to. */
    readonly from: number;
    readonly to: number;
    readonly name: string;
  }[];
}

/** Query of …/retaining-graph. */
export const RetainingGraphQuery = v.strictObject({
  /** Nodes drawn at most, besides those of the expansions. */
  nodes: v.optional(v.pipe(v.string(), v.digits(), v.transform(Number), v.minValue(2), v.maxValue(200)), '40'),
  /**
   * `0x7f10,0x7f50`: drawn nodes whose referrers are drawn too, in this order, so that what one adds can be expanded next.
   * A few for each time that an address is named; one that is not drawn adds none.
   */
  expand: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',')),
      v.array(v.pipe(v.string(), v.regex(ADDRESS))),
      v.maxLength(EXPANSIONS_LIMIT),
    ),
  ),
});

/** GET …/objects/0x…/retained-tree, and …/retained-tree for the whole heap: the dominator tree below, its large parts. */
export interface RetainedTree {
  readonly name: string;
  readonly type: string;
  /** Absent for what several objects of one type are drawn together as, and for the rest. */
  readonly address?: string;
  readonly objects: number;
  readonly retained_bytes: number;
  readonly children: readonly RetainedTree[];
}

/** GET …/garbage: what no root reaches. */
export interface GarbageView {
  readonly objects: number;
  readonly bytes: number;
  readonly types: readonly { readonly type: string; readonly objects: number; readonly bytes: number }[];
  /** Groups of objects that keep each other, largest first. */
  readonly cycles: readonly {
    /** `Node → dict → Node`. */
    readonly text: string;
    readonly count: number;
    readonly bytes: number;
    readonly has_finalizer: boolean;
    readonly example: string;
  }[];
}

/** Query of GET …/memory-map: a window of the regions. */
export const MemoryMapQuery = v.strictObject({ offset, limit });

/** GET …/memory-map: the process's memory as a picture of its regions, by address. 404 where not `has_memory_map`. */
export interface MemoryMapView {
  /** Of all regions; `regions` are those from `offset` on. */
  readonly region_count: number;
  readonly offset: number;
  readonly regions: readonly MemoryRegion[];
  /** Of all regions, as are the sums that follow. */
  readonly totals: readonly { readonly use: MemoryUseName; readonly bytes: number }[];
  /** Objects that a root reaches and their buffers, by the holder that a cell's `owner` names. */
  readonly by_owner: MemoryShares;
  /** Objects, their buffers and garbage, by type. */
  readonly by_type: MemoryShares;
  /** Arenas less than a quarter full, which what little lives in them keeps from going back to the system. */
  readonly sparse: {
    readonly arenas: number;
    /** In use in them: all of it is in cells that `pins`. */
    readonly live_bytes: number;
    /** Free in them. */
    readonly free_bytes: number;
  };
}
/** How much of the memory has which name. */
export interface MemoryShares {
  /** Of all names. */
  readonly bytes: number;
  /** The largest, most bytes first: as many as can be told apart by colour. */
  readonly largest: readonly { readonly name: string; readonly bytes: number }[];
}
export type MemoryUseName =
  | 'objects'
  | 'buffers'
  | 'garbage'
  | 'native'
  /** What tracemalloc, where it runs, keeps of every block it traces. */
  | 'tracemalloc'
  | 'free in arenas'
  | 'free in malloc'
  | 'not resident';
export interface MemoryRegion {
  /** `arena`, `malloc heap`, `mapped block`. */
  readonly kind: string;
  readonly address: string;
  readonly bytes: number;
  /** What it is cut into for drawing; bytes of a cell are `bytes / cells.length`. */
  readonly cells: readonly MemoryCell[];
}
export interface MemoryCell {
  /** What most of the cell is. */
  readonly use: MemoryUseName;
  /** 0..1 of the cell in use. */
  readonly filled: number;
  /** Type with most bytes in it. */
  readonly type?: string;
  /** Holder with most bytes in it. */
  readonly owner?: string;
  /** Present where something in it keeps a nearly empty arena (see `sparse`) from going back to the system. */
  readonly pins?: true;
}

/** GET /api/compare: what two or three snapshots have in common and what came; `diff` is what `leakscope diff` says. */
export interface Comparison {
  readonly diff: HeapDiff;
  /** Objects by the snapshots they are in, given as places in the order asked for; empty for different processes. */
  readonly sets: readonly { readonly in: readonly number[]; readonly objects: number; readonly bytes: number }[];
  /** The holders that gained most, with their entries in each snapshot. */
  readonly entries: readonly { readonly address: string; readonly path: string; readonly counts: readonly number[] }[];
}
