// Lists, tuples, sets, deques and the caches of functools: containers whose items are owned references.

import { type Address, EdgeKind } from '../../graph/heap-graph.ts';
import { type EdgeVisitor, fieldId } from '../edge-visitor.ts';
import type { Layout } from '../layout.ts';
import { LoopGuard } from '../loop-guard.ts';
import type { TypeInfo } from '../type-table.ts';
import { type DecodeContext, ENTRIES_LIMIT, isReadableArray } from './decode-context.ts';

const CACHE = fieldId('cache');
const WRAPPED = fieldId('__wrapped__');
const DICT = fieldId('__dict__');
const NEXT = fieldId('next');
const KEY = fieldId('key');
const RESULT = fieldId('result');
/** A set's dummy entry keeps a placeholder key with this hash; its reference is not owned by the set. */
const DUMMY_HASH_HIGH = 0xffff_ffff;
/** BLOCKLEN in Modules/_collectionsmodule.c. */
const DEQUE_BLOCK_LENGTH = 64;
/** LINKCELLS in Modules/itertoolsmodule.c. */
const TEE_LINK_CELLS = 57;

const guard = new LoopGuard();

export interface ContainerOffsets {
  readonly size: number;
  readonly listItems: number;
  readonly tupleItems: number;
  readonly setUsed: number;
  readonly setMask: number;
  readonly setTable: number;
  readonly setSmallTable: number;
  readonly dequeLeftBlock: number;
  readonly dequeRightBlock: number;
  readonly dequeLeftIndex: number;
  readonly dequeRightIndex: number;
  readonly dequeFreeBlocks: number;
  readonly blockData: number;
  readonly blockRight: number;
  readonly lruCache: number;
  readonly lruFunction: number;
  readonly lruKeywordMark: number;
  readonly lruInfoType: number;
  readonly lruLinkType: number;
  readonly lruDict: number;
  readonly lruFirst: number;
  readonly linkNext: number;
  readonly linkKey: number;
  readonly linkResult: number;
  readonly teeIterator: number;
  readonly teeCount: number;
  readonly teeNext: number;
  readonly teeValues: number;
}

export function containerOffsets(layout: Layout): ContainerOffsets {
  return {
    size: layout.at('PyVarObject.ob_size'),
    listItems: layout.at('PyListObject.ob_item'),
    tupleItems: layout.at('PyTupleObject.ob_item'),
    setUsed: layout.at('PySetObject.used'),
    setMask: layout.at('PySetObject.mask'),
    setTable: layout.at('PySetObject.table'),
    setSmallTable: layout.at('PySetObject.smalltable'),
    dequeLeftBlock: layout.at('dequeobject.leftblock'),
    dequeRightBlock: layout.at('dequeobject.rightblock'),
    dequeLeftIndex: layout.at('dequeobject.leftindex'),
    dequeRightIndex: layout.at('dequeobject.rightindex'),
    dequeFreeBlocks: layout.at('dequeobject.freeblocks'),
    blockData: layout.at('BLOCK.data'),
    blockRight: layout.at('BLOCK.rightlink'),
    lruCache: layout.at('lru_cache_object.cache'),
    lruFunction: layout.at('lru_cache_object.func'),
    lruKeywordMark: layout.at('lru_cache_object.kwd_mark'),
    lruInfoType: layout.at('lru_cache_object.cache_info_type'),
    lruLinkType: layout.at('lru_cache_object.lru_list_elem_type'),
    lruDict: layout.at('lru_cache_object.dict'),
    lruFirst: layout.at('lru_cache_object.root.next'),
    linkNext: layout.at('lru_list_elem.next'),
    linkKey: layout.at('lru_list_elem.key'),
    linkResult: layout.at('lru_list_elem.result'),
    teeIterator: layout.at('teedataobject.it'),
    teeCount: layout.at('teedataobject.numread'),
    teeNext: layout.at('teedataobject.nextlink'),
    teeValues: layout.at('teedataobject.values'),
  };
}

export function decodeList(context: DecodeContext, o: ContainerOffsets, list: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  const count = image.u64(list + o.size);
  const items = image.pointer(list + o.listItems);
  if (!isReadableArray(image, items, count, 8)) {
    context.problems.addAt('torn-list', 'a list whose items could not be read', list);
    return;
  }
  visitor.entries(count);
  // Free-threaded builds put the capacity before the items.
  visitor.buffer(context.layout.freeThreaded ? items - 8 : items);
  for (let i = 0; i < count; i++) {
    const item = image.pointer(items + i * 8);
    if (item !== 0) visitor.edge(item, EdgeKind.element, i);
  }
}

/** `cellNames` are the closure variables' names when the tuple is a function's closure, else empty. */
export function decodeTuple(
  context: DecodeContext,
  o: ContainerOffsets,
  tuple: Address,
  visitor: EdgeVisitor,
  cellNames: readonly Address[],
): void {
  const { image } = context;
  const count = image.u64(tuple + o.size);
  const items = tuple + o.tupleItems;
  if (!isReadableArray(image, items, count, 8)) {
    context.problems.addAt('torn-tuple', 'a tuple whose items could not be read', tuple);
    return;
  }
  for (let i = 0; i < count; i++) {
    const item = image.pointer(items + i * 8);
    if (item === 0) continue;
    const name = cellNames[i] ?? 0;
    if (name === 0) visitor.edge(item, EdgeKind.element, i);
    else visitor.named(item, EdgeKind.cell, name);
  }
}

