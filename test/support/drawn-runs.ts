// A run of `find` from drawn heaps: one text per snapshot, in the language of graph-from-text.ts, summarised for real.
// Nodes keep their address from snapshot to snapshot by name: what has the same name is the same object.

import type { ListSizes } from '../../src/cpython/collector-lists.ts';
import type { CollectorState } from '../../src/cpython/collector-state.ts';
import type { HeapWalk } from '../../src/cpython/heap-walk.ts';
import type { OwnerlessGroup } from '../../src/cpython/ownerless-blocks.ts';
import { type AuditInput, auditReferences, type RefcountAudit } from '../../src/cpython/refcount-audit.ts';
import { HandleTrust, NO_VARIABLE } from '../../src/cpython/resource-handles.ts';
import type { FindTarget } from '../../src/diagnose/find-report.ts';
import type { KernelGrowth, Observation, ResourceSample } from '../../src/diagnose/observation.ts';
import type { KernelResource } from '../../src/diagnose/resource-report.ts';
import { type SnapshotSummary, type SummarisedWalk, summariseSnapshot } from '../../src/diagnose/snapshot-summary.ts';
import { NO_NODE, NodeFlag, qualifiedTypeName, RootKind } from '../../src/graph/heap-graph.ts';
import type { SourceFile } from '../../src/source/growth-site-query.ts';
import { createSourceIndex } from '../../src/source/source-index.ts';
import { graphFromText, type TextGraph } from './graph-from-text.ts';

export interface DrawnRun extends Observation {
  readonly graph: TextGraph;
}

export interface DrawnRunOptions {
  /** From the first snapshot to the last. */
  readonly seconds?: number;
  readonly files?: readonly SourceFile[];
  /** Ownerless blocks at each snapshot. */
  readonly ownerless?: readonly (readonly OwnerlessGroup[])[];
  readonly collectors?: readonly Partial<CollectorState>[];
  /** Sizes of the collector's lists at each snapshot. */
  readonly collectorLists?: readonly ListSizes[];
  readonly freeSmallBytes?: number;
  /** References lost at each snapshot, by the object's name. */
  readonly lost?: readonly Readonly<Record<string, number>>[];
  /** Bounds of containers, by the node's name. */
  readonly bounds?: Readonly<Record<string, number>>;
  /** What is new in the kernel, and the drawn nodes that own it. */
  readonly kernel?: {
    readonly items: readonly KernelResource[];
    readonly owner: (item: number) => string | undefined;
  };
  readonly overrides?: Partial<Observation>;
}

/** A connection to a database, which is in some state. */
export function drawSocket(fd: number, state: string): KernelResource {
  return {
    kind: 'sockets',
    name: 'tcp to 10.0.0.5:5432',
    state,
    bytes: undefined,
    identity: `descriptor ${fd}`,
    isCommonlyNative: false,
    handles: [{ kind: 'descriptor', number: fd }],
  };
}

export const drawnTarget: FindTarget = {
  pid: 4242,
  python: 'CPython 3.12.1',
  app: 'app.py',
  uptime_seconds: 3600,
  rss_bytes: 100 << 20,
};

/** A namespace of the module `shop` that holds what is named, and the statements of each snapshot. */
export const SHOP = `
  root modules sys.modules -> modules -> shop [value 0] -> globals [field __dict__]
  type modules dict; type shop module; type globals dict; label shop shop; flags shop code; flags globals namespace
`;

/** A node named `class:shop.User` is the class of the objects of type `shop.User`. */
export function drawRun(texts: readonly string[], options: DrawnRunOptions = {}): DrawnRun {
  const seconds = options.seconds ?? 60;
  const graphs = drawSnapshots(texts);
  const atSeconds = (i: number): number => (texts.length === 1 ? 0 : (seconds * i) / (texts.length - 1));
  const summaries = graphs.map((graph, i): SnapshotSummary => {
    const groups = options.ownerless?.[i] ?? [];
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    const bytes = groups.reduce((sum, group) => sum + group.count * group.blockBytes, 0);
    return summariseSnapshot(
      drawnWalk(graph, {
        collector: options.collectors?.[i],
        collectorLists: options.collectorLists?.[i],
        allocators: {
          small: { arenas: 0, arenaBytes: 0, liveBlocks: 0, liveBytes: 0, freeBytes: options.freeSmallBytes ?? 0 },
          malloc: { heaps: 0, liveChunks: 0, liveBytes: 0, freeBytes: 0, mappedBytes: 0, cachedBytes: 0 },
        },
        ownerless: { groups, count, bytes },
        refcounts: auditDrawn(graph, options.lost?.[i]),
      }),
      atSeconds(i),
      1.25,
    );
  });
  const graph = graphs.at(-1)!;
  const bounds = new Map(
    Object.entries(options.bounds ?? {}).map(([name, bound]) => [graph.addresses[graph.node(name)]!, bound]),
  );
  return {
    target: drawnTarget,
    observedSeconds: seconds,
    summaries,
    refcounts: auditDrawn(graph, options.lost?.at(-1)),
    pausesMs: summaries.map((summary) => summary.pauseMs),
    captures: [],
    liveEntries: new Map(),
    memory: [],
    resources: [],
    work: undefined,
    descriptors: [],
    kernel: options.kernel === undefined ? undefined : drawKernel(graph, options.kernel),
    temporaryBytes: [],
    descriptorLimit: undefined,
    running: [],
    source: createSourceIndex(options.files ?? []),
    extensionModules: [],
    changedFiles: new Set(),
    boundAt: (address) => bounds.get(address),
    problems: [],
    endedEarly: undefined,
    ...options.overrides,
    graph,
  };
}

