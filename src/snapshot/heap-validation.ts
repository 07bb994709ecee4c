// From decoded sections to a graph that kernels may index without checking: every index in range, every range in order.

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NO_NODE,
  RootKind,
} from '../graph/heap-graph.ts';
import { damaged } from './heap-errors.ts';
import type { HeapFile, HeapFileMeta, RawHeapFile, SectionData } from './heap-file.ts';
import { parseStoredCollector } from './stored-collector.ts';

/** Throws E_HEAP_FILE, naming the section, for whatever the current version does not allow. */
export function assembleHeap(raw: RawHeapFile): HeapFile {
  const typeNames = stringSection(raw, 'typeNames');
  const typeModules = stringSection(raw, 'typeModules');
  const typeAddresses = u32Section(raw, 'typeAddresses');
  expectLength('typeModules', typeModules, typeNames.length);
  expectLength('typeAddresses', typeAddresses, 2 * typeNames.length);
  const types = typeNames.map((name, i): HeapType => {
    const address = typeAddresses[2 * i]! * 2 ** 32 + typeAddresses[2 * i + 1]!;
    if (!Number.isSafeInteger(address)) throw damaged('typeAddresses', 'an address is out of range');
    return { name, module: typeModules[i]!, address };
  });
  const strings = stringSection(raw, 'strings');

  const addresses = section(raw, 'addresses', Float64Array);
  const nodeCount = addresses.length;
  if (nodeCount >= NO_NODE) throw damaged('addresses', 'too many objects');
  const typeOf = u32Section(raw, 'typeOf');
  const shallowWords = u32Section(raw, 'shallowWords');
  const entryCounts = u32Section(raw, 'entryCounts');
  const nodeFlags = section(raw, 'nodeFlags', Uint8Array);
  const firstEdge = u32Section(raw, 'firstEdge');
  const edgeTargets = u32Section(raw, 'edgeTargets');
  const edgeNames = u32Section(raw, 'edgeNames');
  const edgeCount = edgeTargets.length;
  expectLength('typeOf', typeOf, nodeCount);
  expectLength('shallowWords', shallowWords, nodeCount);
  expectLength('entryCounts', entryCounts, nodeCount);
  expectLength('nodeFlags', nodeFlags, nodeCount);
  expectLength('firstEdge', firstEdge, nodeCount + 1);
  expectLength('edgeNames', edgeNames, edgeCount);
  expectBelow('typeOf', typeOf, types.length);
  expectAscending('firstEdge', firstEdge);
  if (firstEdge[0] !== 0 || firstEdge[nodeCount] !== edgeCount) {
    throw damaged('firstEdge', 'it does not cover the references');
  }
  expectBelow('edgeTargets', edgeTargets, nodeCount);
  checkEdgeNames(edgeNames, strings.length);

  const roots = {
    nodes: u32Section(raw, 'rootNodes'),
    kinds: section(raw, 'rootKinds', Uint8Array),
    labels: u32Section(raw, 'rootLabels'),
  };
  expectLength('rootKinds', roots.kinds, roots.nodes.length);
  expectLength('rootLabels', roots.labels, roots.nodes.length);
  expectAscending('rootNodes', roots.nodes);
  expectBelow('rootNodes', roots.nodes, nodeCount);
  expectBelow('rootKinds', roots.kinds, Object.keys(RootKind).length);
  expectBelow('rootLabels', roots.labels, strings.length);

  const labels = { nodes: u32Section(raw, 'labelNodes'), labels: u32Section(raw, 'labelTexts') };
  expectLength('labelTexts', labels.labels, labels.nodes.length);
  expectAscending('labelNodes', labels.nodes);
  expectBelow('labelNodes', labels.nodes, nodeCount);
  expectBelow('labelTexts', labels.labels, strings.length);

  const graph: HeapGraph = {
    nodeCount,
    edgeCount,
    addresses,
    typeOf,
    shallowWords,
    entryCounts,
    nodeFlags,
    firstEdge,
    edgeTargets,
    edgeNames,
    types,
    strings,
    roots,
    labels,
  };
  return { meta: parseMeta(raw), graph };
}

