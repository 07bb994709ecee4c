// Dicts of every form: combined and split tables, unicode-only entries, OrderedDict nodes (CPython Objects/dictobject.c).

import { type Address, EdgeKind } from '../../graph/heap-graph.ts';
import type { EdgeVisitor, NamespaceKind } from '../edge-visitor.ts';
import { fieldId } from '../edge-visitor.ts';
import type { Layout } from '../layout.ts';
import { LoopGuard } from '../loop-guard.ts';
import type { MemoryImage } from '../memory-image.ts';
import { IMMORTAL } from '../reference-count.ts';
import { type DecodeContext, ENTRIES_LIMIT, isReadableArray } from './decode-context.ts';

/** dk_kind (3.11+). */
const KEYS_GENERAL = 0;
const KEYS_SPLIT = 2;
const DEFAULT_FACTORY = fieldId('default_factory');
const DICT = fieldId('__dict__');

export interface DictOffsets {
  readonly used: number;
  readonly keys: number;
  readonly values: number;
  readonly dkSize: number;
  readonly dkLog2IndexBytes: number;
  readonly dkKind: number;
  readonly dkEntries: number;
  readonly dkIndices: number;
  /** First pointer in the block `ma_values` points to. */
  readonly valuesFirst: number;
  readonly odictFirst: number;
  readonly odictFastNodes: number;
  readonly odictInstanceDict: number;
  readonly defaultFactory: number;
}

export function dictOffsets(layout: Layout): DictOffsets {
  return {
    used: layout.at('PyDictObject.ma_used'),
    keys: layout.at('PyDictObject.ma_keys'),
    values: layout.at('PyDictObject.ma_values'),
    dkSize: layout.at('PyDictKeysObject.dk_size'),
    dkLog2IndexBytes: layout.at('PyDictKeysObject.dk_log2_index_bytes'),
    dkKind: layout.at('PyDictKeysObject.dk_kind'),
    dkEntries: layout.at('PyDictKeysObject.dk_nentries'),
    dkIndices: layout.at('PyDictKeysObject.dk_indices'),
    valuesFirst: layout.minor >= 11 ? layout.at('PyDictValues.values') : 0,
    odictFirst: layout.at('PyODictObject.od_first'),
    odictFastNodes: layout.at('PyODictObject.od_fast_nodes'),
    odictInstanceDict: layout.at('PyODictObject.od_inst_dict'),
    defaultFactory: layout.at('defdictobject.default_factory'),
  };
}

const guard = new LoopGuard();

/** Where a keys table's entries lie. */
export interface KeysTable {
  readonly entries: Address;
  readonly count: number;
  readonly stride: number;
  readonly keyOffset: number;
  readonly valueOffset: number;
  readonly isSplit: boolean;
}

/** The one result of `readKeysTable`: a heap has as many tables as dicts. */
const table = { entries: 0, count: 0, stride: 0, keyOffset: 0, valueOffset: 0, isSplit: false };

/**
 * Describes the keys table at `keys`, or undefined when it is torn. The result is overwritten by the next call:
 * take what is needed out of it before anything else is decoded.
 */
export function readKeysTable(
  image: MemoryImage,
  layout: Layout,
  o: DictOffsets,
  keys: Address,
): KeysTable | undefined {
  if (!image.isCopied(keys)) return undefined;
  const count = image.u64(keys + o.dkEntries);
  let indexBytes: number;
  let kind = KEYS_GENERAL;
  if (layout.minor >= 11) {
    const log2 = image.u8(keys + o.dkLog2IndexBytes);
    if (log2 > 40) return undefined;
    indexBytes = 2 ** log2;
    kind = image.u8(keys + o.dkKind);
    if (kind > KEYS_SPLIT) return undefined;
  } else {
    const size = image.u64(keys + o.dkSize);
    const width = size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffff_ffff ? 4 : 8;
    indexBytes = size * width;
  }
  if (count > ENTRIES_LIMIT) return undefined;
  const entries = keys + o.dkIndices + indexBytes;
  const stride = kind === KEYS_GENERAL ? 24 : 16;
  if (!isReadableArray(image, entries, count, stride)) return undefined;
  table.entries = entries;
  table.count = count;
  table.stride = stride;
  table.keyOffset = kind === KEYS_GENERAL ? 8 : 0;
  table.valueOffset = kind === KEYS_GENERAL ? 16 : 8;
  table.isSplit = kind === KEYS_SPLIT;
  return table;
}

