// Holds the open snapshots and answers questions about them. What is asked before it is computed waits for it; what took
// long is kept for the next window of the same list. Runs in a thread of its own (query-thread.ts).

import { LeakscopeError } from '../base/errors.ts';
import type { Problem } from '../base/problems.ts';
import { RecentlyUsed } from '../base/recently-used.ts';
import type { GcReport } from '../diagnose/gc-report.ts';
import { isSameProcess } from '../diagnose/heap-diff.ts';
import { reportHeap } from '../diagnose/heap-report.ts';
import type { RssReport } from '../diagnose/rss-report.ts';
import type { SnapshotFacts } from '../diagnose/snapshot-facts.ts';
import { reportStoredGc } from '../diagnose/stored-collector.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { Comparison, Completions, GarbageView, ObjectsAnswer } from '../protocol/web/heap-views.ts';
import type { SnapshotId } from '../protocol/web/workspace.ts';
import { HeapIndex } from '../query/heap-index.ts';
import { completeQuery, type QueryVocabulary, queryVocabulary } from '../query/query-completion.ts';
import { evaluateQuery } from '../query/query-evaluation.ts';
import { parseQuery } from '../query/query-syntax.ts';
import type { StoredCollector } from '../snapshot/stored-collector.ts';
import { type AnalysedHeap, nodeAt } from '../views/analysed-heap.ts';
import { dominatorPath, dominatorRows } from '../views/dominator-rows.ts';
import { garbageView } from '../views/garbage-view.ts';
import { memoryMapView } from '../views/memory-map.ts';
import type { MemoryMapColumns } from '../views/memory-map-columns.ts';
import { objectDetail, referentsWindow, referrersWindow } from '../views/object-detail.ts';
import { objectRow } from '../views/object-rows.ts';
import { ObjectSelection } from '../views/object-selection.ts';
import { retainedTree } from '../views/retained-tree.ts';
import { retainingGraph } from '../views/retaining-graph.ts';
import { compareSnapshots, type MemberSnapshots, narrowToMembers } from '../views/snapshot-comparison.ts';
import { amountsByType, type TypeAmounts, type TypeGrouping, typesTable } from '../views/types-table.ts';
import { type HeapAnalysis, type OpenHeap, openHeap } from './heap-analysis.ts';
import { prepareQueries } from './query-preparation.ts';
import type { Question, SnapshotQuestion } from './questions.ts';

export interface LoadedSnapshot {
  readonly graph: HeapGraph;
  readonly facts: SnapshotFacts;
  readonly problems: readonly Problem[];
  /** As the snapshot's file keeps it. */
  readonly collector: StoredCollector | undefined;
}

/** What only the memory behind a graph can tell. */
export interface MemoryView {
  readonly rss: RssReport;
  readonly map: MemoryMapColumns;
}

const REPORT_ROWS = 50;
const DIFF_ROWS = 50;
const GC_ROWS = 10;
/** Selections of objects kept per snapshot: a bit for each object in it. */
const SELECTIONS_KEPT = 8;

export class QueryEngine {
  readonly #snapshots = new Map<SnapshotId, Snapshot>();
  readonly #comparisons = new Map<string, Comparison>();

  open(id: SnapshotId, loaded: LoadedSnapshot): void {
    this.#snapshots.set(id, new Snapshot(loaded));
  }

  /** Returns steps that make the first questions as quick as later ones: for the caller to take between questions. */
  analysed(id: SnapshotId, analysis: HeapAnalysis): Iterator<undefined> {
    return this.#snapshots.get(id)?.analysed(analysis) ?? [][Symbol.iterator]();
  }

  remember(id: SnapshotId, memory: MemoryView): void {
    this.#snapshots.get(id)?.remembered(memory);
  }

  /** Nothing more will come: what still waits is answered with the failure. */
  settle(id: SnapshotId, failure: LeakscopeError): void {
    this.#snapshots.get(id)?.settle(failure);
  }