function parseMeta(raw: RawHeapFile): HeapFileMeta {
  const texts = stringSection(raw, 'meta');
  expectLength('meta', texts, 1);
  let value: unknown;
  try {
    value = JSON.parse(texts[0]!);
  } catch (error) {
    throw damaged('meta', error instanceof Error ? error.message : 'not JSON');
  }
  if (typeof value !== 'object' || value === null) throw damaged('meta', 'not an object');
  const fields = value as Record<string, unknown>;
  const text = (name: string): string => {
    const field = fields[name];
    if (typeof field !== 'string') throw damaged('meta', `${name} is not a text`);
    return field;
  };
  const optionalNumber = (name: string): number | undefined => {
    const field = fields[name];
    if (field !== undefined && typeof field !== 'number') throw damaged('meta', `${name} is not a number`);
    return field;
  };
  const pid = optionalNumber('pid');
  if (pid === undefined) throw damaged('meta', 'pid is missing');
  const rssBytes = optionalNumber('rssBytes');
  const pauseMs = optionalNumber('pauseMs');
  const problems = fields.problems;
  if (problems !== undefined && !(Array.isArray(problems) && problems.every(isProblem))) {
    throw damaged('meta', 'problems is not a list of problems');
  }
  return {
    toolVersion: text('toolVersion'),
    python: text('python'),
    app: text('app'),
    pid,
    takenAt: text('takenAt'),
    ...(rssBytes === undefined ? {} : { rssBytes }),
    ...(pauseMs === undefined ? {} : { pauseMs }),
    ...(problems === undefined ? {} : { problems }),
    ...(fields.collector === undefined ? {} : { collector: parseStoredCollector(fields.collector) }),
  };
}

function isProblem(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, count, examples } = value as Record<string, unknown>;
  return (
    typeof code === 'string' &&
    typeof message === 'string' &&
    typeof count === 'number' &&
    Array.isArray(examples) &&
    examples.every((example) => typeof example === 'string')
  );
}

function section<T extends Uint8Array | Uint32Array | Float64Array>(
  raw: RawHeapFile,
  name: string,
  kind: new (length: number) => T,
): T {
  const data = presentSection(raw, name);
  if (!(data instanceof kind)) throw damaged(name, 'it has the wrong encoding');
  return data;
}

function u32Section(raw: RawHeapFile, name: string): Uint32Array {
  return section(raw, name, Uint32Array);
}

function stringSection(raw: RawHeapFile, name: string): readonly string[] {
  const data = presentSection(raw, name);
  if (ArrayBuffer.isView(data)) throw damaged(name, 'it has the wrong encoding');
  return data;
}

function presentSection(raw: RawHeapFile, name: string): SectionData {
  const data = raw.sections.get(name);
  if (data === undefined) throw damaged(name, 'it is missing');
  return data;
}

function expectLength(name: string, data: SectionData, length: number): void {
  if (data.length !== length) throw damaged(name, `it has ${data.length} entries instead of ${length}`);
}

function expectBelow(name: string, column: Uint32Array | Uint8Array, limit: number): void {
  for (let i = 0; i < column.length; i++) {
    if (column[i]! >= limit) throw damaged(name, `entry ${i} is ${column[i]}, of ${limit}`);
  }
}

/** The section's encoding may not be the one that cannot descend. */
function expectAscending(name: string, column: Uint32Array): void {
  for (let i = 1; i < column.length; i++) {
    if (column[i]! < column[i - 1]!) throw damaged(name, `entry ${i} descends`);
  }
}

function checkEdgeNames(edgeNames: Uint32Array, stringCount: number): void {
  const kindCount = Object.keys(EdgeKind).length;
  // Kinds whose payload is a string, as a bit mask.
  const named =
    (1 << EdgeKind.attribute) |
    (1 << EdgeKind.global) |
    (1 << EdgeKind.local) |
    (1 << EdgeKind.cell) |
    (1 << EdgeKind.field);
  for (let e = 0; e < edgeNames.length; e++) {
    const kind = edgeNames[e]! >>> EDGE_KIND_SHIFT;
    if (kind >= kindCount) throw damaged('edgeNames', `entry ${e} is of an unknown kind`);
    if (((named >>> kind) & 1) !== 0 && (edgeNames[e]! & EDGE_PAYLOAD_MASK) >= stringCount) {
      throw damaged('edgeNames', `entry ${e} has no name`);
    }
  }
}
