// Reads a V8 heap snapshot the slow, obvious way, by the rules DevTools documents in its own source: weak edges retain
// nothing, distances start at the root's children that are not synthetic. Shares no code with the writer.

export interface LoadedNode {
  readonly type: string;
  readonly name: string;
  readonly id: number;
  readonly selfSize: number;
  readonly edges: readonly LoadedEdge[];
}

interface LoadedEdge {
  readonly type: string;
  readonly name: string | number;
  readonly target: number;
}

interface SnapshotJson {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...string[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...string[]];
    };
    readonly node_count: number;
    readonly edge_count: number;
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/** Nodes of the file's text; throws where its counts, types or indices contradict each other. */
export function loadV8Snapshot(text: string): LoadedNode[] {
  const { snapshot, nodes, edges, strings } = JSON.parse(text) as SnapshotJson;
  const { meta } = snapshot;
  const nodeWidth = meta.node_fields.length;
  const edgeWidth = meta.edge_fields.length;
  check(nodes.length === snapshot.node_count * nodeWidth, 'node_count');
  check(edges.length === snapshot.edge_count * edgeWidth, 'edge_count');
  const field = (node: number, name: string): number => nodes[node * nodeWidth + meta.node_fields.indexOf(name)]!;
  let nextEdge = 0;
  const loaded = Array.from({ length: snapshot.node_count }, (_, node): LoadedNode => {
    const out: LoadedEdge[] = [];
    for (let i = 0; i < field(node, 'edge_count'); i++, nextEdge++) {
      const [kind, nameOrIndex, toNode] = edges.slice(nextEdge * edgeWidth, (nextEdge + 1) * edgeWidth);
      const type = meta.edge_types[0][kind!]!;
      const isNumbered = type === 'element' || type === 'hidden';
      const name = isNumbered ? nameOrIndex! : strings[nameOrIndex!]!;
      check(type !== undefined && name !== undefined, `edge ${nextEdge}`);
      check(Number.isInteger(toNode! / nodeWidth) && toNode! / nodeWidth < snapshot.node_count, `edge ${nextEdge}`);
      out.push({ type, name, target: toNode! / nodeWidth });
    }
    const type = meta.node_types[0][field(node, 'type')]!;
    const name = strings[field(node, 'name')]!;
    check(type !== undefined && name !== undefined, `node ${node}`);
    return { type, name, id: field(node, 'id'), selfSize: field(node, 'self_size'), edges: out };
  });
  check(nextEdge === snapshot.edge_count, 'edge_count of the nodes');
  check(new Set(loaded.map(({ id }) => id)).size === loaded.length, 'ids are unique');
  return loaded;
}

/** Bytes that stop being reachable without the node, itself included: retained size by its definition. */
export function retainedSizeOf(nodes: readonly LoadedNode[], node: number): number {
  const all = reachable(nodes, undefined);
  if (!all.has(node)) return 0;
  const left = reachable(nodes, node);
  let size = 0;
  for (const other of all) if (!left.has(other)) size += nodes[other]!.selfSize;
  return size;
}

/** DevTools' column of distances; undefined where it shows none. */
export function distancesOf(nodes: readonly LoadedNode[]): (number | undefined)[] {
  const distances: (number | undefined)[] = nodes.map(() => undefined);
  let level = nodes[0]!.edges.map(({ target }) => target).filter((target) => nodes[target]!.type !== 'synthetic');
  for (let distance = 1; level.length > 0; distance++) {
    const fresh = level.filter((node) => distances[node] === undefined);
    for (const node of fresh) distances[node] = distance;
    level = fresh.flatMap((node) => strongTargets(nodes[node]!));
  }
  return distances;
}

function reachable(nodes: readonly LoadedNode[], without: number | undefined): Set<number> {
  const reached = new Set<number>();
  const pending = [0];
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (node === without || reached.has(node)) continue;
    reached.add(node);
    pending.push(...strongTargets(nodes[node]!));
  }
  return reached;
}

function strongTargets(node: LoadedNode): number[] {
  return node.edges.filter(({ type }) => type !== 'weak').map(({ target }) => target);
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not a V8 heap snapshot: ${what}`);
}