  close(id: SnapshotId): void {
    this.#snapshots.get(id)?.close(closed(id));
    this.#snapshots.delete(id);
    for (const key of this.#comparisons.keys()) if (key.split(',').includes(id)) this.#comparisons.delete(key);
  }

  /** Throws what is wrong with the question, or what kept the answer from being there. */
  async answer(asked: Question): Promise<unknown> {
    if ('compare' in asked) return this.#compare(asked.compare);
    return this.#get(asked.snapshot).answer(asked.question, (id) => this.#get(id));
  }

  #get(id: SnapshotId): Snapshot {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) throw closed(id);
    return snapshot;
  }

  async #compare(ids: readonly SnapshotId[]): Promise<Comparison> {
    const key = ids.join(',');
    const known = this.#comparisons.get(key);
    if (known !== undefined) return known;
    const snapshots = ids.map((id) => this.#get(id));
    const [first, last] = [snapshots[0]!, snapshots.at(-1)!];
    const heap = await last.heap();
    const comparison = compareSnapshots(
      snapshots.slice(0, -1).map(({ graph }) => graph),
      heap,
      {
        snapshots: snapshots.map(({ facts }) => facts),
        sameProcess: snapshots.every(
          ({ graph, facts }) => facts.pid === first.facts.pid && isSameProcess(graph, first.graph),
        ),
        seconds: (Date.parse(last.facts.taken_at) - Date.parse(first.facts.taken_at)) / 1000,
        top: DIFF_ROWS,
        problems: snapshots.flatMap(({ problems }) => problems),
      },
    );
    this.#comparisons.set(key, comparison);
    return comparison;
  }
}

function closed(id: SnapshotId): LeakscopeError {
  return new LeakscopeError('E_NO_MATCH', `snapshot ${id} is not open`, { hint: 'it may have been closed' });
}

/** A value that somebody else will bring; waiting for it in vain ends in the failure. */
class Awaited<T> {
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (failure: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may have asked yet.
    this.promise.catch(() => {});
  }

  resolve(value: T): void {
    this.#resolve(value);
  }

  reject(failure: unknown): void {
    this.#reject(failure);
  }
}

class Snapshot {
  readonly graph: HeapGraph;
  readonly facts: SnapshotFacts;
  readonly problems: readonly Problem[];
  readonly #collector: StoredCollector | undefined;
  readonly #heap = new Awaited<OpenHeap>();
  readonly #memory = new Awaited<MemoryView>();
  /** Without retained sizes at first. */
  readonly #amounts = new Map<TypeGrouping, TypeAmounts>();
  readonly #selections = new RecentlyUsed<string, ObjectSelection>(SELECTIONS_KEPT);
  #index: HeapIndex | undefined;
  #preparation: ReturnType<typeof prepareQueries> | undefined;
  #vocabulary: QueryVocabulary | undefined;
  #report: ReturnType<typeof reportHeap> | undefined;
  #garbage: GarbageView | undefined;
  #gc: GcReport | undefined;

  constructor({ graph, facts, problems, collector }: LoadedSnapshot) {
    this.graph = graph;
    this.facts = facts;
    this.problems = problems;
    this.#collector = collector;
  }

  analysed(analysis: HeapAnalysis): Iterator<undefined> {
    for (const grouping of ['type', 'module'] as const) this.#amounts.set(grouping, analysis.amounts[grouping]);
    const heap = openHeap(this.graph, analysis);
    this.#heap.resolve(heap);
    this.#preparation = prepareQueries(heap, this.#heapIndex(heap));
    return this.#preparation;
  }

  close(failure: LeakscopeError): void {
    this.settle(failure);
    this.#preparation?.return();
  }

  remembered(memory: MemoryView): void {
    this.#memory.resolve(memory);
  }

  settle(failure: LeakscopeError): void {
    this.#heap.reject(failure);
    this.#memory.reject(failure);
  }

  heap(): Promise<OpenHeap> {
    return this.#heap.promise;
  }

