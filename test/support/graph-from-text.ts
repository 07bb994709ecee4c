// Draws a HeapGraph as text, so that a test shows the heap it is about.
//
//   root -> a -> b [attribute name] -> c     edges, each target with its edge's name (default: attribute TARGET)
//   root modules sys.modules -> m            a root of another kind (see RootKind), with its label
//   size a 64      type a shop.users.User    bytes; module and name
//   entries a 3    label a shop.users        container entries; display name
//   flags a namespace code                   bits of NodeFlag
//   address a 0x2000                         default: ascending in order of mention
//
// Statements end at a newline or `;`; `#` starts a comment.

import {
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NO_NODE,
  NOT_A_CONTAINER,
  NodeFlag,
  type NodeIndex,
  packEdgeName,
  RootKind,
  WORD_BYTES,
} from '../../src/graph/heap-graph.ts';

export interface TextGraph extends HeapGraph {
  /** Index of the node drawn under this name. */
  readonly node: (name: string) => NodeIndex;
  /** Name of a node; `ROOT` for the super-root, `-` for NO_NODE. */
  readonly nameOf: (node: NodeIndex) => string;
  /** Names of many nodes, joined by spaces. */
  readonly namesOf: (nodes: Iterable<NodeIndex>) => string;
}

interface DrawnNode {
  readonly name: string;
  address: number;
  type: HeapType;
  bytes: number;
  entries: number;
  flags: number;
  label: string | undefined;
  readonly edges: { readonly target: DrawnNode; readonly kind: EdgeKind; readonly payload: number }[];
}

/** Kinds whose payload is a string; the others count. */
const NAMED_KINDS: readonly EdgeKind[] = [
  EdgeKind.attribute,
  EdgeKind.global,
  EdgeKind.local,
  EdgeKind.cell,
  EdgeKind.field,
];

const OBJECT_TYPE: HeapType = { name: 'object', module: 'builtins', address: 64 };

