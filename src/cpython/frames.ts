// Reads one frame, running or suspended, of any version: code, line, namespaces and where its local variables lie.
// Chains of frames are followed in thread-state.ts.

import type { Address } from '../graph/heap-graph.ts';
import { type Layout, NO_FIELD } from './layout.ts';
import { lineOfInstruction, lineTableFormat, NO_LINE } from './line-table.ts';
import type { MemoryImage } from './memory-image.ts';

export type FrameOwner = 'thread' | 'generator' | 'frame-object';

/** Where a frame keeps its variables and operands: arrays of object pointers, 0 where empty. */
export interface FrameSlots {
  /** The first variable. */
  readonly address: Address;
  /** Local, cell and free variables together. */
  readonly count: number;
  /** Addresses of the str objects that name the variables, in their order. */
  readonly names: readonly Address[];
  /** The first operand. */
  readonly stackBase: Address;
  readonly stackCount: number;
  /** False: up to `stackCount` words, of which only the interpreter's registers know how many are in use. */
  readonly stackExact: boolean;
}

export interface FrameInfo {
  /** Of the _PyInterpreterFrame (3.11 on) or the frame object. */
  readonly address: Address;
  readonly code: Address;
  /** 0 before 3.11: frames did not keep their function. */
  readonly function: Address;
  /** Current line, or 0 for code without one; looked up when asked for. */
  readonly line: number;
  /** Address of the str `co_filename`. */
  readonly fileNameAddress: Address;
  /** Address of the str `co_qualname`, or `co_name` before 3.11. */
  readonly qualNameAddress: Address;
  readonly owner: FrameOwner;
  readonly slots: FrameSlots;
  /** Slots carry tags in their two low bits: mask them off; what is left may be 0. */
  readonly tagged: boolean;
  /** The Python-visible frame, or 0 where none was made. */
  readonly frameObject: Address;
  readonly globals: Address;
  readonly builtins: Address;
  /** Mapping of a class body or module, or 0. */
  readonly locals: Address;
}

const WORD = 8;
/** More variables than any compiler emits: a larger count is a torn or wild code object. */
const MAX_SLOTS = 1 << 16;
/** By `owner`. */
const OWNERS: readonly (FrameOwner | undefined)[] = ['thread', 'generator', 'frame-object'];
const ENTRY_OWNERS: readonly number[] = [3, 4];

/** Clears the tag bits of a stack reference (or of any object pointer, which is 8-aligned). */
export function untagged(word: number): Address {
  return word - (word % WORD);
}

/**
 * Reads the frame at `address`: a _PyInterpreterFrame (3.11 on), wherever it is embedded, or a frame object (to 3.10).
 * Undefined for the interpreter's own entry frames and for memory that is not a frame.
 */
export function readFrameAt(image: MemoryImage, layout: Layout, address: Address): FrameInfo | undefined {
  return readerFor(image, layout).read(address);
}

/** The next outer frame's address, or 0. */
export function previousFrame(image: MemoryImage, layout: Layout, address: Address): Address {
  return image.pointer(address + readerFor(image, layout).offsets.previous);
}

/** Whether the memory at `address` is one of the interpreter's own frames, which stand between C and Python calls. */
export function isEntryFrame(image: MemoryImage, layout: Layout, address: Address): boolean {
  const { owner } = readerFor(image, layout).offsets;
  return layout.minor >= 12 && ENTRY_OWNERS.includes(image.u8(address + owner));
}

/** A heap may hold a million suspended coroutines of a few functions: offsets and code objects are read once. */
const readers = new WeakMap<MemoryImage, FrameReader>();

function readerFor(image: MemoryImage, layout: Layout): FrameReader {
  let reader = readers.get(image);
  if (reader === undefined || reader.layout !== layout) {
    reader = new FrameReader(image, layout);
    readers.set(image, reader);
  }
  return reader;
}

/** What all frames of one code object have in common. */
interface CodeInfo {
  readonly names: readonly Address[];
  readonly stackLimit: number;
  readonly fileName: Address;
  readonly qualName: Address;
}

/** Code objects remembered before starting over: more than any program has. */
const MAX_CODES = 1 << 18;

class FrameReader {
  readonly layout: Layout;
  readonly offsets: FrameOffsets;
  readonly #image: MemoryImage;
  /** By address; null for what is no code object. */
  readonly #codes = new Map<Address, CodeInfo | null>();

