// The threads of an interpreter and their stacks of Python frames, innermost first.

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { type FrameInfo, previousFrame, readFrameAt } from './frames.ts';
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
    frames: readFrames(image, layout, innermostFrame(image, layout, address), problems),
  }));
}

/** The frame a thread runs, or 0 for a thread outside Python code. */
function innermostFrame(image: MemoryImage, layout: Layout, thread: Address): Address {
  const current = layout.at('PyThreadState.current_frame');
  if (current >= 0) return image.pointer(thread + current);
  if (layout.minor <= 10) return image.pointer(thread + layout.need('PyThreadState.frame'));
  // 3.11 and 3.12 keep it in a structure on the thread's C stack.
  const cFrame = image.pointer(thread + layout.need('PyThreadState.cframe'));
  return cFrame === 0 ? 0 : image.pointer(cFrame + layout.need('_PyCFrame.current_frame'));
}

function readFrames(image: MemoryImage, layout: Layout, innermost: Address, problems: ProblemLog): FrameInfo[] {
  const frames: FrameInfo[] = [];
  const seen = new Set<Address>();
  let address = innermost;
  while (address !== 0) {
    if (seen.has(address) || seen.size >= MAX_FRAMES) {
      problems.addAt('frame-chain', 'a chain of frames does not end', address);
      break;
    }
    seen.add(address);
    if (image.bytes(address, 8) === undefined) {
      problems.addAt('frame-chain', 'a frame lies in memory that was not read', address);
      break;
    }
    // The interpreter's own entry frames are not Python code and come back undefined.
    const frame = readFrameAt(image, layout, address);
    if (frame !== undefined) frames.push(frame);
    address = previousFrame(image, layout, address);
  }
  return frames;
}
