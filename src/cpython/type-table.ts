// Knows every type object met in a snapshot: how its instances are laid out and which decoder reads them.
// A type is believed only when its metatype chain, flags, sizes and name hold together.

import type { ProblemLog } from '../base/problems.ts';
import type { Address, HeapType, TypeIndex } from '../graph/heap-graph.ts';
import { Decoder, type DecoderId, decoderByTypeName } from './decoder-registry.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import type { StringReader } from './python-string.ts';

/** tp_flags bits (Include/object.h). */
export const TypeFlag = {
  inlineValues: 1 << 2,
  managedWeakref: 1 << 3,
  managedDict: 1 << 4,
  heapType: 1 << 9,
  ready: 1 << 12,
  haveGc: 1 << 14,
  long: 1 << 24,
  list: 1 << 25,
  tuple: 1 << 26,
  bytes: 1 << 27,
  unicode: 1 << 28,
  dict: 1 << 29,
  baseException: 1 << 30,
  type: 1 << 31,
} as const;

/** Sizes past this are torn reads: no type has a gigabyte of fixed fields. */
const BASIC_SIZE_LIMIT = 1 << 30;
const BASE_CHAIN_LIMIT = 200;
/** Every instance has room for every slot: no class has more. */
const SLOTS_LIMIT = 4096;
/** _Py_AFTER_ITEMS (Include/descrobject.h, 3.15 on). */
const MEMBER_AFTER_ITEMS = 16;
/** Types kept at most: each costs a few hundred bytes, and a forged heap may offer any number. */
const TYPES_LIMIT = 4_000_000;

/** A `__slots__` member that holds an object reference. */
export interface Slot {
  readonly offset: number;
  /** Address of the C string with its name. */
  readonly name: Address;
  /** The offset counts from the end of the object's items (tuples with slots, 3.15 on). */
  readonly afterItems: boolean;
}

export interface TypeInfo extends HeapType {
  readonly index: TypeIndex;
  /** tp_name. */
  readonly cName: string;
  readonly flags: number;
  readonly basicSize: number;
  readonly itemSize: number;
  /** Offset of the dict pointer; 0 none; negative counts from the end of variable-size objects. */
  readonly dictOffset: number;
  readonly weakListOffset: number;
  readonly isHeapType: boolean;
  readonly isGc: boolean;
  readonly hasManagedDict: boolean;
  readonly hasInlineValues: boolean;
  /** Reads the C part of its instances. */
  readonly decoder: DecoderId;
  /** First class of the base chain that is written in C: the owner of the fixed fields. Itself for C types. */
  readonly layoutOwner: TypeInfo | undefined;
  /** Instances own a reference to the type. */
  readonly ownsTypeReference: boolean;
  /** All `__slots__` along the base chain. */
  readonly slots: readonly Slot[];
  /** Shared keys of its instances' attributes (ht_cached_keys), or 0. */
  readonly cachedKeys: Address;
  /** Nothing to follow: str, bytes, int, float and the like without a dict. */
  readonly isLeaf: boolean;
}

/** Types by address, found on demand and remembered, also the impostors. */
export class TypeTable {
  readonly types: TypeInfo[] = [];
  readonly #image: MemoryImage;
  readonly #layout: Layout;
  readonly #strings: StringReader;
  readonly #problems: ProblemLog;
  /** `type` itself: every chain of metatypes ends there. */
  readonly #root: Address;
  readonly #isTracked: (address: Address) => boolean;
  /** Open addressing, power of two: type address → index + 1, or IMPOSTOR. */
  #keys = new Float64Array(4096);
  #values = new Int32Array(4096);
  #used = 0;
  #subtypeTraverse: Address = 0;
  readonly #inProgress = new Set<Address>();
  readonly #o: Readonly<
    Record<
      'type' | 'name' | 'basicSize' | 'itemSize' | 'flags' | 'traverse' | 'weakList' | 'base' | 'dictOffset' | 'size',
      number
    >
  >;