export function graphFromText(text: string): TextGraph {
  const nodes = new Map<string, DrawnNode>();
  const strings: string[] = [''];
  const types: HeapType[] = [OBJECT_TYPE];
  const rootRows: { node: DrawnNode; kind: RootKind; label: number }[] = [];

  const drawn = (name: string): DrawnNode => {
    let node = nodes.get(name);
    if (node === undefined) {
      node = {
        name,
        address: 0x1000 + 16 * nodes.size,
        type: OBJECT_TYPE,
        bytes: WORD_BYTES,
        entries: NOT_A_CONTAINER,
        flags: 0,
        label: undefined,
        edges: [],
      };
      nodes.set(name, node);
    }
    return node;
  };
  const stringIndex = (value: string): number => {
    const known = strings.indexOf(value);
    return known >= 0 ? known : strings.push(value) - 1;
  };
  const typeNamed = (qualified: string): HeapType => {
    const dot = qualified.lastIndexOf('.');
    const module = dot < 0 ? 'builtins' : qualified.slice(0, dot);
    const name = qualified.slice(dot + 1);
    let type = types.find((t) => t.name === name && t.module === module);
    if (type === undefined) {
      type = { name, module, address: 64 + 64 * types.length };
      types.push(type);
    }
    return type;
  };
  const edgeName = (name: string | undefined, target: string): { kind: EdgeKind; payload: number } => {
    const [kindName = 'attribute', ...rest] = (name ?? `attribute ${target}`).trim().split(/\s+/);
    const kind = EdgeKind[kindName as keyof typeof EdgeKind];
    if (kind === undefined) throw new Error(`graphFromText: unknown edge kind '${kindName}'`);
    const argument = rest.join(' ');
    return { kind, payload: NAMED_KINDS.includes(kind) ? stringIndex(argument) : Number(argument || 0) };
  };

  for (const statement of text.split(/[\n;]/).map((s) => s.replace(/#.*/, '').trim())) {
    if (statement === '') continue;
    const chain = statement.split('->').map((s) => s.trim());
    if (chain.length === 1) {
      const [verb, name = '', ...rest] = statement.split(/\s+/);
      const node = drawn(name);
      const argument = rest.join(' ');
      if (verb === 'size') node.bytes = Number(argument);
      else if (verb === 'type') node.type = typeNamed(argument);
      else if (verb === 'entries') node.entries = Number(argument);
      else if (verb === 'label') node.label = argument;
      else if (verb === 'address') node.address = Number(argument);
      else if (verb === 'flags') for (const flag of rest) node.flags |= NodeFlag[flag as keyof typeof NodeFlag];
      else if (verb !== 'node') throw new Error(`graphFromText: cannot read '${statement}'`);
      continue;
    }
    let source: DrawnNode | undefined;
    const [start = '', ...targets] = chain;
    const [first = '', kindName = 'modules', ...label] = start.split(/\s+/);
    if (first !== 'root') source = drawn(first);
    for (const part of targets) {
      const match = /^(\S+)\s*(?:\[(.*)\])?$/.exec(part);
      if (match === null) throw new Error(`graphFromText: cannot read '${part}' in '${statement}'`);
      const target = drawn(match[1]!);
      if (source === undefined) {
        const kind = RootKind[kindName as keyof typeof RootKind];
        if (kind === undefined) throw new Error(`graphFromText: unknown root kind '${kindName}'`);
        rootRows.push({ node: target, kind, label: stringIndex(label.join(' ')) });
      } else {
        source.edges.push({ target, ...edgeName(match[2], target.name) });
      }
      source = target;
    }
  }

  const ordered = [...nodes.values()].sort((a, b) => a.address - b.address);
  const indexOf = new Map(ordered.map((node, index) => [node, index]));
  const edges = ordered.flatMap((node) => node.edges);
  const firstEdge = new Uint32Array(ordered.length + 1);
  ordered.forEach((node, index) => {
    firstEdge[index + 1] = firstEdge[index]! + node.edges.length;
  });
  const labelled = ordered.flatMap((node, index) => (node.label === undefined ? [] : [{ index, label: node.label }]));
  const rows = rootRows.map((row) => ({ ...row, index: indexOf.get(row.node)! })).sort((a, b) => a.index - b.index);
  const node = (name: string): NodeIndex => {
    const found = nodes.get(name);
    if (found === undefined) throw new Error(`graphFromText: no node '${name}'`);
    return indexOf.get(found)!;
  };
  const nameOf = (index: NodeIndex): string =>
    index === NO_NODE ? '-' : index === ordered.length ? 'ROOT' : ordered[index]!.name;
  return {
    nodeCount: ordered.length,
    edgeCount: edges.length,
    addresses: Float64Array.from(ordered, (n) => n.address),
    typeOf: Uint32Array.from(ordered, (n) => types.indexOf(n.type)),
    shallowWords: Uint32Array.from(ordered, (n) => n.bytes / WORD_BYTES),
    entryCounts: Uint32Array.from(ordered, (n) => n.entries),
    nodeFlags: Uint8Array.from(ordered, (n) => n.flags),
    firstEdge,
    edgeTargets: Uint32Array.from(edges, (e) => indexOf.get(e.target)!),
    edgeNames: Uint32Array.from(edges, (e) => packEdgeName(e.kind, e.payload)),
    types,
    roots: {
      nodes: Uint32Array.from(rows, (r) => r.index),
      kinds: Uint8Array.from(rows, (r) => r.kind),
      labels: Uint32Array.from(rows, (r) => r.label),
    },
    labels: {
      nodes: Uint32Array.from(labelled, (l) => l.index),
      labels: Uint32Array.from(labelled, (l) => stringIndex(l.label)),
    },
    strings,
    node,
    nameOf,
    namesOf: (indices) => Array.from(indices, nameOf).join(' '),
  };
}