/** Visits keys and values of the dict at `dict`. `names` says what the keys are, when they are names. */
export function decodeDict(
  context: DecodeContext,
  o: DictOffsets,
  dict: Address,
  names: NamespaceKind | undefined,
  visitor: EdgeVisitor,
): void {
  const { image, layout, problems } = context;
  visitor.entries(Math.min(image.u64(dict + o.used), ENTRIES_LIMIT));
  const keys = image.pointer(dict + o.keys);
  const described = readKeysTable(image, layout, o, keys);
  if (described === undefined) {
    // The empty dict's keys are a static constant, read-only in some builds.
    if (keys !== 0 && image.u64(dict + o.used) !== 0)
      problems.addAt('torn-dict', 'a dict whose keys table could not be read', dict);
    return;
  }
  const { entries, count, stride, keyOffset, valueOffset } = described;
  const values = image.pointer(dict + o.values);
  const kind = names === 'global' ? EdgeKind.global : EdgeKind.attribute;
  if (values !== 0) {
    // A split table: the keys belong to the class, the values to this dict.
    visitor.buffer(valuesBlock(image, layout, values));
    const first = values + o.valuesFirst;
    for (let i = 0; i < count; i++) {
      const value = image.pointer(first + i * 8);
      if (value === 0) continue;
      visitor.named(value, kind, image.pointer(entries + i * stride + keyOffset), i);
    }
    return;
  }
  visitor.buffer(keys);
  for (let i = 0; i < count; i++) {
    const entry = entries + i * stride;
    const value = image.pointer(entry + valueOffset);
    if (value === 0) continue;
    const key = image.pointer(entry + keyOffset);
    if (names === undefined) {
      visitor.edge(key, EdgeKind.key, i);
      visitor.edge(value, EdgeKind.value, i);
    } else {
      visitor.edge(key, EdgeKind.key, i);
      visitor.named(value, kind, key, i);
    }
  }
}

/**
 * The table of interned strings does not count its references: strings leave it when the last real one goes.
 * Only strings that never go (immortal ones, 3.12 on) are held by it.
 */
export function decodeInternedTable(context: DecodeContext, o: DictOffsets, dict: Address, visitor: EdgeVisitor): void {
  const { image, layout } = context;
  visitor.entries(Math.min(image.u64(dict + o.used), ENTRIES_LIMIT));
  const keys = image.pointer(dict + o.keys);
  visitor.buffer(keys);
  const described = readKeysTable(image, layout, o, keys);
  if (described === undefined) return;
  const { entries, count, stride, keyOffset } = described;
  for (let i = 0; i < count; i++) {
    const key = image.pointer(entries + i * stride + keyOffset);
    if (key !== 0 && context.countOf(key) === IMMORTAL) visitor.edge(key, EdgeKind.key, i);
  }
}

/** How many entries are looked at to tell the table of interned strings from other dicts. */
const INTERNED_SAMPLE = 64;
/** An interpreter interns thousands of strings before it runs anything. */
const INTERNED_AT_LEAST = 256;

/** Whether a dict looks like the table of interned strings: each key is its own value, and says that it is interned. */
export function isInternedTable(context: DecodeContext, o: DictOffsets, dict: Address): boolean {
  const { image, layout, strings } = context;
  if (image.u64(dict + o.used) < INTERNED_AT_LEAST || image.pointer(dict + o.values) !== 0) return false;
  const described = readKeysTable(image, layout, o, image.pointer(dict + o.keys));
  if (described === undefined) return false;
  let seen = 0;
  for (let i = 0; i < described.count && seen < INTERNED_SAMPLE; i++) {
    const entry = described.entries + i * described.stride;
    const value = image.pointer(entry + described.valueOffset);
    if (value === 0) continue;
    if (value !== image.pointer(entry + described.keyOffset) || !strings.isInterned(value)) return false;
    seen++;
  }
  return seen > 0;
}

/** Start of the block that a split dict's values lie in; for values inside an instance, what starts no block. */
export function valuesBlock(image: MemoryImage, layout: Layout, values: Address): Address {
  // 3.11 and 3.12 put the insertion order and its length before the values, and the size of all that right before them.
  return layout.minor === 11 || layout.minor === 12 ? values - image.u8(values - 1) : values;
}

/** OrderedDict: a dict, a linked list of nodes that own their keys, and an instance dict. */
export function decodeOrderedDict(context: DecodeContext, o: DictOffsets, dict: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  decodeDict(context, o, dict, undefined, visitor);
  visitor.buffer(image.pointer(dict + o.odictFastNodes));
  const nextOffset = context.layout.at('_ODictNode.next');
  let node = image.pointer(dict + o.odictFirst);
  guard.start(node);
  for (let i = 0; node !== 0 && image.isCopied(node); i++) {
    visitor.buffer(node);
    visitor.edge(image.pointer(node), EdgeKind.key, i);
    node = image.pointer(node + nextOffset);
    if (guard.isLoop(node)) {
      context.problems.addAt('torn-ordered-dict', 'the list of an OrderedDict does not end', dict);
      break;
    }
  }
  const instanceDict = image.pointer(dict + o.odictInstanceDict);
  visitor.namespace(instanceDict, 'attribute');
  visitor.field(instanceDict, DICT);
}

export function decodeDefaultDict(context: DecodeContext, o: DictOffsets, dict: Address, visitor: EdgeVisitor): void {
  decodeDict(context, o, dict, undefined, visitor);
  visitor.field(context.image.pointer(dict + o.defaultFactory), DEFAULT_FACTORY);
}