export function decodeSet(context: DecodeContext, o: ContainerOffsets, set: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  const slots = image.u64(set + o.setMask) + 1;
  const table = image.pointer(set + o.setTable);
  if (!isReadableArray(image, table, slots, 16)) {
    context.problems.addAt('torn-set', 'a set whose table could not be read', set);
    return;
  }
  visitor.entries(Math.min(image.u64(set + o.setUsed), ENTRIES_LIMIT));
  if (table !== set + o.setSmallTable) visitor.buffer(table);
  for (let i = 0; i < slots; i++) {
    const entry = table + i * 16;
    const key = image.pointer(entry);
    if (key === 0) continue;
    if (image.u32(entry + 12) === DUMMY_HASH_HIGH && image.u32(entry + 8) === DUMMY_HASH_HIGH) continue;
    visitor.edge(key, EdgeKind.element, i);
  }
}

export function decodeDeque(context: DecodeContext, o: ContainerOffsets, deque: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  const count = image.u64(deque + o.size);
  visitor.entries(Math.min(count, ENTRIES_LIMIT));
  let block = image.pointer(deque + o.dequeLeftBlock);
  const last = image.pointer(deque + o.dequeRightBlock);
  let index = image.u64(deque + o.dequeLeftIndex);
  const lastIndex = image.i64(deque + o.dequeRightIndex);
  guard.start(block);
  for (let i = 0; i <= count; ) {
    if (block === 0 || !image.isCopied(block) || !image.isCopied(block + o.blockRight)) {
      if (i < count) context.problems.addAt('torn-deque', 'a deque whose blocks could not be read', deque);
      break;
    }
    visitor.buffer(block);
    const end = block === last ? lastIndex + 1 : DEQUE_BLOCK_LENGTH;
    for (; index < end && i < count; index++, i++) {
      const item = image.pointer(block + o.blockData + index * 8);
      if (item !== 0) visitor.edge(item, EdgeKind.element, i);
    }
    if (block === last) break;
    block = image.pointer(block + o.blockRight);
    index = 0;
    if (guard.isLoop(block)) {
      context.problems.addAt('torn-deque', 'a deque whose blocks could not be read', deque);
      break;
    }
  }
  if (o.dequeFreeBlocks < 0) return;
  // 3.11+ keeps emptied blocks for reuse: memory the deque owns, without references in it.
  for (let i = 0; i < 16; i++) visitor.buffer(image.pointer(deque + o.dequeFreeBlocks + i * 8));
}

/** The wrapper owns its dict of results; bounded caches chain their links, which own key and result. */
export function decodeLruCache(
  context: DecodeContext,
  o: ContainerOffsets,
  wrapper: Address,
  visitor: EdgeVisitor,
): void {
  const { image } = context;
  visitor.field(image.pointer(wrapper + o.lruCache), CACHE);
  visitor.field(image.pointer(wrapper + o.lruFunction), WRAPPED);
  if (o.lruKeywordMark >= 0) visitor.edge(image.pointer(wrapper + o.lruKeywordMark), EdgeKind.field, 0);
  visitor.edge(image.pointer(wrapper + o.lruInfoType), EdgeKind.field, 0);
  if (o.lruLinkType >= 0) visitor.edge(image.pointer(wrapper + o.lruLinkType), EdgeKind.field, 0);
  const dict = image.pointer(wrapper + o.lruDict);
  visitor.namespace(dict, 'attribute');
  visitor.field(dict, DICT);
  // The list is circular through the wrapper itself and owned link by link; following it from here
  // gives every link a name (the cache's entry) instead of a chain as long as the cache.
  let link = image.pointer(wrapper + o.lruFirst);
  guard.start(wrapper);
  for (let i = 0; link !== wrapper && link !== 0 && image.isCopied(link); i++) {
    visitor.edge(link, EdgeKind.element, i);
    link = image.pointer(link + o.linkNext);
    if (link !== wrapper && guard.isLoop(link)) {
      context.problems.addAt('torn-cache', 'the list of an lru_cache does not close', wrapper);
      break;
    }
  }
}

/** A link's neighbours are borrowed or owned through the chain; key and result are its own. */
export function decodeLruLink(context: DecodeContext, o: ContainerOffsets, link: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  visitor.field(image.pointer(link + o.linkKey), KEY);
  visitor.field(image.pointer(link + o.linkResult), RESULT);
}

/** Only the first `numread` values are initialised. */
export function decodeTeeData(context: DecodeContext, o: ContainerOffsets, data: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  visitor.edge(image.pointer(data + o.teeIterator), EdgeKind.field, 0);
  visitor.field(image.pointer(data + o.teeNext), NEXT);
  const count = Math.min(image.u32(data + o.teeCount), TEE_LINK_CELLS);
  for (let i = 0; i < count; i++) visitor.edge(image.pointer(data + o.teeValues + i * 8), EdgeKind.element, i);
}

/** Items past the fixed part, for types whose memory is only scanned. */
export function itemCount(context: DecodeContext, o: ContainerOffsets, object: Address, type: TypeInfo): number {
  if (type.itemSize === 0) return 0;
  const size = Math.abs(context.image.i64(object + o.size));
  return size > ENTRIES_LIMIT ? 0 : size;
}
