// Where the stacks of threads lie: the C stack that glibc mapped for each, and the chunks in which the interpreter keeps
// frames (3.11 on).

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { InterpreterState } from './interpreter-state.ts';
import type { MemoryImage } from './memory-image.ts';
import { listThreads, type ThreadInfo } from './thread-state.ts';

export interface StackExtent {
  readonly start: Address;
  readonly end: Address;
}

const PAGE = 4096;
/** struct pthread is smaller than this on every port; `stackblock` and `stackblock_size` stand side by side in it. */
const PTHREAD_BYTES = 0xa00;
/** Above any stack: ulimit -s and threading.stack_size stay far below. */
const STACK_LIMIT = 4 * 2 ** 30;
/** struct pthread and static thread-local storage lie at the end of the stack. */
const DESCRIPTOR_LIMIT = 1 << 20;

/**
 * The C stacks of threads that pthread_create made, ascending. A thread's ident is the address of its struct pthread
 * (nptl/descr.h), which lies at the end of its stack and says where that begins: the two words that enclose it.
 */
export function findThreadStacks(image: MemoryImage, threads: readonly ThreadInfo[]): StackExtent[] {
  const stacks: StackExtent[] = [];
  for (const { threadId } of threads) {
    for (let at = threadId; at < threadId + PTHREAD_BYTES; at += 8) {
      if (!image.isCopied(at + 8)) break;
      const start = image.pointer(at);
      const size = image.u64(at + 8);
      if (start === 0 || start % PAGE !== 0 || size === 0 || size % PAGE !== 0 || size > STACK_LIMIT) continue;
      const end = start + size;
      if (threadId < start || threadId >= end || end - threadId > DESCRIPTOR_LIMIT) continue;
      stacks.push({ start, end });
      break;
    }
  }
  return stacks.sort((a, b) => a.start - b.start);
}

const CHUNKS_LIMIT = 1 << 16;

/** The chunks of every thread's stack of frames (_PyStackChunk), each in a mapping of its own. */
export function findFrameChunks(
  image: MemoryImage,
  interpreter: InterpreterState,
  problems: ProblemLog,
): StackExtent[] {
  const { layout } = interpreter;
  const chunks: StackExtent[] = [];
  const seen = new Set<Address>();
  for (const thread of listThreads(image, interpreter, problems)) {
    for (const field of ['datastack_chunk', 'datastack_cached_chunk']) {
      const offset = layout.at(`PyThreadState.${field}`);
      if (offset < 0) continue;
      let chunk = image.pointer(thread + offset);
      while (chunk !== 0 && !seen.has(chunk) && seen.size < CHUNKS_LIMIT) {
        seen.add(chunk);
        const size = image.u64(chunk + layout.need('_PyStackChunk.size'));
        if (size === 0 || size % PAGE !== 0 || size > STACK_LIMIT) break;
        chunks.push({ start: chunk, end: chunk + size });
        chunk = image.pointer(chunk + layout.need('_PyStackChunk.previous'));
      }
    }
  }
  return chunks;
}
