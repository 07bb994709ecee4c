// What a run of `trace` keeps of the objects at its looks: who holds what was allocated, and what is not traced at all.

import type { HeapWalk } from '../cpython/heap-walk.ts';
import { findNativeOwners } from '../cpython/native-reach.ts';
import { OwnerlessBlocks } from '../cpython/ownerless-blocks.ts';
import { type RememberedBlocks, rememberBlocks } from '../cpython/tracemalloc/new-blocks.ts';
import { tracedBlocks } from '../cpython/tracemalloc/trace-owners.ts';
import { nativeCalls } from '../diagnose/native-call-sites.ts';
import { computeRetention } from '../diagnose/retention.ts';
import type { HeldTraces } from '../diagnose/trace-report.ts';
import { joinTraces } from '../diagnose/traced-heap.ts';
import {
  isCommonFile,
  reportUntracedGrowth,
  type UntracedGrowth,
  type UntracedLook,
} from '../diagnose/untraced-growth.ts';
import { createSourceIndex } from '../source/source-index.ts';
import type { AttachedTarget } from './attached-target.ts';
import { LiveSampler } from './live-sampler.ts';
import { measureCapture } from './rss-session.ts';
import { readTargetSource } from './target-source.ts';
import type { TracemallocCapture } from './trace-session.ts';

/** Holders listed for each line. */
const HOLDERS_LISTED = 5;

export class TraceHeapLooks {
  readonly #target: AttachedTarget;
  readonly #native: boolean;
  readonly #sampler: LiveSampler | undefined;
  readonly #untraced: UntracedLook[] = [];
  #before: RememberedBlocks | undefined;
  #last: TracemallocCapture | undefined;
  #lastWalk: HeapWalk | undefined;

  constructor(target: AttachedTarget, { native }: { readonly native: boolean }) {
    this.#target = target;
    this.#native = native;
    this.#sampler = native ? new LiveSampler(target) : undefined;
  }

  /** Looks at what runs, between two captures. */
  sample(atSeconds: number): void {
    this.#sampler?.sample(atSeconds);
    this.#sampler?.sampleStacks();
  }

  /** Takes a capture in; its memory is valid until the next. */
  add(capture: TracemallocCapture): void {
    if (this.#last !== undefined) this.#before ??= rememberBlocks(this.#last.snapshot.traces);
    this.#last = capture;
    this.#lastWalk = undefined;
    if (this.#native) this.#untraced.push(this.#measure(capture));
  }

  /** The objects of the last look, joined with what `kept` keeps of its traces. */
  held(kept: Uint8Array): HeldTraces {
    const walk = this.#walkLast();
    return {
      heap: joinTraces(this.#last!.snapshot.traces, walk.blocks, this.#before),
      retention: computeRetention(walk.graph),
      kept,
      top: HOLDERS_LISTED,
    };
  }

  /** Undefined for a single look. */
  untracedGrowth(): UntracedGrowth | undefined {
    const [before, after] = this.#untraced;
    if (before === undefined || after === undefined) return undefined;
    const { info, interpreter } = this.#target;
    const source = readTargetSource(info, this.#walkLast().graph, this.#last!.heap!.image, interpreter.layout);
    const calls = nativeCalls(
      {
        extensionModules: source.extensions,
        source: createSourceIndex(source.files),
        running: this.#sampler!.runningLines(),
        changedFiles: source.changed,
      },
      [],
    );
    return reportUntracedGrowth({ before, after, extensionModules: source.extensions, calls });
  }

  #walkLast(): HeapWalk {
    this.#lastWalk ??= this.#last!.heap!.walk();
    return this.#lastWalk;
  }

  #measure({ snapshot, heap }: TracemallocCapture): UntracedLook {
    const walk = this.#walkLast();
    const { blocks, graph, threadStacks, stackPointers } = walk;
    const traced = tracedBlocks(snapshot.traces, blocks);
    const accounted = blocks.claimed.clone();
    traced.forEach((block) => {
      accounted.add(block);
    });
    return {
      measure: measureCapture(walk, heap!.use!, this.#target.interpreter.layout, traced),
      native: findNativeOwners({ blocks, graph, threadStacks, stackPointers, traced, isCommonFile }),
      sizes: new OwnerlessBlocks(blocks.allocator, accounted).groups,
    };
  }
}
