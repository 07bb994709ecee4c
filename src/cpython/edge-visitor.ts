// What decoders report to: the heap walk listens twice, first to discover the nodes, then to write the edges.

import type { Address, EdgeKind } from '../graph/heap-graph.ts';

/** Names of interpreter fields that edges go by; their position is their StringIndex in every snapshot. */
export const FIELD_NAMES = [
  '',
  '__dict__',
  '__class__',
  '__globals__',
  '__builtins__',
  '__name__',
  '__qualname__',
  '__code__',
  '__defaults__',
  '__kwdefaults__',
  '__closure__',
  '__doc__',
  '__module__',
  '__annotations__',
  '__type_params__',
  '__self__',
  '__func__',
  '__wrapped__',
  '__bases__',
  '__base__',
  '__mro__',
  '__slots__',
  '__callback__',
  '__traceback__',
  '__context__',
  '__cause__',
  'args',
  'cache',
  'maxsize',
  'default_factory',
  'tb_next',
  'tb_frame',
  'f_back',
  'f_locals',
  'f_trace',
  'f_code',
  'exc_info',
  'coroutine',
  'loop',
  'callbacks',
  'context',
  'result',
  'exception',
  'waits for',
  'awaited by',
  'module state',
  'co_consts',
  'co_names',
  'fget',
  'fset',
  'fdel',
  'keywords',
  'next',
  'subclasses',
  'frame',
  'value',
  'contents',
  'cell_contents',
  'key',
  'generator',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

const fieldIndex = new Map<string, number>(FIELD_NAMES.map((name, index) => [name, index]));

/** StringIndex of a field's name. */
export function fieldId(name: FieldName): number {
  return fieldIndex.get(name)!;
}

/** How the keys of a namespace dict name its values. */
export type NamespaceKind = 'attribute' | 'global';

/** Receives what a decoder finds in one object. Targets may be 0 or wild: the visitor checks them. */
export interface EdgeVisitor {
  /** An owned reference, named by a position. */
  edge(target: Address, kind: EdgeKind, ordinal: number): void;
  /**
   * An owned reference, named by the str object at `name`. Keys of namespaces that are no identifiers are data: what is
   * under them is an entry of a mapping, at `ordinal`.
   */
  named(target: Address, kind: EdgeKind, name: Address, ordinal?: number): void;
  /** An owned reference, named by the C string at `name`. */
  namedByCString(target: Address, kind: EdgeKind, name: Address): void;
  /** An owned reference of the interpreter's own, e.g. `__dict__`. */
  field(target: Address, fieldIndex: number): void;
  /** A word that may be a reference: followed when it points at an object, or at a block that may hold references. */
  scanned(word: Address, ordinal: number): void;
  /** As `scanned`, but a block that `word` points at is the object's raw data: it is never searched for references. */
  opaque(word: Address, ordinal: number): void;
  /** A buffer the object owns: its size becomes the object's. */
  buffer(address: Address): void;
  /** Says that the dict at `dict` maps names to values. Heeded from the second walk on. */
  namespace(dict: Address, kind: NamespaceKind): void;
  /** Says that the tuple at `tuple` holds the closure cells of functions made from `code`. Heeded from the second walk on. */
  closure(tuple: Address, code: Address): void;
  /** Number of entries the container has. */
  entries(count: number): void;
}
