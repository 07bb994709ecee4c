// The object graph of one snapshot as columns: what every kernel reads and what a .heap file stores.
// Holds structure only: names of modules, types, attributes and variables, never a value.

/** Index of a node: its rank by ascending address. */
export type NodeIndex = number;
/** Index into `edgeTargets` and `edgeNames`. */
export type EdgeIndex = number;
/** Index into `HeapGraph.types`. */
export type TypeIndex = number;
/** Index into `HeapGraph.strings`. */
export type StringIndex = number;
/** An address in the target: an integer below 2^53. */
export type Address = number;

/** "No such node" in node-indexed columns. */
export const NO_NODE = 0xffffffff;
/** `entryCounts` of a node that is not a container. */
export const NOT_A_CONTAINER = 0xffffffff;
/** `shallowWords` counts in words of this many bytes: every allocation is a multiple of it, and 2^32 words are 32 GiB. */
export const WORD_BYTES = 8;

/** What the bits of `nodeFlags` mean. */
export const NodeFlag = {
  /** On a list of the cyclic collector. */
  tracked: 1,
  /** In the executable's or a library's data, not in the heap. */
  static: 2,
  /** A thread or a running frame: not a Python object, made by the reader to give locals a name. */
  synthetic: 4,
  /** Found in the allocator, without a reference from any known object. */
  ownerless: 8,
  /** In the oldest generation of the collector (or the permanent one). */
  oldGeneration: 16,
  /** A Python class, function or module: part of the program, not of its data. */
  code: 32,
  /** A `__dict__` of a module, class, function or instance: its keys are names, not values. */
  namespace: 64,
  /** Its references beyond the known ones are held by native code (refcount above in-edges). */
  nativelyHeld: 128,
} as const;

/**
 * What an edge is called; stored in the top 4 bits of `edgeNames`, the rest is the payload.
 * `string` payloads index `HeapGraph.strings`, `ordinal` payloads count entries or slots.
 */
export const EdgeKind = {
  /** Found by a conservative scan of an unknown type's memory; payload: ordinal of the word. */
  scanned: 0,
  /** Instance, class or module attribute; payload: string. */
  attribute: 1,
  /** Element of a list, tuple, set or deque; payload: ordinal. */
  element: 2,
  /** Value of a mapping whose keys are values; payload: ordinal of the entry. */
  value: 3,
  /** Key of a mapping; payload: ordinal of the entry. */
  key: 4,
  /** Module-level variable (value of a module's namespace); payload: string. */
  global: 5,
  /** Local variable of a frame, generator, coroutine; payload: string. */
  local: 6,
  /** Closure variable of a function; payload: string. */
  cell: 7,
  /** A named field of the interpreter's structure (`__dict__`, `__class__`, `func_globals` …); payload: string. */
  field: 8,
  /** Operand on a frame's evaluation stack; payload: ordinal. */
  operand: 9,
} as const;
export type EdgeKind = (typeof EdgeKind)[keyof typeof EdgeKind];

export const EDGE_KIND_SHIFT = 28;
export const EDGE_PAYLOAD_MASK = 0x0fffffff;

/** Packs an edge's kind and payload; payloads past 28 bits saturate (a list's 268-millionth element). */
export function packEdgeName(kind: EdgeKind, payload: number): number {
  return ((kind << EDGE_KIND_SHIFT) | Math.min(payload, EDGE_PAYLOAD_MASK)) >>> 0;
}

/** Why a node is alive without a referrer. */
export const RootKind = {
  modules: 0,
  thread: 1,
  interpreter: 2,
  builtins: 3,
  /** Object in the executable's own data that the heap refers to. */
  static: 4,
  /** Interned strings table. */
  interned: 5,
  /** Refcount above the known referrers: C code, a C stack or an unparsed structure holds it. */
  native: 6,
  /** Pending calls: atexit, fork hooks, codec registries. */
  hooks: 7,
} as const;
export type RootKind = (typeof RootKind)[keyof typeof RootKind];

/** A type as snapshots know it: by name, so that two snapshots of one process or of two can be compared. */
export interface HeapType {
  /** Qualified name, e.g. `User` or `Outer.Inner`. */
  readonly name: string;
  /** Module, e.g. `shop.users`; empty when unknown. */
  readonly module: string;
  /** Address of the type object; 0 for synthetic types. */
  readonly address: Address;
}

/** `shop.users.User`; built-in types go by their bare name. */
export function qualifiedTypeName(type: HeapType): string {
  return type.module === '' || type.module === 'builtins' ? type.name : `${type.module}.${type.name}`;
}

/** Roots in ascending node order; a node may stand in several rows. */
export interface RootTable {
  readonly nodes: Uint32Array;
  /** `RootKind` of each row. */
  readonly kinds: Uint8Array;
  /** What to call it (`sys.modules`, a thread's name, …): StringIndex of each row. */
  readonly labels: Uint32Array;
}

/** Names of the nodes that have one (modules, classes, functions, threads, frames), in ascending node order. */
export interface NodeLabels {
  readonly nodes: Uint32Array;
  readonly labels: Uint32Array;
}

/** Forward edges of node n are `firstEdge[n] .. firstEdge[n + 1]`. All columns are read-only once built. */
export interface HeapGraph {
  readonly nodeCount: number;
  readonly edgeCount: number;
  /** Ascending. */
  readonly addresses: Float64Array;
  readonly typeOf: Uint32Array;
  /** Own block plus the buffers it owns, in words of WORD_BYTES, as the allocator counts them. */
  readonly shallowWords: Uint32Array;
  /** Entries of a container, or NOT_A_CONTAINER. */
  readonly entryCounts: Uint32Array;
  /** Bits of NodeFlag. */
  readonly nodeFlags: Uint8Array;
  /** nodeCount + 1 prefix sums. */
  readonly firstEdge: Uint32Array;
  readonly edgeTargets: Uint32Array;
  /** `packEdgeName(kind, payload)`. */
  readonly edgeNames: Uint32Array;
  readonly types: readonly HeapType[];
  readonly strings: readonly string[];
  readonly roots: RootTable;
  readonly labels: NodeLabels;
}
