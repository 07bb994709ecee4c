// The threads of an interpreter and their stacks of Python frames, innermost first.

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { type FrameInfo, isEntryFrame, previousFrame, readFrameAt } from './frames.ts';
import type { InterpreterState } from './interpreter-state.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

export interface ThreadInfo {
  /** Of the PyThreadState. */
  readonly address: Address;
  /** The kernel's thread id; 0 before 3.11, which did not keep it. */
  readonly nativeId: number;
  /** threading.get_ident(): the address of the thread's pthread structure. */
  readonly threadId: number;
  /** Python-level name, for whoever finds it in the heap. */
  readonly name: string | undefined;
  /** Innermost first. */
  readonly frames: readonly FrameInfo[];
}

/** Guards against torn or looping lists. Python's recursion limit bounds stacks far below this. */
const MAX_THREADS = 1 << 16;
const MAX_FRAMES = 1 << 17;

/** Addresses of the thread states of an interpreter, newest first. */
export function listThreads(image: MemoryImage, interpreter: InterpreterState, problems: ProblemLog): Address[] {
  const { layout } = interpreter;
  const next = layout.need('PyThreadState.next');
  const back = layout.need('PyThreadState.interp');
  const threads = new Set<Address>();
  let address = image.pointer(interpreter.address + layout.need('PyInterpreterState.threads.head'));
  while (address !== 0) {
    if (threads.has(address) || threads.size >= MAX_THREADS) {
      problems.addAt('thread-list', 'the list of threads does not end', address);
      break;
    }
    if (image.pointer(address + back) !== interpreter.address) {
      problems.addAt('thread-list', 'a thread state does not belong to its interpreter', address);
      break;
    }
    threads.add(address);
    address = image.pointer(address + next);
  }
  return [...threads];
}

/** The threads of an interpreter with their frames. Frames that cannot be read are left out and counted. */
export function readThreads(image: MemoryImage, interpreter: InterpreterState, problems: ProblemLog): ThreadInfo[] {
  const { layout } = interpreter;
  const native = layout.at('PyThreadState.native_thread_id');
  const ident = layout.need('PyThreadState.thread_id');
  return listThreads(image, interpreter, problems).map((address) => ({
    address,
    nativeId: native >= 0 ? image.u64(address + native) : 0,
    threadId: image.u64(address + ident),
    name: undefined,
    frames: readFrames(image, layout, chainStarts(image, layout, address), problems),
  }));
}

/**
 * Where the chains of a thread's frames start, innermost first: one, but in 3.11 and 3.12 one for each C-level call of
 * the interpreter. There the first chain holds the others, except for the few instructions in which the interpreter
 * switches frames: the outer ones then give the callers all the same.
 */
function chainStarts(image: MemoryImage, layout: Layout, thread: Address): Address[] {
  const current = layout.at('PyThreadState.current_frame');
  if (current >= 0) return [image.pointer(thread + current)];
  if (layout.minor <= 10) return [image.pointer(thread + layout.need('PyThreadState.frame'))];
  const frame = layout.need('_PyCFrame.current_frame');
  const previous = layout.need('_PyCFrame.previous');
  const starts: Address[] = [];
  // These structures lie on the thread's C stack.
  let call = image.pointer(thread + layout.need('PyThreadState.cframe'));
  while (call !== 0 && starts.length < MAX_FRAMES) {
    starts.push(image.pointer(call + frame));
    call = image.pointer(call + previous);
  }
  return starts;
}

function readFrames(image: MemoryImage, layout: Layout, starts: readonly Address[], problems: ProblemLog): FrameInfo[] {
  const frames: FrameInfo[] = [];
  const seen = new Set<Address>();
  let isTorn = false;
  for (const start of starts) {
    let address = start;
    while (address !== 0 && !seen.has(address) && seen.size < MAX_FRAMES) {
      seen.add(address);
      const frame = readFrameAt(image, layout, address);
      if (frame !== undefined) frames.push(frame);
      else if (!isEntryFrame(image, layout, address)) {
        isTorn = true;
        break;
      }
      address = previousFrame(image, layout, address);
    }
  }
  // A generator always runs for someone.
  if (isTorn || frames.at(-1)?.owner === 'generator') {
    problems.addAt('frame-chain-torn', 'a thread was stopped between two frames: callers may be missing', starts[0]!);
  }
  if (seen.size >= MAX_FRAMES) problems.addAt('frame-chain', 'a chain of frames does not end', starts[0]!);
  return frames;
}
