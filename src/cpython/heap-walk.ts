// Turns a frozen memory image into a heap graph: finds the nodes, adds what no one refers to, writes the edges.
// Reads like a table of contents; each step lives in a file of its own.

import type { ProblemLog } from '../base/problems.ts';
import { type Address, type HeapGraph, RootKind } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import { AllocatorMap, type AllocatorTotals } from './allocator-map.ts';
import type { HeapBlocks } from './block-use.ts';
import { addTrackedObjects, type ListSizes } from './collector-lists.ts';
import { type CollectorState, readCollector } from './collector-state.ts';
import type { DecodeContext } from './decoders/decode-context.ts';
import { visitBorrowedSlots } from './decoders/execution.ts';
import { mapGlibcHeaps } from './glibc-malloc.ts';
import { GraphAssembly } from './graph-assembly.ts';
import type { Interpreter } from './interpreter.ts';
import { type InterpreterRoot, readRoots } from './interpreter-roots.ts';
import { listInterpreters, readStaticTypes, type StaticTypeState } from './interpreter-state.ts';
import type { MemoryImage } from './memory-image.ts';
import { mapMimalloc } from './mimalloc.ts';
import { visitNativeWords } from './native-words.ts';
import { NodeDiscovery } from './node-discovery.ts';
import { ObjectDecoder } from './object-decoder.ts';
import { ObjectTest } from './object-test.ts';
import { OwnerlessBlocks } from './ownerless-blocks.ts';
import { findArenaTable, mapPymalloc } from './pymalloc.ts';
import { StringReader } from './python-string.ts';
import { auditReferences, type RefcountAudit, reportDeficits } from './refcount-audit.ts';
import { referenceCountReader } from './reference-count.ts';
import { findFrameChunks, findThreadStacks, type StackExtent } from './stack-memory.ts';
import { StaticMemory } from './static-memory.ts';
import { findStaticReferences } from './static-references.ts';
import { nameThreads } from './thread-names.ts';
import { readThreads, type ThreadInfo } from './thread-state.ts';
import { tracemallocBlocks } from './tracemalloc/table-blocks.ts';
import { TypeTable } from './type-table.ts';

/** The collector of an interpreter that is not the main one. */
export interface OtherCollector {
  /** Its number, as Python gives it. */
  readonly interpreter: number;
  readonly collector: CollectorState;
  readonly lists: ListSizes;
}

export interface HeapWalkInput {
  readonly image: MemoryImage;
  /** As attached to the live process; its interpreters are read again from the image. */
  readonly interpreter: Interpreter;
  /** Where the threads' C stacks end (the lowest word in use), one address per thread, in any order. */
  readonly stackPointers?: readonly Address[] | undefined;
  /** Called between steps: what is being done. */
  readonly progress?: (step: string) => void;
}

/** What one image says about the interpreter and its heap. */
export interface HeapWalk {
  readonly graph: HeapGraph;
  readonly collector: CollectorState;
  /** How many objects its lists hold. */
  readonly collectorLists: ListSizes | undefined;
  /** Those of the other interpreters in the process, but where all share one (3.8). */
  readonly otherCollectors: readonly OtherCollector[];
  readonly threads: readonly ThreadInfo[];
  readonly allocators: AllocatorTotals;
  /** Live blocks that hold no object and that no object owns, by size. */
  readonly ownerless: OwnerlessBlocks;
  /**
   * References that no object accounts for, and objects with fewer than their referrers, which go to the problems. Made
   * when it is first asked for, from the image: a sixth of the walk's time that not everyone needs.
   */
  readonly refcounts: RefcountAudit;
  /** Every live block, for whoever asks where the memory is. */
  readonly blocks: HeapBlocks;
  /** C stacks of threads, as far as the threads know them. */
  readonly threadStacks: readonly StackExtent[];
  /** Memory in which the interpreter keeps frames. */
  readonly frameChunks: readonly StackExtent[];
  /** Where the stacks of threads are used, as far as the kernel told. */
  readonly stackPointers: readonly Address[];
}