  /** `root` is the address of `type`; `isTracked` tells the objects on the collector's lists. */
  constructor(
    image: MemoryImage,
    layout: Layout,
    strings: StringReader,
    problems: ProblemLog,
    root: Address,
    isTracked: (address: Address) => boolean,
  ) {
    this.#root = root;
    this.#isTracked = isTracked;
    this.#image = image;
    this.#layout = layout;
    this.#strings = strings;
    this.#problems = problems;
    this.#o = {
      type: layout.at('PyObject.ob_type'),
      size: layout.at('PyVarObject.ob_size'),
      name: layout.at('PyTypeObject.tp_name'),
      basicSize: layout.at('PyTypeObject.tp_basicsize'),
      itemSize: layout.at('PyTypeObject.tp_itemsize'),
      flags: layout.at('PyTypeObject.tp_flags'),
      traverse: layout.at('PyTypeObject.tp_traverse'),
      weakList: layout.at('PyTypeObject.tp_weaklistoffset'),
      base: layout.at('PyTypeObject.tp_base'),
      dictOffset: layout.at('PyTypeObject.tp_dictoffset'),
    };
  }

  /**
   * Learns `subtype_traverse`, the tp_traverse of every class written in Python: the commonest one among heap types.
   * `sample` are addresses of some tracked objects; call before the first lookup.
   */
  learnPythonClasses(sample: Iterable<Address>): void {
    const votes = new Map<Address, number>();
    const seen = new Set<Address>();
    for (const object of sample) {
      const type = this.#image.pointer(object + this.#o.type);
      const flags = this.#image.u32(type + this.#o.flags);
      if ((flags & TypeFlag.type) === 0 || seen.has(object)) continue;
      seen.add(object);
      if ((this.#image.u32(object + this.#o.flags) & TypeFlag.heapType) === 0) continue;
      const traverse = this.#image.u64(object + this.#o.traverse);
      votes.set(traverse, (votes.get(traverse) ?? 0) + 1);
    }
    let most = 0;
    for (const [traverse, count] of votes) {
      if (count > most && traverse !== 0) {
        most = count;
        this.#subtypeTraverse = traverse;
      }
    }
  }

  /** Index of the type of the object at `object`, or -1 when its ob_type is no type: then it is no object. */
  indexOfObject(object: Address): TypeIndex {
    const type = this.#image.pointer(object + this.#o.type);
    return type === 0 ? -1 : this.indexOf(type);
  }

  /** The type of the object at `object`, or undefined when that is no object. */
  ofObject(object: Address): TypeInfo | undefined {
    const index = this.indexOfObject(object);
    return index < 0 ? undefined : this.types[index];
  }

  /** Index of the type object at `type`, or -1 when it is none. */
  indexOf(type: Address): TypeIndex {
    const mask = this.#keys.length - 1;
    let slot = hashAddress(type) & mask;
    while (this.#keys[slot] !== 0) {
      if (this.#keys[slot] === type) return this.#values[slot]! - 1;
      slot = (slot + 1) & mask;
    }
    return this.#learn(type);
  }

  get(type: Address): TypeInfo | undefined {
    const index = this.indexOf(type);
    return index < 0 ? undefined : this.types[index];
  }

  #remember(type: Address, value: number): void {
    if (this.#used * 2 >= this.#keys.length) {
      const keys = this.#keys;
      const values = this.#values;
      this.#keys = new Float64Array(keys.length * 2);
      this.#values = new Int32Array(values.length * 2);
      this.#used = 0;
      for (let i = 0; i < keys.length; i++) if (keys[i] !== 0) this.#remember(keys[i]!, values[i]!);
    }
    const mask = this.#keys.length - 1;
    let slot = hashAddress(type) & mask;
    while (this.#keys[slot] !== 0) slot = (slot + 1) & mask;
    this.#keys[slot] = type;
    this.#values[slot] = value;
    this.#used++;
  }

  #learn(type: Address): TypeIndex {
    if (this.#used >= TYPES_LIMIT || this.#inProgress.has(type)) return -1;
    this.#inProgress.add(type);
    const info = this.#read(type);
    this.#inProgress.delete(type);
    this.#remember(type, info === undefined ? 0 : info.index + 1);
    return info === undefined ? -1 : info.index;
  }

  #read(type: Address): TypeInfo | undefined {
    const image = this.#image;
    const o = this.#o;
    if (type % 8 !== 0 || !image.isCopied(type) || !image.isCopied(type + o.dictOffset)) return undefined;
    const metatype = image.pointer(type + o.type);
    if (!this.#isMetatype(metatype)) return undefined;
    const flags = image.u32(type + o.flags);
    const isHeapType = (flags & TypeFlag.heapType) !== 0;
    // Classes made at run time are collected objects: what is on no list is a freed one, or none.
    if (isHeapType && this.#layout.hasGcHead && !this.#isTracked(type)) return undefined;
    const basicSize = image.u64(type + o.basicSize);
    const itemSize = image.u64(type + o.itemSize);
    if (basicSize < this.#layout.headerSize || basicSize > BASIC_SIZE_LIMIT || itemSize > BASIC_SIZE_LIMIT)
      return undefined;
    const cName = image.cString(image.pointer(type + o.name));
    if (cName === undefined || !isTypeName(cName, isHeapType)) return undefined;
    const baseAddress = image.pointer(type + o.base);
    if (baseAddress !== 0 && baseAddress !== this.#root && this.indexOf(baseAddress) < 0) return undefined;
    const names = this.#names(type, cName, isHeapType);
    const isPythonClass = isHeapType && image.u64(type + o.traverse) === this.#subtypeTraverse;
    const base = this.#baseOf(type);
    const layoutOwner = isPythonClass ? (base === undefined ? undefined : (base.layoutOwner ?? base)) : undefined;
    const decoder = isPythonClass ? (base?.decoder ?? Decoder.none) : decoderFor(cName, flags, base);
    const dictOffset = image.i64(type + o.dictOffset);
    const hasManagedDict = this.#layout.minor >= 11 && (flags & TypeFlag.managedDict) !== 0;
    const slots = [...(base?.slots ?? []), ...(isPythonClass ? this.#slotsOf(type, metatype) : [])].slice(
      0,
      SLOTS_LIMIT,
    );
    const info: TypeInfo = {
      index: this.types.length,
      address: type,
      name: names.name,
      module: names.module,
      cName,
      flags,
      basicSize,
      itemSize,
      dictOffset: Math.abs(dictOffset) > BASIC_SIZE_LIMIT ? 0 : dictOffset,
      weakListOffset: Math.max(0, image.i64(type + o.weakList)),
      isHeapType,
      isGc: (flags & TypeFlag.haveGc) !== 0,
      hasManagedDict,
      hasInlineValues: this.#layout.minor >= 13 && (flags & TypeFlag.inlineValues) !== 0,
      decoder,
      layoutOwner,
      // Instances of Python classes always own their type; C heap types do since bpo-35810 (3.8 for allocation, 3.9 for traversal).
      ownsTypeReference: isHeapType && (isPythonClass || this.#layout.minor >= 9),
      slots,
      cachedKeys: isHeapType ? image.pointer(type + this.#layout.at('PyHeapTypeObject.ht_cached_keys')) : 0,
      isLeaf: decoder === Decoder.leaf && !isHeapType && dictOffset === 0,
    };
    this.types.push(info);
    return info;
  }

  /** Whether an object of type `metatype` may be a type. */
  #isMetatype(metatype: Address): boolean {
    // Not looked up: learning `type` needs `object`, whose metatype is `type`.
    if (metatype === this.#root) return metatype !== 0;
    const index = metatype === 0 || this.#inProgress.size > BASE_CHAIN_LIMIT ? -1 : this.indexOf(metatype);
    return index >= 0 && (this.types[index]!.flags & TypeFlag.type) !== 0;
  }

  #baseOf(type: Address): TypeInfo | undefined {
    const base = this.#image.pointer(type + this.#o.base);
    if (base === 0 || base === type || this.#inProgress.size > BASE_CHAIN_LIMIT) return undefined;
    const index = this.indexOf(base);
    return index < 0 ? undefined : this.types[index];
  }

  /** Heap types know their qualified name and module as str objects; static types have both in tp_name. */
  #names(type: Address, cName: string, isHeapType: boolean): { name: string; module: string } {
    const dot = cName.lastIndexOf('.');
    const fromC = { name: cName.slice(dot + 1), module: dot < 0 ? 'builtins' : cName.slice(0, dot) };
    if (!isHeapType) return fromC;
    const qualname = this.#strings.read(this.#image.pointer(type + this.#layout.at('PyHeapTypeObject.ht_qualname')));
    return { name: qualname ?? fromC.name, module: dot < 0 ? '' : fromC.module };
  }

  /** Sets the module of a heap type once its namespace has been read (`__module__`). */
  nameModule(index: TypeIndex, module: string): void {
    const info = this.types[index];
    if (info !== undefined) this.types[index] = { ...info, module };
  }

  /** PyMemberDef rows behind the type object: type at 8, offset at 16; kinds 6 and 16 are object references. */
  #slotsOf(type: Address, metatype: Address): Slot[] {
    const image = this.#image;
    const layout = this.#layout;
    const count = image.u64(type + this.#o.size);
    if (count === 0) return [];
    if (count > SLOTS_LIMIT) {
      this.#problems.addAt('forged-slots', 'a class claims an impossible number of __slots__', type);
      return [];
    }
    const instanceSize = image.u64(type + this.#o.basicSize);
    const rows = type + image.u64(metatype + this.#o.basicSize);
    const rowSize = layout.sizeof('PyMemberDef');
    const slots: Slot[] = [];
    for (let i = 0; i < count; i++) {
      const row = rows + i * rowSize;
      const kind = image.i32(row + layout.at('PyMemberDef.type'));
      const offset = image.u64(row + layout.at('PyMemberDef.offset'));
      if ((kind !== 6 && kind !== 16) || offset + 8 > instanceSize) continue;
      slots.push({
        offset,
        name: image.pointer(row + layout.at('PyMemberDef.name')),
        afterItems: layout.minor >= 15 && (image.u32(row + layout.at('PyMemberDef.flags')) & MEMBER_AFTER_ITEMS) !== 0,
      });
    }
    return slots;
  }
}

/** Which decoder reads a C type: by its subclass flags, then by its name, then as its base, else by scanning. */
function decoderFor(name: string, flags: number, base: TypeInfo | undefined): DecoderId {
  const known = decoderByTypeName.get(name);
  if (known !== undefined) return known;
  if ((flags & TypeFlag.list) !== 0) return Decoder.listSubtype;
  if ((flags & TypeFlag.tuple) !== 0) return Decoder.tuple;
  if ((flags & TypeFlag.type) !== 0) return Decoder.typeSubtype;
  if ((flags & (TypeFlag.unicode | TypeFlag.bytes | TypeFlag.long)) !== 0) return Decoder.leaf;
  if ((flags & TypeFlag.dict) !== 0) return Decoder.dictSubtype;
  if ((flags & TypeFlag.baseException) !== 0) return Decoder.scan;
  if (base !== undefined && base.decoder === Decoder.module) return Decoder.module;
  return Decoder.scan;
}

/** Static types are named in ASCII; a class can be given any name, but hardly one with control characters. */
function isTypeName(name: string, isHeapType: boolean): boolean {
  return isHeapType ? !/[\x00-\x1f\x7f\ufffd]/.test(name) : /^[\x20-\x7e]+$/.test(name);
}

/** MurmurHash3's finalizer over the bits above the alignment: all 32 bits count, for tables of any size. */
function hashAddress(address: Address): number {
  let hash = ((address / 16) | 0) ^ (address / 0x1_0000_0000);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