  async answer(question: SnapshotQuestion, other: (id: SnapshotId) => Snapshot): Promise<unknown> {
    switch (question.ask) {
      case 'types': {
        const { query } = question;
        if (query.sort === 'retained_bytes') await this.heap();
        const before = query.since === undefined ? undefined : other(query.since).amounts(query.group);
        return typesTable(this.amounts(query.group), before, query);
      }
      case 'garbage':
        this.#garbage ??= garbageView(this.graph);
        return this.#garbage;
      case 'gc': {
        const { pid, python, app } = this.facts;
        const options = { target: { pid, python, app }, top: GC_ROWS, problems: this.problems };
        this.#gc ??= reportStoredGc(this.graph, this.#collector, options);
        return this.#gc;
      }
      case 'rss':
        return (await this.#memory.promise).rss;
      case 'memory map':
        return memoryMapView((await this.#memory.promise).map, this.graph, question.query);
      case 'report':
        return this.#answerReport(await this.heap());
      case 'objects':
        return this.#objects(await this.heap(), question.query, other);
      case 'completions':
        return this.#completions(await this.heap(), question.query);
      case 'dominators': {
        const { parent } = question.query;
        const heap = await this.heap();
        return dominatorRows(heap, parent === undefined ? undefined : nodeAt(heap.graph, parent), question.query);
      }
      case 'retained tree': {
        const heap = await this.heap();
        const { address } = question;
        return retainedTree(heap, address === undefined ? undefined : nodeAt(heap.graph, address));
      }
      default:
        return this.#aboutObject(await this.heap(), question);
    }
  }

  amounts(grouping: TypeGrouping): TypeAmounts {
    let amounts = this.#amounts.get(grouping);
    if (amounts === undefined) {
      amounts = amountsByType(this.graph, grouping);
      this.#amounts.set(grouping, amounts);
    }
    return amounts;
  }

  #aboutObject(heap: AnalysedHeap, question: Extract<SnapshotQuestion, { readonly address: string }>): unknown {
    const node = nodeAt(heap.graph, question.address);
    switch (question.ask) {
      case 'object':
        return objectDetail(heap, node);
      case 'dominator path':
        return dominatorPath(heap, node);
      case 'referrers':
        return referrersWindow(heap, node, question.query);
      case 'referents':
        return referentsWindow(heap, node, question.query);
      case 'retaining graph': {
        const { nodes, expand = [] } = question.query;
        return retainingGraph(heap, node, { nodes, expand: expand.map((address) => nodeAt(heap.graph, address)) });
      }
    }
  }

  #answerReport(heap: AnalysedHeap): unknown {
    this.#report ??= reportHeap(heap, { snapshot: this.facts, top: REPORT_ROWS, problems: this.problems });
    return this.#report;
  }

  #objects(
    heap: OpenHeap,
    query: Extract<SnapshotQuestion, { readonly ask: 'objects' }>['query'],
    other: (id: SnapshotId) => Snapshot,
  ): ObjectsAnswer {
    const { q, since = [], also_in = [], offset, limit } = query;
    const selection = this.#selections.getOrMake(`${since} ${also_in} ${q}`, () =>
      this.#select(heap, q, {
        outside: since.map((id) => this.#ofSameProcess(other(id))),
        inside: also_in.map((id) => this.#ofSameProcess(other(id))),
      }),
    );
    const rows = selection.window(query, offset, limit).map((node) => objectRow(heap, node));
    return { total: selection.count, offset, rows, bytes: selection.bytes };
  }

  #select(heap: OpenHeap, text: string, snapshots: MemberSnapshots): ObjectSelection {
    const found = evaluateQuery(parseQuery(text), this.#heapIndex(heap));
    return new ObjectSelection(heap, narrowToMembers(found, this.graph, snapshots));
  }

  #ofSameProcess(snapshot: Snapshot): HeapGraph {
    if (!isSameProcess(snapshot.graph, this.graph)) {
      throw new LeakscopeError(
        'E_USAGE',
        'the two snapshots are of different processes: none of their objects is the same',
      );
    }
    return snapshot.graph;
  }

  #completions(
    heap: AnalysedHeap,
    { q, at }: Extract<SnapshotQuestion, { readonly ask: 'completions' }>['query'],
  ): Completions {
    this.#vocabulary ??= queryVocabulary(this.#heapIndex(heap));
    const { from, to, options } = completeQuery(q, at, this.#vocabulary);
    return { start: from, end: to, items: options.map(({ insert, detail }) => ({ text: insert, detail })) };
  }

  #heapIndex(heap: AnalysedHeap): HeapIndex {
    this.#index ??= new HeapIndex(heap, heap);
    return this.#index;
  }
}