function drawKernel(graph: TextGraph, { items, owner }: NonNullable<DrawnRunOptions['kernel']>): KernelGrowth {
  const nodes = items.map((_, i) => {
    const name = owner(i);
    return name === undefined ? NO_NODE : graph.node(name);
  });
  return {
    items,
    added: [...items.keys()],
    owners: {
      nodes: Uint32Array.from(nodes),
      variables: new Float64Array(items.length).fill(NO_VARIABLE),
      trusts: new Uint8Array(items.length).fill(HandleTrust.structure),
    },
  };
}

/** The graphs of one process: equal names at equal addresses. */
export function drawSnapshots(texts: readonly string[]): TextGraph[] {
  const all = graphFromText(texts.join('\n'));
  const addressOf = new Map(Array.from(all.addresses, (address, n) => [all.nameOf(n), address]));
  const typeAddress = new Map(
    all.types.map((type) => {
      const name = qualifiedTypeName(type);
      return [name, addressOf.get(`class:${name}`) ?? type.address];
    }),
  );
  return texts.map((text) => {
    const first = graphFromText(text);
    const addresses = Array.from(
      first.addresses,
      (_, n) => `address ${first.nameOf(n)} ${addressOf.get(first.nameOf(n))}`,
    );
    const graph = graphFromText(`${text}\n${addresses.join('\n')}`);
    const types = graph.types.map((type) => ({ ...type, address: typeAddress.get(qualifiedTypeName(type))! }));
    return { ...graph, types };
  });
}

/** `count` samples from the start of the run to its end; `at` gives what the kernel counts at sample i. */
export function drawResources(
  count: number,
  at: (i: number) => Partial<ResourceSample>,
  seconds = 60,
): readonly ResourceSample[] {
  return Array.from({ length: count }, (_, i) => ({
    atSeconds: (seconds * i) / (count - 1),
    cpuSeconds: i,
    rssBytes: 100 << 20,
    descriptors: 10,
    threads: 1,
    children: 0,
    zombies: 0,
    maps: 0,
    segments: 0,
    ...at(i),
  }));
}

/** What is judged of a walk. */
type JudgedWalk = SummarisedWalk & Pick<HeapWalk, 'collectorLists'>;

export interface DrawnWalkParts extends Partial<Omit<JudgedWalk, 'graph' | 'collector'>> {
  readonly collector?: Partial<CollectorState> | undefined;
}

/** A walk of a drawn heap; what is not given is idle and empty. */
export function drawnWalk(graph: TextGraph, { collector, ...parts }: DrawnWalkParts = {}): JudgedWalk {
  return {
    collectorLists: undefined,
    allocators: {
      small: { arenas: 0, arenaBytes: 0, liveBlocks: 0, liveBytes: 0, freeBytes: 0 },
      malloc: { heaps: 0, liveChunks: 0, liveBytes: 0, freeBytes: 0, mappedBytes: 0, cachedBytes: 0 },
    },
    ownerless: { groups: [], count: 0, bytes: 0 },
    refcounts: parts.refcounts ?? auditDrawn(graph),
    ...parts,
    graph,
    collector: { ...idleCollector, ...collector },
  };
}

/**
 * The audit of a drawn heap: objects count their referrers, the native roots of them, and what is `lost`. Native roots
 * that are not `nativelyHeld` are variables of a library.
 */
export function auditDrawn(
  graph: TextGraph,
  lost: Readonly<Record<string, number>> = {},
  native: Partial<Pick<AuditInput, 'nativeWords' | 'borrowed' | 'fileAt'>> = {},
): RefcountAudit {
  const counts = new Float64Array(graph.nodeCount);
  for (const target of graph.edgeTargets) counts[target]!++;
  for (const node of graph.roots.nodes) counts[node]!++;
  for (const [name, references] of Object.entries(lost)) counts[graph.node(name)]! += references;
  const nodeAt = (word: number): number => graph.addresses.indexOf(word);
  return auditReferences({
    graph,
    countOf: (address) => counts[nodeAt(address)]!,
    nodeAt,
    fileAt: () => undefined,
    borrowed: () => {},
    nativeWords: (visit) => {
      const variable = { place: 'static', name: 'libdrawn.so' } as const;
      graph.roots.nodes.forEach((node, row) => {
        const isVariable = (graph.nodeFlags[node]! & NodeFlag.nativelyHeld) === 0;
        if (graph.roots.kinds[row] === RootKind.native && isVariable) visit(graph.addresses[node]!, variable);
      });
    },
    ...native,
  });
}

const idleCollector: CollectorState = {
  collecting: false,
  enabled: true,
  debug: 0,
  generationHeads: [],
  permanentHead: 0,
  thresholds: [700, 10, 10],
  counts: [0, 0, 0],
  stats: [
    { collections: 9, collected: 0, uncollectable: 0 },
    { collections: 3, collected: 0, uncollectable: 0 },
    { collections: 1, collected: 0, uncollectable: 0 },
  ],
  garbageList: 0,
  callbacks: 0,
  longLivedTotal: 0,
  longLivedPending: 0,
  lastFullMs: undefined,
  spentMs: undefined,
  frozenMark: undefined,
};