  constructor(image: MemoryImage, layout: Layout) {
    this.#image = image;
    this.layout = layout;
    this.offsets = layout.minor >= 11 ? interpreterFrameOffsets(layout) : frameObjectOffsets(layout);
  }

  read(address: Address): FrameInfo | undefined {
    const image = this.#image;
    const o = this.offsets;
    const owner = this.#owner(address);
    const code = untagged(image.pointer(address + o.code));
    const info = owner === undefined ? null : this.#code(code);
    if (owner === undefined || info === null) return undefined;
    const lineNow = (): number => this.#line(address, code);
    return {
      address,
      code,
      function: o.function < 0 ? 0 : untagged(image.pointer(address + o.function)),
      get line() {
        return lineNow();
      },
      fileNameAddress: info.fileName,
      qualNameAddress: info.qualName,
      owner,
      slots: this.#slots(address, info),
      tagged: this.layout.taggedFrameSlots,
      frameObject: o.frameObject < 0 ? address : image.pointer(address + o.frameObject),
      globals: image.pointer(address + o.globals),
      builtins: image.pointer(address + o.builtins),
      locals: image.pointer(address + o.locals),
    };
  }

  /** Undefined for the interpreter's entry frames. */
  #owner(address: Address): FrameOwner | undefined {
    const o = this.offsets;
    if (o.owner >= 0) return OWNERS[this.#image.u8(address + o.owner)];
    return this.#image.pointer(address + o.generator) === 0 ? 'thread' : 'generator';
  }

  #slots(address: Address, { names, stackLimit }: CodeInfo): FrameSlots {
    const image = this.#image;
    const o = this.offsets;
    const start = address + o.slots;
    const stackBase = o.stackBase < 0 ? start + names.length * WORD : image.pointer(address + o.stackBase);
    // A pointer to the first free operand (to 3.9, since 3.14), an index among the slots (3.11 to 3.13), or a depth
    // (3.10); NULL or negative while the frame runs.
    const used =
      o.stackPointer >= 0
        ? (image.pointer(address + o.stackPointer) - stackBase) / WORD
        : image.i32(address + o.stackTop) - (o.stackBase < 0 ? names.length : 0);
    const stackExact = Number.isInteger(used) && used >= 0 && used <= stackLimit;
    return {
      address: start,
      count: names.length,
      names,
      stackBase,
      stackCount: stackExact ? used : stackLimit,
      stackExact,
    };
  }

  #line(address: Address, code: Address): number {
    const image = this.#image;
    const o = this.offsets;
    if (o.lastInstruction >= 0) {
      // f_lasti counts bytes to 3.9 and code units in 3.10.
      const last = image.i32(address + o.lastInstruction);
      return lineAt(image, this.layout, code, this.layout.minor === 10 ? last * 2 : last);
    }
    const start = bytecodeStart(image, this.layout, address, code);
    return lineAt(image, this.layout, code, image.pointer(address + o.instruction) - start);
  }

  #code(code: Address): CodeInfo | null {
    const known = this.#codes.get(code);
    if (known !== undefined) return known;
    const info = this.#readCode(code);
    if (this.#codes.size >= MAX_CODES) this.#codes.clear();
    this.#codes.set(code, info);
    return info;
  }

  #readCode(code: Address): CodeInfo | null {
    const image = this.#image;
    const { layout } = this;
    if (!looksLikeCode(image, layout, code)) return null;
    const pointer = (field: string): Address => image.pointer(code + layout.need(`PyCodeObject.${field}`));
    const names = layout.has('PyCodeObject.co_localsplusnames')
      ? tupleItems(image, layout, pointer('co_localsplusnames'))
      : ['co_varnames', 'co_cellvars', 'co_freevars'].flatMap((field) => tupleItems(image, layout, pointer(field)));
    return {
      names,
      stackLimit: Math.min(image.u32(code + layout.need('PyCodeObject.co_stacksize')), MAX_SLOTS),
      fileName: pointer('co_filename'),
      qualName: pointer(layout.has('PyCodeObject.co_qualname') ? 'co_qualname' : 'co_name'),
    };
  }
}

/** Fields of a frame by what they mean; -1 where a version keeps something else instead. */
interface FrameOffsets {
  readonly previous: number;
  readonly code: number;
  readonly function: number;
  readonly globals: number;
  readonly builtins: number;
  readonly locals: number;
  readonly frameObject: number;
  readonly owner: number;
  readonly generator: number;
  readonly slots: number;
  readonly stackBase: number;
  readonly stackPointer: number;
  readonly stackTop: number;
  readonly instruction: number;
  readonly lastInstruction: number;
}

