// Where a container keeps its number of entries, so that growth can be followed by reading one word.

import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { TypeFlag } from './type-table.ts';

/** Entry counts larger than this are torn reads. */
const ENTRIES_LIMIT = 2 ** 40;

/** Address of the word that counts the container's entries, or undefined for objects that are no known container. */
export function entryCountAddress(image: MemoryImage, layout: Layout, object: Address): Address | undefined {
  const type = image.pointer(object + layout.need('PyObject.ob_type'));
  const flags = image.u32(type + layout.need('PyTypeObject.tp_flags'));
  if ((flags & TypeFlag.list) !== 0) return object + layout.need('PyVarObject.ob_size');
  if ((flags & TypeFlag.dict) !== 0) return object + layout.need('PyDictObject.ma_used');
  switch (typeName(image, layout, type)) {
    case 'set':
      return object + layout.need('PySetObject.used');
    case 'collections.deque':
      return object + layout.need('PyVarObject.ob_size');
    default:
      return undefined;
  }
}

/** The bound a container carries: maxsize of an lru_cache, maxlen of a deque; undefined where there is none. */
export function ownBound(image: MemoryImage, layout: Layout, object: Address): number | undefined {
  const type = image.pointer(object + layout.need('PyObject.ob_type'));
  const name = typeName(image, layout, type);
  let bound: number | undefined;
  if (name === 'functools._lru_cache_wrapper') bound = image.i64(object + layout.need('lru_cache_object.maxsize'));
  else if (name === 'collections.deque') bound = image.i64(object + layout.need('dequeobject.maxlen'));
  // Both write "no bound" as -1.
  return bound !== undefined && bound >= 0 && bound < ENTRIES_LIMIT ? bound : undefined;
}

/** The value of a small int object: used for bounds (`maxsize`), never for data. Undefined when it is no such int. */
export function smallInt(image: MemoryImage, layout: Layout, object: Address): number | undefined {
  const type = image.pointer(object + layout.need('PyObject.ob_type'));
  if ((image.u32(type + layout.need('PyTypeObject.tp_flags')) & TypeFlag.long) === 0) return undefined;
  const tag = layout.at('PyLongObject.long_value.lv_tag');
  const digits =
    tag >= 0 ? Math.floor(image.u64(object + tag) / 8) : image.i64(object + layout.need('PyVarObject.ob_size'));
  const isNegative = tag >= 0 && image.u64(object + tag) % 4 === 2;
  if (digits < 0 || digits > 2 || isNegative) return undefined;
  const first =
    object + (tag >= 0 ? layout.need('PyLongObject.long_value.ob_digit') : layout.need('PyLongObject.ob_digit'));
  let value = 0;
  for (let i = digits - 1; i >= 0; i--) value = value * 2 ** 30 + image.u32(first + i * 4);
  return value;
}

function typeName(image: MemoryImage, layout: Layout, type: Address): string | undefined {
  return image.cString(image.pointer(type + layout.need('PyTypeObject.tp_name')), 64);
}
