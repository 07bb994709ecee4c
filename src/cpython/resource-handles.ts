// Which objects hold what the kernel counts: descriptors, mappings, threads, child processes. Reads handles only where
// a structure or a name says that one is there; whether the kernel has the resource is for the caller to say.

import { clearBit, createBitSet, hasBit, setBit } from '../base/bitset.ts';
import {
  type Address,
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  packEdgeName,
} from '../graph/heap-graph.ts';
import { smallInt } from './container-length.ts';
import { directoryStreamDescriptor } from './directory-stream.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { visitSqliteHandles } from './sqlite-handles.ts';

/** `descriptor`: a file descriptor; `mapping`: an address of a mapped range; `thread`, `child`: the target's own ids. */
export type HandleKind = 'descriptor' | 'mapping' | 'thread' | 'child';

/** How surely a handle is the object's own; a higher one wins where several objects have the same number. */
export const HandleTrust = {
  /** A variable or an attribute named like a handle. */
  name: 0,
  /** An attribute that a class of the standard library keeps its handle in, or a structure that only borrows it. */
  library: 1,
  /** A field of an extension type's structure. */
  structure: 2,
} as const;
export type HandleTrust = (typeof HandleTrust)[keyof typeof HandleTrust];

export interface HandleVisitor {
  /** Whether the kernel has such a resource: numbers it does not know are not worth an owner. */
  knows(kind: HandleKind, number: number): boolean;
  /** `variable` is the edge that names the handle where no object does (a global, a local), else NO_VARIABLE. */
  handle(kind: HandleKind, number: number, node: NodeIndex, variable: EdgeIndex, trust: HandleTrust): void;
}

export const NO_VARIABLE = -1;

/** What the instances of a type hold in their C structure. */
const Holds = { nothing: 0, fileIo: 1, descriptor: 2, epoll: 3, mmap: 4, scandir: 5, sqlite: 6, semaphore: 7 } as const;
type Holds = (typeof Holds)[keyof typeof Holds];

/** By tp_name. */
const HOLDS: ReadonlyMap<string, Holds> = new Map([
  ['_io.FileIO', Holds.fileIo],
  ['_socket.socket', Holds.descriptor],
  ['select.epoll', Holds.epoll],
  ['mmap.mmap', Holds.mmap],
  ['posix.ScandirIterator', Holds.scandir],
  ['sqlite3.Connection', Holds.sqlite],
  ['_multiprocessing.SemLock', Holds.semaphore],
]);

// Offsets counted from the end of the object's header. Debug information of the executable does not have these
// structures, which have not moved from 3.8 to 3.15 but where noted.
/** `fileio.fd` (Modules/_io/fileio.c), `PySocketSockObject.sock_fd`, `pyEpoll_Object.epfd`, `SemLockObject.handle`,
 *  `pysqlite_Connection.db`: the first field. */
const FIRST_FIELD = 0;
/** The flags of `fileio`, behind the descriptor; closefd follows created, readable, writable, appending, seekable:2,
 *  and from 3.15 on truncate. */
const FILE_FLAGS = 4;
const CLOSES_DESCRIPTOR = 1 << 7;
const CLOSES_DESCRIPTOR_314 = 1 << 6;
/** `mmap_object.data`, `.fd` (Modules/mmapmodule.c); `exports` before it was an int up to 3.8. */
const MMAP_DATA = 0;
const MMAP_DESCRIPTOR = 40;
const MMAP_DESCRIPTOR_38 = 36;

/** Attributes and variables that hold the number of a descriptor, a child or a thread by their name. */
const DESCRIPTOR_NAME = /(?:^|_)(?:fd|fileno|handle|sentinel)$/i;
const CHILD_NAME = /(?:^|_)pid$/i;
const THREAD_NAME = /(?:^|_)native_id$/i;
/** Modules whose classes keep their handles in such attributes. */
const LIBRARY_MODULE =
  /^(?:asyncio|concurrent|multiprocessing|pty|selectors|signal|subprocess|tempfile|threading)(?:\.|$)/;

const BASE_CHAIN_LIMIT = 200;
const TYPE_NAME_LIMIT = 64;

/** Calls `visitor.handle` for every handle the graph's objects hold and the kernel knows. O(nodes + edges). */
export function visitHandles(graph: HeapGraph, image: MemoryImage, layout: Layout, visitor: HandleVisitor): void {
  visitStructures(graph, image, layout, visitor);
  visitNamedHandles(graph, image, layout, visitor);
}

