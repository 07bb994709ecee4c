// Types without a decoder of their own: attribute storage in all its forms, __slots__, and a conservative scan
// of the C part. Also the few C types whose fields need a word of their own.

import { type Address, EdgeKind } from '../../graph/heap-graph.ts';
import { type EdgeVisitor, fieldId } from '../edge-visitor.ts';
import type { Layout } from '../layout.ts';
import { TypeFlag, type TypeInfo, type TypeTable } from '../type-table.ts';
import { type ContainerOffsets, itemCount } from './containers.ts';
import { type DecodeContext, isReadableArray } from './decode-context.ts';
import { type DictOffsets, readKeysTable, valuesBlock } from './dicts.ts';

const DICT = fieldId('__dict__');
const CLASS = fieldId('__class__');
/** A scan reads at most this much of one object: past it, the object is a raw buffer, not a structure. */
const SCANNED_BYTES_LIMIT = 1 << 16;
/** Ring buffers and child arrays larger than this are forged. */
const ARRAY_LIMIT = 1 << 26;

export interface InstanceOffsets {
  readonly minor: number;
  readonly freeThreaded: boolean;
  readonly headerSize: number;
  readonly obType: number;
  readonly longTag: number;
  readonly valuesCapacity: number;
  readonly valuesValid: number;
  readonly valuesFirst: number;
  readonly managedDict: number;
  readonly size: number;
}

export function instanceOffsets(layout: Layout): InstanceOffsets {
  return {
    minor: layout.minor,
    freeThreaded: layout.freeThreaded,
    headerSize: layout.headerSize,
    obType: layout.at('PyObject.ob_type'),
    longTag: layout.at('PyLongObject.long_value.lv_tag'),
    valuesCapacity: layout.at('PyDictValues.capacity'),
    valuesValid: layout.at('PyDictValues.valid'),
    valuesFirst: layout.at('PyDictValues.values'),
    // The pre-header lies before the collector's 16 bytes; free-threaded builds have no collector header.
    managedDict: layout.freeThreaded ? -8 : -24,
    size: layout.at('PyVarObject.ob_size'),
  };
}

/** The instance's attributes (managed dict, inline or split values, or an ordinary dict slot), its slots and its class. */
export function decodeAttributes(
  context: DecodeContext,
  o: InstanceOffsets,
  d: DictOffsets,
  object: Address,
  type: TypeInfo,
  skipDict: boolean,
  visitor: EdgeVisitor,
): void {
  const { image } = context;
  if (type.ownsTypeReference) visitor.field(type.address, CLASS);
  for (const slot of type.slots) {
    const items = slot.afterItems ? Math.ceil((image.u64(object + o.size) * type.itemSize) / 8) * 8 : 0;
    const value = items > ARRAY_LIMIT ? 0 : image.pointer(object + slot.offset + items);
    if (value !== 0) visitor.namedByCString(value, EdgeKind.attribute, slot.name);
  }
  if (type.hasManagedDict) {
    decodeManagedDict(context, o, d, object, type, visitor);
    return;
  }
  if (skipDict || type.dictOffset === 0) return;
  const offset = type.dictOffset > 0 ? type.dictOffset : negativeDictOffset(context, o, object, type);
  if (offset < o.headerSize) return;
  const dict = image.pointer(object + offset);
  if (dict === 0) return;
  visitor.namespace(dict, 'attribute');
  visitor.field(dict, DICT);
}

/** Variable-size objects keep the dict behind their items: at the end, rounded up to a word. */
function negativeDictOffset(context: DecodeContext, o: InstanceOffsets, object: Address, type: TypeInfo): number {
  const { image } = context;
  // From 3.12 ints keep their digit count in lv_tag, shifted past three flag bits.
  const items =
    o.minor >= 12 && (type.flags & (1 << 24)) !== 0
      ? Math.max(Math.floor(image.u64(object + o.longTag) / 8), 1)
      : Math.abs(image.i64(object + o.size));
  const size = type.basicSize + type.itemSize * items;
  if (size > ARRAY_LIMIT) return 0;
  return Math.ceil(size / 8) * 8 + type.dictOffset;
}

function decodeManagedDict(
  context: DecodeContext,
  o: InstanceOffsets,
  d: DictOffsets,
  object: Address,
  type: TypeInfo,
  visitor: EdgeVisitor,
): void {
  const { image } = context;
  if (o.minor <= 12) {
    // 3.11: dict at -24, values at -32. 3.12: one word, whose lowest bit says that it is values.
    const word = image.pointer(object + o.managedDict);
    const isValues = o.minor === 12 && word % 2 === 1;
    const dict = isValues ? 0 : word;
    const values = o.minor === 11 ? image.pointer(object - 32) : isValues ? word + 1 : 0;
    if (dict !== 0) {
      visitor.namespace(dict, 'attribute');
      visitor.field(dict, DICT);
    }
    if (values !== 0) {
      visitor.buffer(valuesBlock(image, context.layout, values));
      visitValues(context, d, values, type, visitor);
    }
    return;
  }
  const dict = image.pointer(object + o.managedDict);
  if (dict !== 0) {
    // The dict reports the values, whether it took them over or still shares them.
    visitor.namespace(dict, 'attribute');
    visitor.field(dict, DICT);
    return;
  }
  if (!type.hasInlineValues) return;
  const values = object + type.basicSize;
  if (image.u8(values + o.valuesValid) === 0) return;
  visitValues(context, d, values + o.valuesFirst, type, visitor);
}

