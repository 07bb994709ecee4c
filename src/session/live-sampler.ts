// Looks at the running target between snapshots, without stopping it: what the kernel counts, how many entries the
// growing containers have, which source lines run. Reads may be torn; nothing here is trusted alone.

import { resolve } from 'node:path';
import { ProblemLog } from '../base/problems.ts';
import { entryCountAddress } from '../cpython/container-length.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import { StringReader } from '../cpython/python-string.ts';
import { readThreads } from '../cpython/thread-state.ts';
import type { ResourceSample, RunningLine } from '../diagnose/observation.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { SeriesPoint } from '../metrics/growth-trend.ts';
import { isLibraryPath } from '../source/source-index.ts';
import { countOwnMappings } from '../target/mapping-items.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { readProcLink } from '../target/proc-file.ts';
import { readRss } from '../target/process-info.ts';
import { liveImage } from '../target/process-memory.ts';
import { countResources, isAsleep, readCpuSeconds, someThreadRuns } from '../target/resource-counts.ts';
import type { AttachedTarget } from './attached-target.ts';

/** How long a look at the stacks waits for the target to run, in milliseconds. */
const BURST_WAIT_MS = 4;
const LOOKS_PER_BURST = 3;
/** Frames looked at per thread, innermost first. */
const FRAMES_LIMIT = 30;
/** Threads looked at per sample: a pool of hundreds runs the same lines. */
const THREADS_LIMIT = 64;
const PATH_LIMIT = 4096;

interface Line {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  count: number;
  depthSum: number;
}

/** How many entries a container has right now; undefined where none is there any more. */
export function readEntries(target: AttachedTarget, image: MemoryImage, address: Address): number | undefined {
  const count = entryCountAddress(image, target.interpreter.layout, address);
  const entries = count === undefined ? undefined : image.u64(count);
  return Number.isSafeInteger(entries) ? entries : undefined;
}

export class LiveSampler {
  readonly resources: ResourceSample[] = [];
  /** CPU seconds the target has used, over the run. */
  readonly work: SeriesPoint[] = [];
  readonly entries = new Map<Address, SeriesPoint[]>();
  readonly #target: AttachedTarget;
  readonly #lines = new Map<string, Line>();
  /** What a script's relative path is relative to. */
  readonly #directory: string;
  #regions: readonly MemoryRegion[] = [];
  /** Problems of torn live reads are expected, and not the user's. */
  readonly #torn = new ProblemLog();

  constructor(target: AttachedTarget) {
    this.#target = target;
    this.#directory = readProcLink(`/proc/${target.info.pid}/cwd`) ?? '/';
  }

  /** Follows these containers from now on. */
  follow(addresses: Iterable<Address>): void {
    for (const address of addresses) if (!this.entries.has(address)) this.entries.set(address, []);
  }

  /** One look at everything; cheap enough for several a second. */
  sample(atSeconds: number): void {
    const { pid } = this.#target.info;
    const counts = countResources(pid);
    // Read last: a process that ends gives up its memory before its descriptors, which are then not down to none.
    const rssBytes = readRss(pid);
    if (rssBytes === undefined || rssBytes === 0) return;
    const regions = readMemoryMaps(pid);
    this.#regions = regions;
    this.resources.push({ atSeconds, rssBytes, ...counts, ...countOwnMappings(regions) });
    this.work.push([atSeconds, counts.cpuSeconds]);
    const image = liveImage(this.#target.memory, regions);
    this.#sampleEntries(image, atSeconds);
    this.#sampleStacks(image);
  }

  /** Looks at the stacks alone, over the mappings of the last `sample`. */
  sampleStacks(): void {
    // Work may come in bursts shorter than the time between looks: wait a moment for one to begin.
    const giveUpAtMs = performance.now() + BURST_WAIT_MS;
    while (!someThreadRuns(this.#target.info.pid)) if (performance.now() > giveUpAtMs) return;
    // The first look may still see the line that waited.
    for (let i = 0; i < LOOKS_PER_BURST && (i === 0 || someThreadRuns(this.#target.info.pid)); i++) {
      this.#sampleStacks(liveImage(this.#target.memory, this.#regions));
    }
  }

  /** Notes only how much the target has worked. */
  sampleWork(atSeconds: number): void {
    this.work.push([atSeconds, readCpuSeconds(this.#target.info.pid)]);
  }

  /** Lines seen running, most often first. */
  runningLines(): RunningLine[] {
    return [...this.#lines.values()]
      .map((line) => ({
        file: line.file,
        line: line.line,
        function: line.function,
        count: line.count,
        depth: line.depthSum / line.count,
        isApplication: !isLibraryPath(line.file),
      }))
      .sort((a, b) => b.count - a.count);
  }

  #sampleEntries(image: MemoryImage, atSeconds: number): void {
    for (const [address, series] of this.entries) {
      const entries = readEntries(this.#target, image, address);
      if (entries !== undefined) series.push([atSeconds, entries]);
    }
  }

  #sampleStacks(image: MemoryImage): void {
    const { layout, interpreters } = this.#target.interpreter;
    const strings = new StringReader(image, layout, 0);
    for (const interpreter of interpreters) {
      for (const thread of readThreads(image, interpreter, this.#torn).slice(0, THREADS_LIMIT)) {
        // A thread that sleeps or waits for a request runs no line. Asked after its frames were read, which is quick:
        // the other way round, a short burst of work would be over by then.
        if (isAsleep(this.#target.info.pid, thread.nativeId)) continue;
        let applicationDepth = 0;
        for (const [depth, frame] of thread.frames.slice(0, FRAMES_LIMIT).entries()) {
          const file = strings.read(frame.fileNameAddress, PATH_LIMIT);
          const name = strings.read(frame.qualNameAddress);
          if (file === undefined || name === undefined || frame.line <= 0) continue;
          if (file.startsWith('<')) continue;
          this.#note(file, frame.line, name, isLibraryPath(file) ? depth : applicationDepth++);
        }
      }
    }
  }

  #note(file: string, line: number, name: string, depth: number): void {
    const key = `${file}:${line}`;
    const known = this.#lines.get(key);
    if (known === undefined) {
      const path = resolve(this.#directory, file);
      this.#lines.set(key, { file: path, line, function: name, count: 1, depthSum: depth });
    } else {
      known.count++;
      known.depthSum += depth;
    }
  }
}
