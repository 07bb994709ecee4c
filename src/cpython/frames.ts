// Reads one frame, running or suspended, of any version: code, line, namespaces and where its local variables lie.
// Chains of frames are followed in thread-state.ts.

import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
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
  /** Current line, or 0 for code without one. */
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
const FIRST_ENTRY_OWNER = 3;
const OWNERS: readonly FrameOwner[] = ['thread', 'generator', 'frame-object'];

/** Clears the tag bits of a stack reference (or of any object pointer, which is 8-aligned). */
export function untagged(word: number): Address {
  return word - (word % WORD);
}

/**
 * Reads the frame at `address`: a _PyInterpreterFrame (3.11 on), wherever it is embedded, or a frame object (to 3.10).
 * Undefined for the interpreter's own entry frames and for memory that is not a frame.
 */
export function readFrameAt(image: MemoryImage, layout: Layout, address: Address): FrameInfo | undefined {
  return layout.minor >= 11 ? readInterpreterFrame(image, layout, address) : readFrameObject(image, layout, address);
}

/** The next outer frame's address, or 0. */
export function previousFrame(image: MemoryImage, layout: Layout, address: Address): Address {
  const path = layout.minor >= 11 ? '_PyInterpreterFrame.previous' : 'PyFrameObject.f_back';
  return image.pointer(address + layout.need(path));
}

function readInterpreterFrame(image: MemoryImage, layout: Layout, address: Address): FrameInfo | undefined {
  const pointer = (field: string): Address =>
    untagged(image.pointer(address + layout.need(`_PyInterpreterFrame.${field}`)));
  const owner = image.u8(address + layout.need('_PyInterpreterFrame.owner'));
  const code = pointer('f_executable');
  if (owner >= FIRST_ENTRY_OWNER || !looksLikeCode(image, layout, code)) return undefined;
  const count = image.u32(code + layout.need('PyCodeObject.co_nlocalsplus'));
  if (count > MAX_SLOTS) return undefined;
  const slots = address + layout.need('_PyInterpreterFrame.localsplus');
  const stackBase = slots + count * WORD;
  const stack = interpreterFrameStack(image, layout, address, code, stackBase, count);
  return {
    address,
    code,
    function: pointer('f_funcobj'),
    line: lineAt(image, layout, code, instructionOffset(image, layout, address, code)),
    fileNameAddress: image.pointer(code + layout.need('PyCodeObject.co_filename')),
    qualNameAddress: image.pointer(code + layout.need('PyCodeObject.co_qualname')),
    owner: OWNERS[owner]!,
    slots: {
      address: slots,
      count,
      names: tupleItems(image, layout, image.pointer(code + layout.need('PyCodeObject.co_localsplusnames'))),
      stackBase,
      ...stack,
    },
    tagged: layout.taggedFrameSlots,
    frameObject: pointer('frame_obj'),
    globals: pointer('f_globals'),
    builtins: pointer('f_builtins'),
    locals: pointer('f_locals'),
  };
}

function interpreterFrameStack(
  image: MemoryImage,
  layout: Layout,
  frame: Address,
  code: Address,
  stackBase: Address,
  slotCount: number,
): { stackCount: number; stackExact: boolean } {
  const limit = Math.min(image.u32(code + layout.need('PyCodeObject.co_stacksize')), MAX_SLOTS);
  const pointerOffset = layout.at('_PyInterpreterFrame.stackpointer');
  // Kept as a pointer since 3.14; before, as an index that is -1 while the frame runs.
  const used =
    pointerOffset >= 0
      ? (image.pointer(frame + pointerOffset) - stackBase) / WORD
      : image.i32(frame + layout.need('_PyInterpreterFrame.stacktop')) - slotCount;
  if (Number.isInteger(used) && used >= 0 && used <= limit) return { stackCount: used, stackExact: true };
  return { stackCount: limit, stackExact: false };
}