/** Value i belongs to key i of the class's shared keys. */
function visitValues(
  context: DecodeContext,
  d: DictOffsets,
  first: Address,
  type: TypeInfo,
  visitor: EdgeVisitor,
): void {
  const { image, layout } = context;
  const keys = type.cachedKeys;
  if (keys === 0) return;
  const table = readKeysTable(image, layout, d, keys);
  if (table === undefined || !isReadableArray(image, first, table.count, 8)) return;
  const { entries, count, stride, keyOffset } = table;
  for (let i = 0; i < count; i++) {
    const value = image.pointer(first + i * 8);
    if (value !== 0) visitor.named(value, EdgeKind.attribute, image.pointer(entries + i * stride + keyOffset), i);
  }
}

/** Every word of the C part: `owner` is the C type the fixed fields belong to, `object`'s class may add dict and slots. */
export function decodeScan(
  context: DecodeContext,
  o: InstanceOffsets,
  c: ContainerOffsets,
  object: Address,
  owner: TypeInfo,
  visitor: EdgeVisitor,
  from = o.headerSize,
  words: ScanMode = 'references',
): void {
  const { image, types } = context;
  const items = itemCount(context, c, object, owner);
  const end = Math.min(owner.basicSize + items * owner.itemSize, SCANNED_BYTES_LIMIT);
  for (let offset = from; offset + 8 <= end; offset += 8) {
    if (offset === owner.dictOffset || (offset === owner.weakListOffset && offset !== 0)) continue;
    const word = image.pointer(object + offset);
    if (word === 0) continue;
    if (words === 'opaque') visitor.opaque(word, offset / 8);
    else if (words === 'references' || !isExceptionClass(types, word)) visitor.scanned(word, offset / 8);
  }
}

/** How to take the words of an object, see Decoder.opaque; sqlite3 connections borrow their module's exceptions. */
export type ScanMode = 'references' | 'opaque' | 'without exception classes';

function isExceptionClass(types: TypeTable, word: Address): boolean {
  if (word % 8 !== 0 || types.ofObject(word) === undefined) return false;
  return ((types.get(word)?.flags ?? 0) & TypeFlag.baseException) !== 0;
}

/** _pickle.Pdata: a stack of references, of which only the first `ob_size` are in use. */
export function decodePickleData(
  context: DecodeContext,
  o: InstanceOffsets,
  object: Address,
  visitor: EdgeVisitor,
): void {
  const { image } = context;
  const count = image.u64(object + o.size);
  const items = image.pointer(object + o.size + 8);
  if (count > ARRAY_LIMIT || !isReadableArray(image, items, count, 8)) return;
  visitor.buffer(items);
  for (let i = 0; i < count; i++) visitor.edge(image.pointer(items + i * 8), EdgeKind.element, i);
}

/** `mp_weaklist` and the like are borrowed: only the listed fields are references. */
export function decodeFixed(
  context: DecodeContext,
  object: Address,
  offsets: readonly number[],
  visitor: EdgeVisitor,
): void {
  for (const offset of offsets) {
    const target = context.image.pointer(object + offset);
    if (target !== 0) visitor.edge(target, EdgeKind.field, 0);
  }
}

/** xml.etree Element: tag, text and tail, and a side block {attrib, length, allocated, children}. */
export function decodeElement(context: DecodeContext, o: InstanceOffsets, object: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  const h = o.headerSize;
  // Text and tail carry a flag in bit 0 (JOIN_OBJ in Modules/_elementtree.c).
  for (let i = 0; i < 3; i++) {
    const word = image.pointer(object + h + i * 8);
    visitor.edge(word - (word % 8), EdgeKind.field, 0);
  }
  const extra = image.pointer(object + h + 24);
  if (extra === 0 || !image.isCopied(extra)) return;
  visitor.buffer(extra);
  visitor.edge(image.pointer(extra), EdgeKind.field, 0);
  const count = image.u64(extra + 8);
  const children = image.pointer(extra + 24);
  if (count > ARRAY_LIMIT || !isReadableArray(image, children, count, 8)) return;
  visitor.entries(count);
  visitor.buffer(children);
  for (let i = 0; i < count; i++) visitor.edge(image.pointer(children + i * 8), EdgeKind.element, i);
}

/** queue.SimpleQueue: a list and a lock up to 3.12; from 3.13 a ring buffer {put, get, items, capacity, count}. */
export function decodeSimpleQueue(
  context: DecodeContext,
  o: InstanceOffsets,
  c: ContainerOffsets,
  object: Address,
  type: TypeInfo,
  visitor: EdgeVisitor,
): void {
  const { image } = context;
  if (o.minor >= 13) {
    for (let offset = o.headerSize; offset + 40 <= type.basicSize; offset += 8) {
      const put = image.u64(object + offset);
      const get = image.u64(object + offset + 8);
      const items = image.pointer(object + offset + 16);
      const capacity = image.u64(object + offset + 24);
      const isPowerOfTwo = capacity >= 8 && capacity <= ARRAY_LIMIT && Number.isInteger(Math.log2(capacity));
      if (!isPowerOfTwo || put >= capacity || get >= capacity || !isReadableArray(image, items, capacity, 8)) continue;
      const count = (put - get + capacity) % capacity;
      visitor.entries(count);
      visitor.buffer(items);
      for (let i = 0; i < count; i++)
        visitor.edge(image.pointer(items + ((get + i) % capacity) * 8), EdgeKind.element, i);
      return;
    }
  }
  decodeScan(context, o, c, object, type, visitor);
}
