// Inside a thread that was sent off with one task: does it, says what comes of it, and ends.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { ProblemLog } from '../base/problems.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { watchContainers } from '../session/container-watch.ts';
import { observe } from '../session/find-session.ts';
import { type Inspection, inspectCore, inspectLook, inspectProcess } from '../session/inspection-session.ts';
import { estimatePause } from '../session/pause-estimate.ts';
import { listProcesses } from '../session/process-list.ts';
import { fixAt, scanFiles } from '../session/scan-view.ts';
import { type Progress, silentProgress } from '../session/session-options.ts';
import { diagnoseWithSource } from '../session/source-findings.ts';
import { readHeapFile } from '../snapshot/heap-file-io.ts';
import { watchdogsEnded } from '../target/pause.ts';
import { describeFailure } from './failures.ts';
import { analyseHeap, shareGraph, transferable } from './heap-analysis.ts';
import { type ExportContent, exportHeap } from './heap-export.ts';
import type { Task, TaskControl, TaskMessage } from './tasks.ts';

/** Does the thread's task. `exportContent` makes files in the formats of other tools. */
export async function runTaskThread(exportContent: ExportContent): Promise<void> {
  assert(parentPort !== null, 'the thread was started as a program');
  const thread = new TaskThread(parentPort, exportContent);
  try {
    const value = await thread.run(workerData as Task);
    thread.say({ message: 'done', value });
  } catch (error) {
    thread.say({ message: 'failed', failure: describeFailure(error) });
  } finally {
    await watchdogsEnded();
    parentPort.close();
  }
}

/** Progress more often than this is not worth a message. */
const PROGRESS_MS = 100;

class TaskThread {
  readonly #port: MessagePort;
  readonly #exportContent: ExportContent;
  readonly #cancellation = new AbortController();
  #goOn: (() => void) | undefined;

  constructor(port: MessagePort, exportContent: ExportContent) {
    this.#port = port;
    this.#exportContent = exportContent;
    port.on('message', (control: TaskControl) => {
      if (control === 'cancel') this.#cancellation.abort();
      this.#goOn?.();
    });
  }

  say(message: TaskMessage): void {
    this.#port.postMessage(message, transferable(message));
  }

  async run(task: Task): Promise<unknown> {
    const { signal } = this.#cancellation;
    const progress = this.#progress();
    switch (task.kind) {
      case 'open heap': {
        progress.stage(`reading ${task.path}`);
        const { graph, meta } = await readHeapFile(task.path);
        const shared = shareGraph(graph);
        this.say({ message: 'graph', graph: shared, meta, problems: meta.problems ?? [], hasMemory: false });
        return this.#analyse(shared, progress);
      }
      case 'open core':
        return this.#inspect(
          (use) => inspectCore(task.path, { sysroot: task.sysroot, signal }, progress, use),
          progress,
        );
      case 'snapshot':
        return this.#inspect((use) => inspectProcess({ pid: task.pid, signal }, progress, use), progress);
      case 'observe':
        return this.#observe(task, progress);
      case 'follow':
        return watchContainers(task.pid, task.containers, signal, (entries) =>
          this.say({ message: 'entries', entries }),
        );
      case 'estimate':
        return estimatePause({ pid: task.pid, signal }, silentProgress);
      case 'list processes':
        return listProcesses();
      case 'scan':
        return scanFiles(task.files, signal, progress);
      case 'fix':
        return fixAt(task, signal);
      case 'export':
        return exportHeap(task.request, this.#exportContent, (bytes) => this.#sendPiece(bytes));
    }
  }

  /** The graph is there first, what only its memory can tell next, and last what is computed of the graph. */
  async #inspect(inspect: (use: (inspection: Inspection) => void) => Promise<void>, progress: Progress): Promise<void> {
    let graph: HeapGraph | undefined;
    await inspect((inspection) => {
      graph = this.#tell(inspection, progress);
    });
    if (graph !== undefined) this.#analyse(graph, progress);
  }

  #tell({ walk, meta, problems, memory, sources }: Inspection, progress: Progress): HeapGraph {
    const graph = shareGraph(walk.graph);
    this.say({ message: 'graph', graph, meta, problems, hasMemory: memory !== undefined });
    if (memory !== undefined) {
      progress.stage('finding whose memory it is');
      this.say({ message: 'memory', memory: memory() });
    }
    this.say({ message: 'sources', files: sources() });
    return graph;
  }

  #analyse(graph: HeapGraph, progress: Progress): void {
    this.say({ message: 'analysis', analysis: analyseHeap(graph, (step) => progress.stage(step)) });
  }

  /** A run of `find`; its last snapshot can then be looked into. */
  async #observe(task: Extract<Task, { readonly kind: 'observe' }>, progress: Progress): Promise<void> {
    const { pid, seconds, showValues } = task;
    let graph: HeapGraph | undefined;
    const observation = await observe({ pid, seconds, showValues, signal: this.#cancellation.signal }, progress, {
      summarised: ({ objects }) => this.say({ message: 'objects', count: objects.count }),
      lastLook: (target, look) => {
        const takenAt = new Date(performance.timeOrigin + look.capture.stoppedAtMs).toISOString();
        graph = this.#tell(inspectLook(target, look, new ProblemLog(), takenAt), progress);
      },
    });
    progress.stage('finding who holds what grew');
    this.say({ message: 'findings', report: diagnoseWithSource(observation) });
    if (graph !== undefined) this.#analyse(graph, progress);
  }

  async #sendPiece(bytes: Uint8Array): Promise<void> {
    this.#cancellation.signal.throwIfAborted();
    const taken = new Promise<void>((resolve) => {
      this.#goOn = resolve;
    });
    this.say({ message: 'piece', bytes });
    await taken;
    this.#cancellation.signal.throwIfAborted();
  }

  #progress(): Progress {
    let stage = '';
    let saidAt = 0;
    const say = (fraction?: number): void => {
      saidAt = performance.now();
      this.say({ message: 'progress', stage, ...(fraction === undefined ? {} : { fraction }) });
    };
    return {
      stage: (text) => {
        stage = text;
        say();
      },
      update: (fraction, text) => {
        if (text !== undefined && text !== stage) {
          stage = text;
          say(fraction);
        } else if (performance.now() - saidAt >= PROGRESS_MS) say(fraction);
      },
      done() {},
    };
  }
}
