// What runs or waits to run: frames, generators, coroutines, tasks and futures, exceptions' tracebacks.

import type { Address } from '../../graph/heap-graph.ts';
import { EdgeKind } from '../../graph/heap-graph.ts';
import { type EdgeVisitor, fieldId } from '../edge-visitor.ts';
import { type FrameInfo, readFrameAt } from '../frames.ts';
import type { Layout } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import type { DecodeContext } from './decode-context.ts';
import { type NamedOffset, presentFields, visitFields } from './field-references.ts';

const F = {
  name: fieldId('__name__'),
  qualname: fieldId('__qualname__'),
  code: fieldId('f_code'),
  func: fieldId('__func__'),
  excInfo: fieldId('exc_info'),
  frame: fieldId('frame'),
  back: fieldId('f_back'),
  trace: fieldId('f_trace'),
  locals: fieldId('f_locals'),
  globals: fieldId('__globals__'),
  builtins: fieldId('__builtins__'),
  next: fieldId('tb_next'),
  tbFrame: fieldId('tb_frame'),
  generator: fieldId('generator'),
  coroutine: fieldId('coroutine'),
  loop: fieldId('loop'),
  callbacks: fieldId('callbacks'),
  context: fieldId('context'),
  result: fieldId('result'),
  exception: fieldId('exception'),
  waitsFor: fieldId('waits for'),
  awaitedBy: fieldId('awaited by'),
  dict: fieldId('__dict__'),
} as const;

export interface ExecutionOffsets {
  readonly generator: readonly NamedOffset[];
  /** Where the generator's frame is: embedded (3.11+) or a frame object it points to. */
  readonly embeddedFrame: number;
  readonly frameState: number;
  readonly origin: number;
  readonly minor: number;
  readonly taggedSlots: boolean;
  readonly frameData: number;
  readonly framePointer: number;
  readonly frame: readonly NamedOffset[];
  readonly traceback: readonly NamedOffset[];
  readonly task: readonly NamedOffset[];
  readonly future: readonly NamedOffset[];
  readonly taskDict: number;
  readonly futureDict: number;
}

export function executionOffsets(layout: Layout): ExecutionOffsets {
  const present = (struct: string, rows: readonly (readonly [string, number])[]): NamedOffset[] =>
    presentFields(layout, struct, rows);
  const futureFields = (prefix: string, struct: string): NamedOffset[] =>
    present(struct, [
      [`${prefix}_loop`, F.loop],
      [`${prefix}_callback0`, F.callbacks],
      [`${prefix}_context0`, F.context],
      [`${prefix}_callbacks`, F.callbacks],
      [`${prefix}_exception`, F.exception],
      [`${prefix}_exception_tb`, F.exception],
      [`${prefix}_result`, F.result],
      [`${prefix}_source_tb`, F.exception],
      [`${prefix}_cancel_msg`, F.exception],
      [`${prefix}_cancelled_exc`, F.exception],
      [`${prefix}_awaited_by`, F.awaitedBy],
      [`${prefix}_fut_waiter`, F.waitsFor],
      [`${prefix}_coro`, F.coroutine],
      [`${prefix}_name`, F.name],
      [`${prefix}_context`, F.context],
    ]);
  return {
    generator: [
      ...present('PyGenObject', [
        ['gi_frame', F.frame],
        ['gi_code', F.code],
        ['gi_name', F.name],
        ['gi_qualname', F.qualname],
      ]),
      ...exceptionState(layout),
    ],
    embeddedFrame: layout.at('PyGenObject.gi_iframe'),
    frameState: layout.at('PyGenObject.gi_frame_state'),
    origin: layout.minor >= 11 ? layout.at('PyGenObject.gi_origin_or_finalizer') : layout.at('PyCoroObject.cr_origin'),
    minor: layout.minor,
    taggedSlots: layout.taggedFrameSlots,
    frameData: layout.at('PyFrameObject._f_frame_data'),
    framePointer: layout.at('PyFrameObject.f_frame'),
    frame: present('PyFrameObject', [
      ['f_back', F.back],
      ['f_trace', F.trace],
      ['f_extra_locals', F.locals],
      ['f_locals_cache', F.locals],
      ['f_overwritten_fast_locals', F.locals],
    ]),
    traceback: present('PyTracebackObject', [
      ['tb_next', F.next],
      ['tb_frame', F.tbFrame],
    ]),
    task: futureFields('task', 'TaskObj'),
    future: futureFields('fut', 'FutureObj'),
    taskDict: layout.at('TaskObj.dict'),
    futureDict: layout.at('FutureObj.dict'),
  };
}

/** _PyErr_StackItem: one exception (3.11+) or type, value and traceback, then a borrowed link to the previous item. */
function exceptionState(layout: Layout): NamedOffset[] {
  const start = layout.at('PyGenObject.gi_exc_state');
  const owned = layout.fieldSize('PyGenObject.gi_exc_state') / 8 - 1;
  return Array.from({ length: owned }, (_, i) => ({ offset: start + i * 8, field: F.excInfo }));
}

/**
 * What gi_frame_state says of the embedded frame (Include/internal/pycore_frame.h): `running` frames are the thread's,
 * `completed` ones still own code and function while their variables are stale.
 */