function interpreterFrameOffsets(layout: Layout): FrameOffsets {
  const at = (field: string): number => layout.at(`_PyInterpreterFrame.${field}`);
  return {
    previous: at('previous'),
    code: at('f_executable'),
    function: at('f_funcobj'),
    globals: at('f_globals'),
    builtins: at('f_builtins'),
    locals: at('f_locals'),
    frameObject: at('frame_obj'),
    owner: at('owner'),
    generator: NO_FIELD,
    slots: at('localsplus'),
    stackBase: NO_FIELD,
    stackPointer: at('stackpointer'),
    stackTop: at('stacktop'),
    instruction: at('instr_ptr'),
    lastInstruction: NO_FIELD,
  };
}

function frameObjectOffsets(layout: Layout): FrameOffsets {
  const at = (field: string): number => layout.at(`PyFrameObject.${field}`);
  return {
    previous: at('f_back'),
    code: at('f_code'),
    function: NO_FIELD,
    globals: at('f_globals'),
    builtins: at('f_builtins'),
    locals: at('f_locals'),
    frameObject: NO_FIELD,
    owner: NO_FIELD,
    generator: at('f_gen'),
    slots: at('f_localsplus'),
    stackBase: at('f_valuestack'),
    stackPointer: at('f_stacktop'),
    stackTop: at('f_stackdepth'),
    instruction: NO_FIELD,
    lastInstruction: at('f_lasti'),
  };
}

/** Free-threaded builds since 3.14 run a copy of the bytecode for each thread, in an array hung on the code. */
function bytecodeStart(image: MemoryImage, layout: Layout, frame: Address, code: Address): Address {
  const own = code + layout.need('PyCodeObject.co_code_adaptive');
  const copies = layout.at('PyCodeObject.co_tlbc');
  const index = layout.at('_PyInterpreterFrame.tlbc_index');
  if (copies < 0 || index < 0) return own;
  const array = image.pointer(code + copies);
  const which = image.i32(frame + index);
  if (array === 0 || which < 0 || which >= image.i64(array)) return own;
  const copy = image.pointer(array + WORD + which * WORD);
  return copy === 0 ? own : copy;
}

/** Empty for what is no plausible tuple of names. */
function tupleItems(image: MemoryImage, layout: Layout, tuple: Address): Address[] {
  if (tuple === 0) return [];
  const count = image.i64(tuple + layout.need('PyTupleObject.ob_size'));
  if (!(count > 0 && count <= MAX_SLOTS)) return [];
  const items = tuple + layout.need('PyTupleObject.ob_item');
  return Array.from({ length: count }, (_, i) => image.pointer(items + i * WORD));
}

/** Longer tables than any function compiles to are not read. */
const MAX_LINE_TABLE = 1 << 24;

/** The line of the instruction `offset` bytes into `code`, or 0 when there is none or its table cannot be read. */
export function lineAt(image: MemoryImage, layout: Layout, code: Address, offset: number): number {
  const firstLine = image.i32(code + layout.need('PyCodeObject.co_firstlineno'));
  const field = layout.has('PyCodeObject.co_linetable') ? 'co_linetable' : 'co_lnotab';
  const table = image.pointer(code + layout.need(`PyCodeObject.${field}`));
  if (table === 0) return NO_LINE;
  const length = image.i64(table + layout.need('PyBytesObject.ob_size'));
  if (!(length >= 0 && length <= MAX_LINE_TABLE)) return NO_LINE;
  const bytes = image.bytes(table + layout.need('PyBytesObject.ob_sval'), length);
  return bytes === undefined ? NO_LINE : lineOfInstruction(lineTableFormat(layout.minor), bytes, firstLine, offset);
}

/** The bytes `code`. */
const TYPE_NAME_CODE = 0x65646f63;

function looksLikeCode(image: MemoryImage, layout: Layout, object: Address): boolean {
  if (object === 0) return false;
  const type = image.pointer(object + layout.need('PyObject.ob_type'));
  if (type === 0) return false;
  const name = image.pointer(type + layout.need('PyTypeObject.tp_name'));
  return name !== 0 && image.u32(name) === TYPE_NAME_CODE && image.u8(name + 4) === 0;
}
