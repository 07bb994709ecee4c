// Draws the allocator of small blocks: how full the blocks of each size are, and every arena pool by pool.

import { formatBytes, formatCount } from '../../base/units.ts';
import type { Fragmentation } from '../../diagnose/fragmentation.ts';
import { counted, percent } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import type { RenderStyle } from './render-style.ts';

const SIZES_SHOWN = 8;
const ARENAS_SHOWN = 40;
/** Columns before the pools of an arena: its address and how full it is. */
const LEGEND_WIDTH = 24;

const SIZE_COLUMNS: readonly Column[] = [
  { title: 'BLOCKS OF', align: 'right' },
  { title: 'POOLS', align: 'right' },
  { title: 'IN USE', align: 'right' },
  { title: 'ROOM FOR', align: 'right' },
  { title: 'FULL', align: 'right' },
  { title: 'FREE', align: 'right' },
];

export function renderSizeClasses({ size_classes }: Fragmentation, style: RenderStyle): string[] {
  const rows = size_classes
    .slice(0, style.verbose ? undefined : SIZES_SHOWN)
    .map((row) => [
      formatBytes(row.block_bytes),
      formatCount(row.pools),
      formatCount(row.live_blocks),
      formatCount(row.capacity),
      percent(row.capacity === 0 ? 1 : row.live_blocks / row.capacity),
      formatBytes(row.free_bytes),
    ]);
  return rows.length === 0 ? [] : renderTable(SIZE_COLUMNS, rows, style);
}

/** A pool by how much of it is in use: from not at all to nearly all. */
function cell(pool: string): string {
  if (pool === '.') return '·';
  const tenths = Number(pool);
  if (tenths < 1) return '░';
  if (tenths < 5) return '▒';
  return tenths < 8 ? '▓' : '█';
}

export function renderArenaMap(fragmentation: Fragmentation, style: RenderStyle): string[] {
  const { map, allocator } = fragmentation;
  if (map.length === 0) return [`no arenas: ${allocator === 'none' ? 'pymalloc is off' : 'nothing is allocated'}`];
  const shown = style.verbose ? map : map.slice(0, ARENAS_SHOWN);
  const room = style.width - LEGEND_WIDTH;
  const lines = [style.paint('label', 'arenas by address, a column a pool: · unused ░ <10 % ▒ <50 % ▓ <80 % █ fuller')];
  for (const arena of shown) {
    const full = arena.resident_bytes === 0 ? 0 : Math.min(1, arena.live_bytes / arena.resident_bytes);
    const pools = [...arena.pools].map(cell);
    const legend = `${arena.address.padStart(14)} ${percent(full).padStart(7)}  `;
    for (let at = 0; at < Math.max(1, pools.length); at += room) {
      lines.push(`${at === 0 ? legend : ' '.repeat(LEGEND_WIDTH)}${pools.slice(at, at + room).join('')}`);
    }
  }
  if (map.length > shown.length)
    lines.push(style.paint('faint', `and ${counted(map.length - shown.length, 'more arena')}`));
  return lines;
}