/** Objects sampled to learn what classes written in Python have in common. */
const CLASS_SAMPLE = 200_000;

/** Walks the heap. Never throws on bad memory: what does not hold together is counted in `problems` and left out. */
export function walkHeap(input: HeapWalkInput, problems: ProblemLog): HeapWalk {
  const { image } = input;
  const { layout, runtimeAddress } = input.interpreter;
  const progress = input.progress ?? (() => {});
  const listed = listInterpreters(image, layout, runtimeAddress, problems);
  // An attached target has at least its main interpreter, whatever a torn list says.
  const interpreters = listed.length === 0 ? input.interpreter.interpreters : listed;
  const interpreter = { ...input.interpreter, interpreters };
  const collectors = interpreters.map((state) => readCollector(image, state));

  progress('reading the allocators');
  const allocator = mapAllocators(image, interpreter, problems);

  progress("walking the collector's lists");
  const tracked = new AddressSet(image);
  const oldGeneration = new AddressSet(image);
  const listSizes = addTrackedObjects(image, layout, collectors, allocator, tracked, oldGeneration, problems);

  progress('finding objects');
  const strings = new StringReader(image, layout, 0);
  const typeOf = (object: Address): Address => image.pointer(object + layout.need('PyObject.ob_type'));
  const types = new TypeTable(image, layout, strings, problems, typeOf(typeOf(interpreters[0]!.modules)), (address) =>
    tracked.has(address),
  );
  types.learnPythonClasses(firstMembers(tracked, CLASS_SAMPLE));
  const countOf = referenceCountReader(image, layout);
  const frameChunks = interpreters.flatMap((state) => findFrameChunks(image, state, problems));
  const statics = new StaticMemory(image, allocator, frameChunks);
  const staticTypes = interpreters.flatMap((state) => readStaticTypes(image, state));
  const staticDicts = new Map(staticTypes.map((state: StaticTypeState) => [state.type, state.dict]));
  const test = new ObjectTest(image, layout, types, allocator, tracked, countOf, (address) => statics.has(address));
  const tpDict = layout.need('PyTypeObject.tp_dict');
  const context: DecodeContext = {
    image,
    layout,
    types,
    strings,
    problems,
    countOf,
    staticTypeDict: (type) => staticDicts.get(type) ?? image.pointer(type + tpDict),
  };
  const decoder = new ObjectDecoder(context);
  const discovery = new NodeDiscovery(context, test, decoder, allocator);
  tracked.forEach((object) => {
    discovery.reach(object);
    discovery.drain();
  });
  const roots = interpreters.flatMap((state) => readRoots(image, state, interpreter.location.symbols, problems));
  const threads = interpreters.flatMap((state) =>
    nameThreads(context, decoder, state, readThreads(image, state, problems)),
  );
  reachRoots(discovery, roots, threads);

  const needsInterned = !roots.some((root) => root.kind === RootKind.interned);
  const interpreterSize = layout.sizeof('PyInterpreterState');
  const ranges = interpreters.map(({ address }) => ({
    start: address,
    end: address + interpreterSize,
    name: 'interpreter state',
  }));
  const staticHolders = findStaticReferences(
    image,
    statics,
    ranges,
    (word) => test.isObject(word, discovery.found.nodes),
    (object) => {
      // Before 3.12 the table of interned strings is a static variable, which stripped builds do not name.
      if (needsInterned && decoder.isInternedTable(object)) {
        roots.push({ address: object, kind: RootKind.interned, label: 'interned strings' });
      }
      discovery.reach(object);
      discovery.drain();
    },
  );

  progress('looking for objects without an owner');
  const ownerless = new AddressSet(image);
  const { nodes, claimed } = discovery.found;
  allocator.blocks.forEach((block) => {
    if (claimed.has(block)) return;
    const object = test.objectInBlock(block);
    if (object === 0 || nodes.has(object)) return;
    ownerless.add(object);
    discovery.reach(object);
    discovery.drain();
  });

  progress('writing the graph');
  const assembly = new GraphAssembly({
    context,
    decoder,
    allocator,
    test,
    statics,
    countOf,
    found: discovery.found,
    tracked,
    oldGeneration,
    ownerless,
    roots,
    threads,
    staticHolders,
  });
  const emission = assembly.emit();
  const graph = assembly.finish(emission);
  const { claimed: owned } = emission;
  const tracemalloc = tracemallocBlocks(image, interpreter, allocator);
  // An object that a torn table points at stays an object.
  tracemalloc.forEach((block) => {
    if (!owned.add(block)) tracemalloc.delete(block);
  });
  const { stackPointers } = input;
  const threadStacks = findThreadStacks(image, threads);
  const nativeMemory = { image, allocator, statics, claimed: owned, threadStacks, stackPointers, ranges };
  const audit = (): RefcountAudit => {
    progress('comparing references with their counts');
    const found = auditReferences({
      graph,
      countOf,
      nodeAt: (word) => nodes.rank(word),
      fileAt: (address) => statics.fileAt(address),
      borrowed: (visit) => {
        for (const thread of threads) for (const frame of thread.frames) visitBorrowedSlots(image, frame, visit);
      },
      nativeWords: (visit) => visitNativeWords(nativeMemory, visit),
    });
    reportDeficits(found, threads.length, problems);
    return found;
  };
  let refcounts: RefcountAudit | undefined;
  return {
    graph,
    collector: collectors[0]!,
    collectorLists: listSizes[0],
    otherCollectors: interpreters.flatMap(({ id, collectorAddress }, i) =>
      collectorAddress === interpreters[0]!.collectorAddress
        ? []
        : [{ interpreter: id, collector: collectors[i]!, lists: listSizes[i]! }],
    ),
    threads,
    allocators: allocator.totals,
    ownerless: new OwnerlessBlocks(allocator, owned),
    blocks: {
      image,
      allocator,
      statics,
      nodes: discovery.found.nodes,
      claimed: owned,
      tracemalloc,
      buffers: emission.buffers,
    },
    threadStacks,
    frameChunks,
    stackPointers: stackPointers ?? [],
    get refcounts() {
      refcounts ??= audit();
      return refcounts;
    },
  };
}