/** Bytes from the start of the code to the current instruction; negative before the first one. */
function instructionOffset(image: MemoryImage, layout: Layout, frame: Address, code: Address): number {
  const instruction = image.pointer(frame + layout.need('_PyInterpreterFrame.instr_ptr'));
  return instruction - bytecodeStart(image, layout, frame, code);
}

/** Free-threaded builds since 3.14 run a copy of the bytecode for each thread, in an array hung on the code. */
function bytecodeStart(image: MemoryImage, layout: Layout, frame: Address, code: Address): Address {
  const own = code + layout.need('PyCodeObject.co_code_adaptive');
  const copies = layout.at('PyCodeObject.co_tlbc');
  const index = layout.at('_PyInterpreterFrame.tlbc_index');
  if (copies < 0 || index < 0) return own;
  const array = image.pointer(code + copies);
  const size = image.i64(array);
  const which = image.i32(frame + index);
  if (array === 0 || which < 0 || which >= size) return own;
  const copy = image.pointer(array + WORD + which * WORD);
  return copy === 0 ? own : copy;
}

function readFrameObject(image: MemoryImage, layout: Layout, address: Address): FrameInfo | undefined {
  const pointer = (field: string): Address => image.pointer(address + layout.need(`PyFrameObject.${field}`));
  const code = pointer('f_code');
  if (!looksLikeCode(image, layout, code)) return undefined;
  const names = ['co_varnames', 'co_cellvars', 'co_freevars'].flatMap((field) =>
    tupleItems(image, layout, image.pointer(code + layout.need(`PyCodeObject.${field}`))),
  );
  const stackBase = pointer('f_valuestack');
  return {
    address,
    code,
    function: 0,
    line: lineAt(image, layout, code, frameObjectOffset(image, layout, address)),
    fileNameAddress: image.pointer(code + layout.need('PyCodeObject.co_filename')),
    qualNameAddress: image.pointer(code + layout.need('PyCodeObject.co_name')),
    owner: pointer('f_gen') === 0 ? 'thread' : 'generator',
    slots: {
      address: address + layout.need('PyFrameObject.f_localsplus'),
      count: names.length,
      names,
      stackBase,
      ...frameObjectStack(image, layout, address, code, stackBase),
    },
    tagged: false,
    frameObject: address,
    globals: pointer('f_globals'),
    builtins: pointer('f_builtins'),
    locals: pointer('f_locals'),
  };
}

/** Empty for what is no plausible tuple of names. */
function tupleItems(image: MemoryImage, layout: Layout, tuple: Address): Address[] {
  if (tuple === 0) return [];
  const count = image.i64(tuple + layout.need('PyTupleObject.ob_size'));
  if (!(count > 0 && count <= MAX_SLOTS)) return [];
  const items = tuple + layout.need('PyTupleObject.ob_item');
  return Array.from({ length: count }, (_, i) => image.pointer(items + i * WORD));
}

/** f_lasti counts bytes to 3.9 and code units in 3.10. */
function frameObjectOffset(image: MemoryImage, layout: Layout, frame: Address): number {
  const last = image.i32(frame + layout.need('PyFrameObject.f_lasti'));
  return layout.minor === 10 ? last * 2 : last;
}

function frameObjectStack(
  image: MemoryImage,
  layout: Layout,
  frame: Address,
  code: Address,
  stackBase: Address,
): { stackCount: number; stackExact: boolean } {
  const limit = Math.min(image.u32(code + layout.need('PyCodeObject.co_stacksize')), MAX_SLOTS);
  const topOffset = layout.at('PyFrameObject.f_stacktop');
  // A pointer to 3.9, NULL while the frame runs; a depth in 3.10, -1 while it runs.
  const used =
    topOffset >= 0
      ? (image.pointer(frame + topOffset) - stackBase) / WORD
      : image.i32(frame + layout.need('PyFrameObject.f_stackdepth'));
  if (Number.isInteger(used) && used >= 0 && used <= limit) return { stackCount: used, stackExact: true };
  return { stackCount: limit, stackExact: false };
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
