// Looks single names up in combined dicts (namespaces, sys.modules) of copied or live memory.
// Whole dicts, split tables and value-free decoding are the business of decoders/dicts.ts.

import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { StringReader } from './python-string.ts';

/** More entries than any namespace has: a larger count is torn or forged. */
const MAX_ENTRIES = 1 << 22;
/** The longest index table a namespace can have. */
const MAX_INDEX_BYTES = 1 << 25;
const GENERAL_KEYS = 0;

/**
 * Calls `visit` with key and value of every entry of the combined dict at `dict`, in insertion order, until it returns
 * true. Returns false when there is no readable combined dict.
 */
export function visitDictEntries(
  image: MemoryImage,
  layout: Layout,
  dict: Address,
  visit: (key: Address, value: Address) => boolean,
): boolean {
  if (dict === 0 || image.pointer(dict + layout.need('PyDictObject.ma_values')) !== 0) return false;
  const keys = image.pointer(dict + layout.need('PyDictObject.ma_keys'));
  if (keys === 0) return false;
  const count = image.i64(keys + layout.need('PyDictKeysObject.dk_nentries'));
  const indexBytes = indexTableBytes(image, layout, keys);
  if (!(count >= 0 && count <= MAX_ENTRIES) || indexBytes > MAX_INDEX_BYTES) return false;
  const isGeneral =
    layout.dictKeysFormat === 'size' || image.u8(keys + layout.need('PyDictKeysObject.dk_kind')) === GENERAL_KEYS;
  const struct = isGeneral ? 'PyDictKeyEntry' : 'PyDictUnicodeEntry';
  const keyOffset = layout.need(`${struct}.me_key`);
  const valueOffset = layout.need(`${struct}.me_value`);
  const stride = layout.sizeof(struct);
  const entries = keys + layout.need('PyDictKeysObject.dk_indices') + indexBytes;
  // A forged count ends here, not after millions of reads of nothing.
  if (count > 0 && image.bytes(entries + (count - 1) * stride, stride) === undefined) return false;
  for (let i = 0; i < count; i++) {
    const value = image.pointer(entries + i * stride + valueOffset);
    if (value !== 0 && visit(image.pointer(entries + i * stride + keyOffset), value)) break;
  }
  return true;
}

function indexTableBytes(image: MemoryImage, layout: Layout, keys: Address): number {
  if (layout.dictKeysFormat === 'log2') {
    return 2 ** image.u8(keys + layout.need('PyDictKeysObject.dk_log2_index_bytes'));
  }
  const slots = image.i64(keys + layout.need('PyDictKeysObject.dk_size'));
  const width = slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffff_ffff ? 4 : 8;
  return slots * width;
}

/** The value stored under the str `name`, or 0. */
export function lookUpName(image: MemoryImage, layout: Layout, dict: Address, name: string): Address {
  const strings = new StringReader(image, layout, 0);
  let found = 0;
  visitDictEntries(image, layout, dict, (key, value) => {
    if (strings.read(key, name.length + 1) !== name) return false;
    found = value;
    return true;
  });
  return found;
}