function mapAllocators(image: MemoryImage, interpreter: Interpreter, problems: ProblemLog): AllocatorMap {
  const { layout } = interpreter;
  const allocator = new AllocatorMap(image);
  if (layout.freeThreaded) mapMimalloc(image, layout, allocator, problems);
  else {
    const seen = new Set<Address>();
    for (const state of interpreter.interpreters) {
      const table = findArenaTable(image, layout, {
        interpreter: state.address,
        symbols: interpreter.location.symbols,
      });
      if (table === undefined || seen.has(table.address)) continue;
      seen.add(table.address);
      mapPymalloc(image, layout, table, allocator, problems);
    }
    if (seen.size === 0)
      problems.add(
        'no-small-block-allocator',
        'pymalloc is off or could not be found: sizes of small objects are computed',
      );
  }
  allocator.seal();
  mapGlibcHeaps(image, allocator);
  allocator.skipDebugHeaders();
  return allocator;
}

function reachRoots(discovery: NodeDiscovery, roots: readonly InterpreterRoot[], threads: readonly ThreadInfo[]): void {
  for (const root of roots) {
    discovery.reach(root.address);
    discovery.drain();
  }
  for (const thread of threads) {
    discovery.addThread(thread.address);
    for (const frame of thread.frames) discovery.reachFrame(frame);
    discovery.drain();
  }
}

function firstMembers(set: AddressSet, limit: number): Address[] {
  const members: Address[] = [];
  set.forEach((address) => {
    if (members.length < limit) members.push(address);
  });
  return members;
}
