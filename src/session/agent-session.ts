// A snapshot that the agent inside a process takes, fetched over its socket and checked as a file from anywhere is.

import { LeakscopeError } from '../base/errors.ts';
import type { Problem } from '../base/problems.ts';
import { formatBytes } from '../base/units.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { ByteSource, HeapFileMeta } from '../snapshot/heap-file.ts';
import { readHeap } from '../snapshot/heap-reader.ts';
import { streamFromAgent } from '../target/agent-socket.ts';
import type { Progress } from './session-options.ts';

export interface AgentSnapshot {
  readonly graph: HeapGraph;
  /** `pauseMs` is what the program lost to it: the preparation of a fork, or the whole walk where there is none. */
  readonly meta: HeapFileMeta;
  readonly problems: readonly Problem[];
}

/** The walk of ten million objects takes some minutes before the first byte comes. */
const PATIENCE_MS = 1_000_000;
/** Twice what a hundred million objects compress to. */
const FILE_BYTES_LIMIT = 2 ** 31;

/** Throws E_NO_SUCH_PROCESS, E_NO_AGENT, E_AGENT, E_CANCELLED, and E_HEAP_FILE for what is no snapshot. */
export async function takeAgentSnapshot(
  pid: number,
  { signal, force = false }: { readonly signal: AbortSignal; readonly force?: boolean },
  progress: Progress,
): Promise<AgentSnapshot> {
  progress.stage(`waiting for the agent in process ${pid}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  await streamFromAgent(pid, 'snapshot', {
    parameters: { force },
    timeoutMs: PATIENCE_MS,
    signal,
    onBytes: async (bytes) => {
      size += bytes.length;
      if (size > FILE_BYTES_LIMIT) throw new LeakscopeError('E_AGENT', `the agent in process ${pid} sends without end`);
      // A copy: the connection uses its memory again.
      chunks.push(bytes.slice());
      progress.update(undefined, formatBytes(size));
    },
  });
  const { graph, meta } = await readHeap(new MemorySource(chunks, size));
  // In a container the process has another id for itself.
  return { graph, meta: { ...meta, pid }, problems: meta.problems ?? [] };
}

class MemorySource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(chunks: readonly Uint8Array[], size: number) {
    this.size = size;
    this.#bytes = Buffer.concat(chunks, size);
  }

  async read(length: number): Promise<Uint8Array> {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += bytes.length;
    return bytes;
  }
}