function visitStructures(graph: HeapGraph, image: MemoryImage, layout: Layout, visitor: HandleVisitor): void {
  const { nodeCount, typeOf, types, addresses } = graph;
  const readStructure = structureReader(image, layout);
  const holdsOf = Uint8Array.from(types, (type) => readStructure(type.address));
  const header = layout.headerSize;
  const basicSize = layout.need('PyTypeObject.tp_basicsize');
  const closes = layout.minor <= 14 ? CLOSES_DESCRIPTOR_314 : CLOSES_DESCRIPTOR;
  const mmapDescriptor = layout.minor <= 8 ? MMAP_DESCRIPTOR_38 : MMAP_DESCRIPTOR;
  const report = (kind: HandleKind, number: number, node: NodeIndex, trust: HandleTrust): void => {
    if (number >= 0 && visitor.knows(kind, number)) visitor.handle(kind, number, node, NO_VARIABLE, trust);
  };
  for (let node = 0; node < nodeCount; node++) {
    const holds = holdsOf[typeOf[node]!]!;
    if (holds === Holds.nothing) continue;
    const fields = addresses[node]! + header;
    switch (holds) {
      case Holds.fileIo: {
        const isOwn = (image.u32(fields + FILE_FLAGS) & closes) !== 0;
        const trust = isOwn ? HandleTrust.structure : HandleTrust.library;
        report('descriptor', image.i32(fields + FIRST_FIELD), node, trust);
        break;
      }
      case Holds.descriptor:
      case Holds.epoll:
        report('descriptor', image.i32(fields + FIRST_FIELD), node, HandleTrust.structure);
        break;
      case Holds.mmap:
        report('descriptor', image.i32(fields + mmapDescriptor), node, HandleTrust.structure);
        report('mapping', image.pointer(fields + MMAP_DATA), node, HandleTrust.structure);
        break;
      case Holds.semaphore:
        report('mapping', image.pointer(fields + FIRST_FIELD), node, HandleTrust.structure);
        break;
      case Holds.scandir: {
        const size = image.u64(types[typeOf[node]!]!.address + basicSize);
        const descriptor = directoryStreamDescriptor(image, addresses[node]!, size);
        if (descriptor !== undefined) report('descriptor', descriptor, node, HandleTrust.structure);
        break;
      }
      case Holds.sqlite:
        visitSqliteHandles(image, image.pointer(fields + FIRST_FIELD), {
          descriptor: (number) => report('descriptor', number, node, HandleTrust.structure),
          mapping: (address) => report('mapping', address, node, HandleTrust.structure),
        });
        break;
    }
  }
}

/**
 * What instances of a type hold, by the first type of its base chain that is known: subclasses begin with the structure
 * of their base. Types that were asked about are remembered, as a program may make classes without end.
 */
function structureReader(image: MemoryImage, layout: Layout): (type: Address) => Holds {
  const name = layout.need('PyTypeObject.tp_name');
  const base = layout.need('PyTypeObject.tp_base');
  const known = new Map<Address, Holds>();
  return (type) => {
    const chain: Address[] = [];
    let holds: Holds | undefined;
    for (let at = type; at !== 0 && chain.length < BASE_CHAIN_LIMIT; at = image.pointer(at + base)) {
      holds = known.get(at) ?? HOLDS.get(image.cString(image.pointer(at + name), TYPE_NAME_LIMIT) ?? '');
      if (holds !== undefined) break;
      chain.push(at);
    }
    for (const passed of chain) known.set(passed, holds ?? Holds.nothing);
    return holds ?? Holds.nothing;
  };
}

/** Attributes and variables that are ints and named like handles. */
function visitNamedHandles(graph: HeapGraph, image: MemoryImage, layout: Layout, visitor: HandleVisitor): void {
  const { nodeCount, edgeCount, firstEdge, edgeTargets, edgeNames, addresses, nodeFlags, strings } = graph;
  const kindOfString = Uint8Array.from(strings, nameKind);
  const dictName = packEdgeName(EdgeKind.field, strings.indexOf('__dict__'));
  const instanceDicts = createBitSet(nodeCount);
  let dicts = 0;
  const visit = (source: NodeIndex, edge: EdgeIndex, owner: NodeIndex): boolean => {
    const kind = NAMED_KINDS[kindOfString[edgeNames[edge]! & EDGE_PAYLOAD_MASK]!];
    const number = kind === undefined ? undefined : smallInt(image, layout, addresses[edgeTargets[edge]!]!);
    if (kind === undefined || number === undefined || !visitor.knows(kind, number)) return false;
    const isVariable = edgeNames[edge]! >>> EDGE_KIND_SHIFT !== EdgeKind.attribute;
    if (!isVariable && owner === source && (nodeFlags[source]! & NodeFlag.namespace) !== 0) return true;
    const module = graph.types[graph.typeOf[owner]!]!.module;
    const isLibrarys = !isVariable && (kind === 'thread' || LIBRARY_MODULE.test(module));
    const trust = isLibrarys ? HandleTrust.library : HandleTrust.name;
    visitor.handle(kind, number, owner, isVariable ? edge : NO_VARIABLE, trust);
    return false;
  };
  for (let source = 0; source < nodeCount; source++) {
    for (let edge = firstEdge[source]!; edge < firstEdge[source + 1]!; edge++) {
      const name = edgeNames[edge]!;
      const kind = name >>> EDGE_KIND_SHIFT;
      if (kind !== EdgeKind.attribute && kind !== EdgeKind.global && kind !== EdgeKind.local) continue;
      if (kindOfString[name & EDGE_PAYLOAD_MASK] === 0 || !visit(source, edge, source)) continue;
      // An attribute in a `__dict__`: whose it is shows in the edges that lead there.
      if (!hasBit(instanceDicts, source)) dicts++;
      setBit(instanceDicts, source);
    }
  }
  for (let owner = 0, edge = 0; dicts > 0 && edge < edgeCount; edge++) {
    while (edge >= firstEdge[owner + 1]!) owner++;
    const dict = edgeTargets[edge]!;
    if (edgeNames[edge] !== dictName || !hasBit(instanceDicts, dict)) continue;
    clearBit(instanceDicts, dict);
    dicts--;
    for (let e = firstEdge[dict]!; e < firstEdge[dict + 1]!; e++) {
      if (edgeNames[e]! >>> EDGE_KIND_SHIFT === EdgeKind.attribute) visit(dict, e, owner);
    }
  }
}

const NAMED_KINDS: readonly (HandleKind | undefined)[] = [undefined, 'descriptor', 'child', 'thread'];

/** Index into NAMED_KINDS. */
function nameKind(name: string): number {
  if (DESCRIPTOR_NAME.test(name)) return 1;
  if (CHILD_NAME.test(name)) return 2;
  return THREAD_NAME.test(name) ? 3 : 0;
}
