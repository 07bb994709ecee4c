// The way back from names in source to objects in a heap: which nodes a holder (a module's variable, an attribute, a
// function's cache …) refers to. holder-reference.ts goes the other way.

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NOT_A_CONTAINER,
  type NodeIndex,
  qualifiedTypeName,
} from '../graph/heap-graph.ts';
import type { NodeNames } from '../graph/node-names.ts';
import type { HolderReference } from '../source/growth-site-query.ts';
import { fieldTarget, type ProgramFacts } from './program-facts.ts';

/** Objects of one type that are looked at. */
const OBJECTS_LIMIT = 100_000;
const CACHE_WRAPPER = 'functools._lru_cache_wrapper';
const FUNCTION = 'function';

/** For each holder the nodes it refers to at the moment of the snapshot; none where the program has not made it (yet). */
export function resolveHolders(
  names: NodeNames,
  facts: ProgramFacts,
  holders: readonly HolderReference[],
): readonly (readonly NodeIndex[])[] {
  const objects = objectsOfTypes(names.graph, new Set(holders.flatMap(typesAskedFor)));
  const isOfClass = holders.some(({ form }) => form === 'class attribute');
  const classes = isOfClass ? classesByName(names) : new Map<string, readonly NodeIndex[]>();
  const found: Found = {
    objectsOf: (type) => objects.get(type) ?? [],
    classesOf: (name) => classes.get(name) ?? [],
  };
  return holders.map((holder) => nodesOf(names, facts, holder, found));
}

/** What was looked up for all holders in one pass, by qualified name. */
interface Found {
  readonly objectsOf: (type: string) => readonly NodeIndex[];
  readonly classesOf: (name: string) => readonly NodeIndex[];
}

/** Types all objects of which must be looked at to find the holder. */
function typesAskedFor(holder: HolderReference): readonly string[] {
  switch (holder.form) {
    case 'instance attribute':
      return [qualifiedClass(holder)];
    case 'function cache':
      return [CACHE_WRAPPER];
    case 'default argument':
    case 'closure':
      return [FUNCTION];
    default:
      return [];
  }
}

function qualifiedClass({ module, className }: { readonly module: string; readonly className: string }): string {
  const type: HeapType = { name: className, module, address: 0 };
  return qualifiedTypeName(type);
}

/** One pass over the nodes for all types. */
function objectsOfTypes(graph: HeapGraph, wanted: ReadonlySet<string>): ReadonlyMap<string, readonly NodeIndex[]> {
  const lists = new Map<string, NodeIndex[]>();
  for (const name of wanted) lists.set(name, []);
  const listOfType = graph.types.map((type) => lists.get(qualifiedTypeName(type)));
  if (wanted.size === 0) return lists;
  for (let n = 0; n < graph.nodeCount; n++) {
    const list = listOfType[graph.typeOf[n]!];
    if (list !== undefined && list.length < OBJECTS_LIMIT) list.push(n);
  }
  return lists;
}

function nodesOf(
  names: NodeNames,
  facts: ProgramFacts,
  holder: HolderReference,
  { objectsOf, classesOf }: Found,
): readonly NodeIndex[] {
  const { graph } = names;
  switch (holder.form) {
    case 'global': {
      const module = names.moduleNode(holder.module);
      return module === undefined
        ? []
        : namedTargets(graph, withField(graph, module, '__dict__'), EdgeKind.global, holder.name);
    }
    case 'class attribute':
      return classesOf(qualifiedClass(holder)).flatMap((cls) =>
        namedTargets(graph, withField(graph, cls, '__dict__'), EdgeKind.attribute, holder.name),
      );
    case 'instance attribute':
      return objectsOf(qualifiedClass(holder)).flatMap((object) =>
        namedTargets(graph, withField(graph, object, '__dict__'), EdgeKind.attribute, holder.name),
      );
    case 'function cache':
      return objectsOf(CACHE_WRAPPER).flatMap((wrapper) => {
        const wrapped = facts.wrappedBy(wrapper);
        const isIt = wrapped?.qualname === holder.qualname && (wrapped.module ?? holder.module) === holder.module;
        return isIt ? (fieldTarget(graph, wrapper, 'cache') ?? []) : [];
      });
    case 'default argument':
    case 'closure':
      return objectsOf(FUNCTION)
        .filter((node) => facts.moduleOf(node) === holder.module && mayHold(names.nameOf(node), holder))
        .flatMap((node) => (holder.form === 'closure' ? variable(graph, node, holder.name) : defaultsOf(graph, node)));
    case 'local':
      return [];
  }
}

/** A closure variable belongs to the function around, and is held by those inside. */
function mayHold(
  qualname: string,
  holder: HolderReference & { readonly form: 'closure' | 'default argument' },
): boolean {
  return (
    qualname === holder.qualname || (holder.form === 'closure' && qualname.startsWith(`${holder.qualname}.<locals>.`))
  );
}

/** A node and what its field leads to: attributes and closure variables hang on either. */
function withField(graph: HeapGraph, node: NodeIndex, field: string): readonly NodeIndex[] {
  const target = fieldTarget(graph, node, field);
  return target === undefined ? [node] : [target, node];
}

function namedTargets(
  graph: HeapGraph,
  owners: readonly NodeIndex[],
  kind: EdgeKind,
  name: string,
): readonly NodeIndex[] {
  const found: NodeIndex[] = [];
  for (const owner of owners) {
    for (let e = graph.firstEdge[owner]!; e < graph.firstEdge[owner + 1]!; e++) {
      const packed = graph.edgeNames[e]!;
      if (packed >>> EDGE_KIND_SHIFT !== kind || graph.strings[packed & EDGE_PAYLOAD_MASK] !== name) continue;
      const target = graph.edgeTargets[e]!;
      if (!found.includes(target)) found.push(target);
    }
  }
  return found;
}

function classesByName(names: NodeNames): ReadonlyMap<string, readonly NodeIndex[]> {
  const classes = new Map<string, NodeIndex[]>();
  for (const node of names.graph.labels.nodes) {
    if (names.roleOf(node) !== 'class') continue;
    const name = names.nameOf(node);
    const known = classes.get(name);
    if (known === undefined) classes.set(name, [node]);
    else known.push(node);
  }
  return classes;
}

function variable(graph: HeapGraph, callee: NodeIndex, name: string): readonly NodeIndex[] {
  return namedTargets(graph, withField(graph, callee, '__closure__'), EdgeKind.cell, name).map(
    (cell) => fieldTarget(graph, cell, 'cell_contents') ?? cell,
  );
}

/** Containers among a function's defaults: which belongs to which parameter, the heap does not say. */
function defaultsOf(graph: HeapGraph, callee: NodeIndex): readonly NodeIndex[] {
  return ['__defaults__', '__kwdefaults__'].flatMap((field) => {
    const defaults = fieldTarget(graph, callee, field);
    if (defaults === undefined) return [];
    const targets = graph.edgeTargets.subarray(graph.firstEdge[defaults]!, graph.firstEdge[defaults + 1]!);
    return [...targets].filter((node) => graph.entryCounts[node] !== NOT_A_CONTAINER);
  });
}
