// Where the nodes of a retaining graph stand: columns by distance to the object, which is at the right; and which node is
// beside which.

import type { RetainingGraph } from '../../../src/protocol/web/heap-views.ts';

export const NODE_WIDTH = 200;
export const NODE_HEIGHT = 50;
export const GAP_X = 124;
const GAP_Y = 16;
export const MARGIN = 12;
/** Distance from which on nodes share a column; what is farther away is behind the paths below the drawing. */
const DEEPEST = 12;

export interface PlacedNode {
  readonly node: RetainingGraph['nodes'][number];
  readonly x: number;
  readonly y: number;
}

/** In the order of the nodes. */
export function placeNodes({ nodes, edges }: RetainingGraph): PlacedNode[] {
  const depths = nodes.map(({ depth }) => Math.min(depth, DEEPEST));
  // Nearest to the object first; a distance at which nothing is drawn takes no room.
  const columns = [...new Set(depths)].sort((a, b) => a - b);
  const rows = new Map<number, number>();
  for (const column of columns) {
    const members = nodes.map((_, i) => i).filter((i) => depths[i] === column);
    const levels = new Map(members.map((i) => [i, meanRow(rows, targetsOf(edges, i))]));
    // Beside what they refer to, so that few edges cross; else in the order of the answer, which is that of the paths.
    members.sort((a, b) => levels.get(a)! - levels.get(b)! || a - b);
    for (const [row, i] of members.entries()) rows.set(i, row);
  }
  return nodes.map((node, i) => ({
    node,
    x: MARGIN + (columns.length - 1 - columns.indexOf(depths[i]!)) * (NODE_WIDTH + GAP_X),
    y: MARGIN + rows.get(i)! * (NODE_HEIGHT + GAP_Y),
  }));
}

/**
 * The node that an arrow key leads to: left to a referrer, right to what is referred to, up and down within the column. Of
 * several the one that is nearest.
 */
export function nodeBeside(
  { edges }: RetainingGraph,
  placed: readonly PlacedNode[],
  from: PlacedNode,
  key: string,
): PlacedNode | undefined {
  const place = placed.indexOf(from);
  const nearest = (others: readonly PlacedNode[]): PlacedNode | undefined =>
    others.toSorted((a, b) => distance(a, from) - distance(b, from))[0];
  switch (key) {
    case 'ArrowLeft':
      return nearest(sourcesOf(edges, place).flatMap((i) => (placed[i]!.x < from.x ? [placed[i]!] : [])));
    case 'ArrowRight':
      return nearest(targetsOf(edges, place).flatMap((i) => (placed[i]!.x > from.x ? [placed[i]!] : [])));
    case 'ArrowUp':
      return nearest(placed.filter(({ x, y }) => x === from.x && y < from.y));
    case 'ArrowDown':
      return nearest(placed.filter(({ x, y }) => x === from.x && y > from.y));
    default:
      return undefined;
  }
}

function distance(a: PlacedNode, b: PlacedNode): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function sourcesOf(edges: RetainingGraph['edges'], node: number): number[] {
  return edges.flatMap(({ from, to }) => (to === node ? [from] : []));
}

function targetsOf(edges: RetainingGraph['edges'], node: number): number[] {
  return edges.flatMap(({ from, to }) => (from === node ? [to] : []));
}

/** Of those that have a row by now; 0 where none has. */
function meanRow(rows: ReadonlyMap<number, number>, nodes: readonly number[]): number {
  const known = nodes.flatMap((node) => rows.get(node) ?? []);
  return known.length === 0 ? 0 : known.reduce((sum, row) => sum + row, 0) / known.length;
}
