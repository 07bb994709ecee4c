// Names the kind of a finding, which decides the advice: what holds (a global, a cache, a closure …), unless what grows
// says more (exceptions, threads, classes made at run time).

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  type NodeIndex,
  packEdgeName,
  qualifiedTypeName,
  RootKind,
} from '../graph/heap-graph.ts';
import type { FindingKind } from './find-report.ts';
import type { HolderGrowth } from './holder-growth.ts';

/** Registries of callbacks are named after them nearly always. */
const LISTENER_NAME =
  /(listener|handler|callback|hook|observer|subscri|receiver|watcher|signal|slot|processor|filters?$|finalizers?$|_exithandlers)/i;
const CALLABLE_TYPES: ReadonlySet<string> = new Set([
  'function',
  'method',
  'functools.partial',
  'builtin_function_or_method',
]);
const SUSPENDED_TYPES: ReadonlySet<string> = new Set([
  'generator',
  'coroutine',
  'async_generator',
  '_asyncio.Task',
  '_asyncio.Future',
  'asyncio.tasks.Task',
  'asyncio.futures.Future',
  'asyncio.events.Handle',
]);
const CONTEXT_TYPES: ReadonlySet<string> = new Set([
  '_thread._local',
  '_contextvars.Context',
  'Context',
  'hamt',
  '_contextvars.ContextVar',
  'ContextVar',
  '_threading_local.local',
]);
const PROGRAM_TYPES: ReadonlySet<string> = new Set(['module', 'code']);

/** The kind of a holder of new objects. */
export function kindOfHolder(graph: HeapGraph, growth: HolderGrowth): FindingKind {
  const { name, path } = growth;
  if (graph.roots.kinds[path.rootRow] === RootKind.interned) return 'interned strings';
  const typesOnPath = path.nodes.map((node) => qualifiedTypeName(graph.types[graph.typeOf[node]!]!));
  if (typesOnPath.includes('functools._lru_cache_wrapper')) return 'function cache';
  if (typesOnPath.some((type) => CONTEXT_TYPES.has(type))) return 'thread-local or context variable';
  const example = qualifiedTypeName(graph.types[graph.typeOf[growth.example]!]!);
  if (example === 'threading.Thread' || growth.types[0]?.type === 'threading.Thread') return 'thread';
  if (isDynamicCode(graph, growth)) return 'dynamic classes, modules or code';
  if (isException(example) || growth.types.some((gain) => gain.type === 'traceback')) return 'exception or traceback';
  if (SUSPENDED_TYPES.has(example)) return 'generator or task';
  const named = [...name.steps].reverse().find((step) => step.name !== '');
  if (named !== undefined && LISTENER_NAME.test(named.name)) return 'listener registry';
  if (CALLABLE_TYPES.has(example)) return 'listener registry';
  switch (named?.kind) {
    case 'closure':
      return 'closure';
    case 'default':
      return 'default argument';
    case 'global':
      return 'global container';
    case 'local':
    case 'frame':
      return 'frame';
    case 'attribute': {
      const owner = name.steps[name.steps.indexOf(named) - 1];
      return owner?.kind === 'class' ? 'class container' : 'instance container';
    }
    case 'field':
      if (named.name === '__dict__') return 'instance container';
      break;
  }
  return graph.roots.kinds[path.rootRow] === RootKind.native
    ? 'native hold (reference leak: no Python owner)'
    : 'object graph';
}

/** Classes, modules or code objects that are made while the program runs. */
function isDynamicCode(graph: HeapGraph, growth: HolderGrowth): boolean {
  const example = graph.types[graph.typeOf[growth.example]!]!;
  if (PROGRAM_TYPES.has(qualifiedTypeName(example)) || isMetaclass(graph, growth.example)) return true;
  // Keys of a mapping may be the code objects: the entry's kind tells.
  const isKey = graph.edgeNames[growth.edge]! >>> EDGE_KIND_SHIFT === EdgeKind.key;
  const total = growth.types.reduce((sum, gain) => sum + gain.bytes, 0);
  const made = growth.types.filter(
    (gain) => PROGRAM_TYPES.has(gain.type) || gain.type === 'type' || gain.type.endsWith('Meta'),
  );
  return isKey
    ? made.some((gain) => gain === growth.types[0]) || isProgramPart(graph, valueBeside(graph, growth.edge))
    : made.reduce((sum, gain) => sum + gain.bytes, 0) > total * 0.6;
}

/** The value of the entry whose key an edge leads to; it stands right behind. */
function valueBeside(graph: HeapGraph, edge: EdgeIndex): NodeIndex | undefined {
  const wanted = packEdgeName(EdgeKind.value, graph.edgeNames[edge]! & EDGE_PAYLOAD_MASK);
  return graph.edgeNames[edge + 1] === wanted ? graph.edgeTargets[edge + 1] : undefined;
}

function isProgramPart(graph: HeapGraph, node: NodeIndex | undefined): boolean {
  return node !== undefined && PROGRAM_TYPES.has(qualifiedTypeName(graph.types[graph.typeOf[node]!]!));
}

/** Whether a node is a class: something in the graph is an instance of it, or its own type is a metaclass. */
function isMetaclass(graph: HeapGraph, node: number): boolean {
  const address = graph.addresses[node]!;
  return graph.types.some((type) => type.address === address);
}

function isException(type: string): boolean {
  return type === 'traceback' || /(Error|Exception|Warning|Exit|Interrupt)$/.test(type);
}