function frameStateOf(state: number, minor: number): 'suspended' | 'running' | 'completed' | 'cleared' {
  // 3.15 renumbered: 0..3 created or suspended, 4 executing, 5 cleared.
  if (minor >= 15) return state <= 3 ? 'suspended' : state === 4 ? 'running' : 'cleared';
  if (state < 0) return 'suspended';
  return state === 0 ? 'running' : state === 1 ? 'completed' : 'cleared';
}

/** Locals and operands of a frame as edges of `owner`'s node; the frame's own code, function and mappings with them. */
export function visitFrame(context: DecodeContext, frame: FrameInfo, visitor: EdgeVisitor): void {
  const { image } = context;
  visitor.field(frame.code, F.code);
  visitor.field(frame.function, F.func);
  visitor.field(frame.locals, F.locals);
  visitLocals(context, frame, visitor);
  const { slots } = frame;
  for (let i = 0; i < slots.stackCount; i++) {
    const operand = slotValue(image.pointer(slots.stackBase + i * 8), frame.tagged);
    if (operand === 0) continue;
    // Operands above an inexact stack top may be stale.
    if (slots.stackExact) visitor.edge(operand, EdgeKind.operand, i);
    else visitor.scanned(operand, i);
  }
}

function visitLocals(context: DecodeContext, frame: FrameInfo, visitor: EdgeVisitor): void {
  const { image } = context;
  const { slots } = frame;
  for (let i = 0; i < slots.count; i++) {
    const value = slotValue(image.pointer(slots.address + i * 8), frame.tagged);
    if (value !== 0) visitor.named(value, EdgeKind.local, slots.names[i] ?? 0);
  }
}

/**
 * Calls back for every object that a slot of a running frame refers to without counting (3.14 on): the reference is a
 * caller's, or the object's count does not matter.
 */
export function visitBorrowedSlots(image: MemoryImage, frame: FrameInfo, visit: (object: Address) => void): void {
  if (!frame.tagged) return;
  const { slots } = frame;
  const operands = slots.stackExact ? slots.stackCount : 0;
  for (let i = 0; i < slots.count + operands; i++) {
    const at = i < slots.count ? slots.address + i * 8 : slots.stackBase + (i - slots.count) * 8;
    const word = image.pointer(at);
    if (word % 4 === 1 && word !== 1) visit(word - 1);
  }
}

/** Strips the reference tag (bit 0: borrowed or deferred); tagged integers and the NULL sentinel are no references. */
function slotValue(word: Address, tagged: boolean): Address {
  if (!tagged) return word;
  const tag = word % 4;
  if (tag === 3 || word === 1) return 0;
  return word - tag;
}

export function decodeGenerator(
  context: DecodeContext,
  o: ExecutionOffsets,
  object: Address,
  typeName: string,
  visitor: EdgeVisitor,
): void {
  const { image, layout } = context;
  visitFields(context, object, o.generator, visitor);
  // Uninitialised memory in plain generators.
  if (o.origin >= 0 && typeName !== 'generator') visitor.edge(image.pointer(object + o.origin), EdgeKind.field, 0);
  if (o.embeddedFrame < 0) return;
  const rawState = image.u8(object + o.frameState);
  const state = frameStateOf(rawState >= 128 ? rawState - 256 : rawState, o.minor);
  if (state === 'running') return;
  const frame = readFrameAt(image, layout, object + o.embeddedFrame);
  if (frame === undefined) return;
  if (state === 'suspended') {
    visitFrame(context, frame, visitor);
    visitor.field(frame.frameObject, F.frame);
  } else if (state === 'completed') {
    visitor.field(frame.code, F.code);
    visitor.field(frame.function, F.func);
    visitor.field(frame.frameObject, F.frame);
  } else if (o.minor >= 12) {
    // 3.12+ keeps the code object in a finished generator.
    visitor.field(frame.code, F.code);
  }
}

/** Frame objects: to 3.10 the frame itself; from 3.11 a handle that owns the frame only after it returned. */
export function decodeFrame(context: DecodeContext, o: ExecutionOffsets, object: Address, visitor: EdgeVisitor): void {
  const { image, layout } = context;
  visitFields(context, object, o.frame, visitor);
  if (o.framePointer < 0) {
    const frame = readFrameAt(image, layout, object);
    if (frame === undefined) return;
    visitFrame(context, frame, visitor);
    visitor.field(frame.globals, F.globals);
    visitor.field(frame.builtins, F.builtins);
    return;
  }
  const inner = image.pointer(object + o.framePointer);
  if (inner !== object + o.frameData) return;
  const frame = readFrameAt(image, layout, inner);
  if (frame !== undefined) visitFrame(context, frame, visitor);
}

export function decodeTraceback(
  context: DecodeContext,
  o: ExecutionOffsets,
  object: Address,
  visitor: EdgeVisitor,
): void {
  visitFields(context, object, o.traceback, visitor);
}

export function decodeTask(context: DecodeContext, o: ExecutionOffsets, object: Address, visitor: EdgeVisitor): void {
  visitFields(context, object, o.task, visitor);
  visitOwnDict(context, object, o.taskDict, visitor);
}

export function decodeFuture(context: DecodeContext, o: ExecutionOffsets, object: Address, visitor: EdgeVisitor): void {
  visitFields(context, object, o.future, visitor);
  visitOwnDict(context, object, o.futureDict, visitor);
}

function visitOwnDict(context: DecodeContext, object: Address, offset: number, visitor: EdgeVisitor): void {
  if (offset < 0) return;
  const dict = context.image.pointer(object + offset);
  visitor.namespace(dict, 'attribute');
  visitor.field(dict, F.dict);
}
