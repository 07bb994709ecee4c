// One CPython build's memory layout: where each field of each structure lies. Pure data access; which build a target
// runs is decided in layout-selection.ts.

import { assert } from '../base/assert.ts';
import { KNOWN_BUILDS } from './layouts/known-builds.ts';
import type { Architecture, LayoutBuild } from './layouts/layout-build.ts';

/** How a dictionary's key table says its size: a count of slots (to 3.10) or its binary logarithm. */
export type DictKeysFormat = 'size' | 'log2';

/** Which reference counts mean "never freed". */
export type Immortality =
  /** No immortal objects (to 3.11). */
  | 'none'
  /** The count is exactly 0xffffffff (3.12, 3.13). */
  | 'exact-u32'
  /** The low half of the count is negative as a signed number (3.14 on). */
  | 'sign-u32'
  /** The owning thread's count is 0xffffffff (free-threaded builds). */
  | 'local-u32';

/** A bit field: `width` bits from bit `bit` of the unsigned integer at `offset`. */
export interface BitField {
  readonly offset: number;
  readonly bit: number;
  readonly width: number;
}

interface Field extends BitField {
  /** Size in bytes of an array or embedded structure, else 0. */
  readonly size: number;
}

interface Struct {
  readonly size: number;
  readonly fields: ReadonlyMap<string, Field>;
}

/** In no build: what `at` answers for a field this build lacks. */
export const NO_FIELD = -1;

const STRUCT_NAMES: ReadonlySet<string> = new Set(KNOWN_BUILDS.flatMap((build) => Object.keys(build.structs)));

/** Offsets of one build. Look fields up once, before a loop: `at` costs a map access. */
export class Layout {
  readonly build: LayoutBuild;
  /** `3.12.1` of the build the offsets come from, which may be a neighbour of the target's. */
  readonly version: string;
  readonly versionHex: number;
  /** 12 for 3.12. */
  readonly minor: number;
  readonly freeThreaded: boolean;
  readonly arch: Architecture;
  /** sizeof(PyObject): 16, or 32 in free-threaded builds. */
  readonly headerSize: number;
  /** Whether 16 bytes of collector links lie before each collected object. */
  readonly hasGcHead: boolean;
  readonly dictKeysFormat: DictKeysFormat;
  readonly immortality: Immortality;
  /** Whether frame slots carry tags in their low bits, which must be masked off before use as pointers. */
  readonly taggedFrameSlots: boolean;
  readonly #structs = new Map<string, Struct | undefined>();
  readonly #fields = new Map<string, Field | undefined>();

  constructor(build: LayoutBuild) {
    this.build = build;
    this.version = build.version;
    this.versionHex = build.versionHex;
    this.minor = (build.versionHex >>> 16) & 0xff;
    this.freeThreaded = build.freeThreaded;
    this.arch = build.arch;
    this.headerSize = this.sizeof('PyObject');
    this.hasGcHead = !build.freeThreaded;
    this.dictKeysFormat = this.has('PyDictKeysObject.dk_log2_size') ? 'log2' : 'size';
    this.immortality = immortalityOf(this.minor, build.freeThreaded);
    this.taggedFrameSlots = this.minor >= 14 || (this.minor === 13 && build.freeThreaded);
  }

  /**
   * Offset in bytes of `Struct.field`, or NO_FIELD when this build has no such structure or field.
   * The object header's fields (`ob_type`, `ob_refcnt`, …) are found under every structure's name.
   */
  at(path: string): number {
    return this.#field(path)?.offset ?? NO_FIELD;
  }

  has(path: string): boolean {
    return this.#field(path) !== undefined;
  }

  /** Offset of a field that every build of this version must have. */
  need(path: string): number {
    const field = this.#field(path);
    assert(field !== undefined, `CPython ${this.version} has no ${path}`);
    return field.offset;
  }

  /** Place of a bit field; whole bytes come as 8 bits. Undefined when this build has no such field. */
  bits(path: string): BitField | undefined {
    const field = this.#field(path);
    return field === undefined ? undefined : { offset: field.offset, bit: field.bit, width: field.width };
  }

  /** Size in bytes of an array or embedded structure; 0 for plain fields and missing ones. */
  fieldSize(path: string): number {
    return this.#field(path)?.size ?? 0;
  }

  /** Size in bytes of a structure, or 0 when this build has none of that name. */
  sizeof(struct: string): number {
    return this.#struct(struct)?.size ?? 0;
  }

  /** Field names of a structure, by ascending offset. */
  fieldsOf(struct: string): string[] {
    return [...(this.#struct(struct)?.fields.keys() ?? [])];
  }

  #field(path: string): Field | undefined {
    const cached = this.#fields.get(path);
    if (cached !== undefined || this.#fields.has(path)) return cached;
    const dot = path.indexOf('.');
    assert(dot > 0, `a layout path is Struct.field, not ${path}`);
    const struct = path.slice(0, dot);
    const name = path.slice(dot + 1);
    let field = this.#struct(struct)?.fields.get(name);
    if (field === undefined && name.startsWith('ob_') && struct !== 'PyObject' && this.#struct(struct) !== undefined) {
      field = this.#struct('PyObject')?.fields.get(name);
    }
    this.#fields.set(path, field);
    return field;
  }

  #struct(name: string): Struct | undefined {
    const cached = this.#structs.get(name);
    if (cached !== undefined || this.#structs.has(name)) return cached;
    assert(STRUCT_NAMES.has(name), `no CPython build has a structure ${name}`);
    const text = this.build.structs[name];
    const struct = text === undefined ? undefined : parseStruct(text);
    this.#structs.set(name, struct);
    return struct;
  }
}

function immortalityOf(minor: number, freeThreaded: boolean): Immortality {
  if (freeThreaded) return 'local-u32';
  if (minor <= 11) return 'none';
  return minor <= 13 ? 'exact-u32' : 'sign-u32';
}

/** Parses the one-line form described at StructTable. */
function parseStruct(text: string): Struct {
  const [size, ...words] = text.split(' ');
  const fields = new Map<string, Field>();
  for (const word of words) {
    const match = /^([^=]+)=(\d+)(?::(\d+)\+(\d+))?(?:#(\d+))?$/.exec(word);
    assert(match !== null, `malformed layout field ${word}`);
    fields.set(match[1]!, {
      offset: Number(match[2]),
      bit: Number(match[3] ?? 0),
      width: Number(match[4] ?? 8),
      size: Number(match[5] ?? 0),
    });
  }
  return { size: Number(size), fields };
}
