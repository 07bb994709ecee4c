// What tracemalloc knows at one moment, read from outside: the same that tracemalloc.take_snapshot() copies, and no code
// runs in the target for it.

import type { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import type { Interpreter } from '../interpreter.ts';
import type { Layout } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import { type AllocationTraces, readAllocationTraces } from './allocation-traces.ts';
import { HashTableReader } from './hash-table.ts';
import { locateByShape, locateTracemalloc, readConfig, type TracemallocPlaces } from './tracemalloc-places.ts';

export interface TracemallocSnapshot {
  readonly traces: AllocationTraces;
  /** Frames kept of each stack. */
  readonly maxFrames: number;
  /** What tracemalloc itself counts; undefined where the place of the counter is not known. */
  readonly tracedBytes: number | undefined;
  readonly peakBytes: number | undefined;
  /** Memory of its own tables, which it does not trace. */
  readonly tableBytes: number;
  readonly foundBy: TracemallocPlaces['foundBy'];
}

/** `unknown`: nothing tells whether it traces, or where. */
export type TracemallocReading = TracemallocSnapshot | 'not tracing' | 'unknown';

/** Reads the tables in a copy of the target's memory. Torn tables are problems, and `traces.isComplete` is false. */
export function readTracemalloc(
  image: MemoryImage,
  interpreter: Interpreter,
  problems: ProblemLog,
): TracemallocReading {
  const { layout } = interpreter;
  const places = locateTracemalloc(image, interpreter) ?? locateByShape(image, interpreter);
  if (places === undefined) return 'unknown';
  const config = places.config === 0 ? undefined : readConfig(image, layout, places.config);
  if (config?.isTracing === false) return 'not tracing';
  const table = image.pointer(places.traces);
  const domains = places.domains === 0 ? 0 : image.pointer(places.domains);
  const traces = readAllocationTraces(image, layout, { traces: table, domains }, problems);
  if (traces === undefined) return 'unknown';
  const counter = (variable: Address): number | undefined => (variable === 0 ? undefined : image.u64(variable));
  return {
    traces,
    maxFrames: config?.maxFrames ?? mostFrames(traces),
    tracedBytes: counter(places.tracedMemory),
    peakBytes: counter(places.peakMemory),
    tableBytes: tableBytes(image, layout, table, traces),
    foundBy: places.foundBy,
  };
}

function mostFrames({ tracebacks }: AllocationTraces): number {
  let most = 0;
  for (let t = 0; t < tracebacks.count; t++) {
    most = Math.max(most, tracebacks.firstFrame[t + 1]! - tracebacks.firstFrame[t]!);
  }
  return most;
}

/** Blocks of glibc's malloc: 8 bytes of head, multiples of 16, at least 32. */
function blockBytes(size: number): number {
  return Math.max(32, Math.ceil((size + 8) / 16) * 16);
}

/** The table of traces, the traces, and the tracebacks with their table. */
function tableBytes(image: MemoryImage, layout: Layout, table: Address, traces: AllocationTraces): number {
  const { count, tracebacks } = traces;
  const separate = layout.has('_Py_hashtable_entry_t.value');
  const entry = layout.sizeof('_Py_hashtable_entry_t');
  const trace = layout.sizeof('trace_t');
  const perTrace = separate ? blockBytes(entry) + blockBytes(trace) : blockBytes(entry + 8 + trace);
  const buckets = new HashTableReader(image, layout).open(table)?.bucketCount ?? 0;
  const head = layout.need('traceback_t.frames');
  let bytes = count * perTrace + buckets * 8;
  for (let t = 0; t < tracebacks.count; t++) {
    const frames = tracebacks.firstFrame[t + 1]! - tracebacks.firstFrame[t]!;
    bytes += blockBytes(head + frames * layout.sizeof('frame_t')) + blockBytes(separate ? entry : entry + 8);
  }
  return bytes;
}
