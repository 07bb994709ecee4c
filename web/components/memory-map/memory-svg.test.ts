// The saved drawing of the memory picture: all cells and the legend are in it, and it stays small.

import { expect, test } from 'vitest';
import type { MemoryCell, MemoryRegion } from '../../../src/protocol/web/heap-views.ts';
import { layOut } from './memory-layout.ts';
import type { MemoryLegend } from './memory-legend.ts';
import { paintOf } from './memory-paint.ts';
import { memorySvg } from './memory-svg.ts';

const ENTRIES = [
  { name: 'global <users>', bytes: 2048, colour: 'c1', look: 'solid' },
  { name: 'free', bytes: 1024, colour: 'c8', look: 'hatched' },
] as const;
const legend: MemoryLegend = {
  entries: ENTRIES,
  entryOf: ({ use }) => (use === 'objects' ? ENTRIES[0] : ENTRIES[1]),
};

const region = (cells: readonly MemoryCell[]): MemoryRegion => ({
  kind: 'arena',
  address: '0x1000',
  bytes: cells.length * 4096,
  cells,
});
const many = (count: number, cell: MemoryCell): MemoryCell[] => new Array<MemoryCell>(count).fill(cell);
const drawn = (regions: readonly MemoryRegion[], width = 900): string => {
  const layout = layOut(regions, width);
  const paints = layout.cells.map(({ region, index }) => paintOf(regions[region]!.cells[index]!, legend, undefined));
  return memorySvg({ title: 'memory map', entries: ENTRIES, layout, paints, colour: (name) => `#${name}` });
};

const full: MemoryCell = { use: 'objects', filled: 1 };
const half: MemoryCell = { use: 'objects', filled: 0.5 };
const free: MemoryCell = { use: 'free in arenas', filled: 0 };

test('cells side by side of one paint are one line, cut by its dashes', () => {
  const svg = drawn([region([...many(10, full), ...many(3, half), ...many(2, free), full])]);
  const [, cells = ''] = svg.split('fill="none">');
  expect(cells.replace('</g></g></svg>', '').split('/>').filter(Boolean)).toEqual([
    '<path stroke="#panel" stroke-width="8" stroke-dasharray="8 1" d="M90 4h26"',
    '<path stroke="#c1" stroke-width="8" stroke-dasharray="8 1" d="M0 4h89M135 4h8"',
    '<path stroke="#c1" stroke-width="4" stroke-dasharray="8 1" d="M90 6h26"',
    '<path stroke="#c8" d="M117 8l8-8m1 8l8-8"',
  ]);
});

test('lines end where a row of cells does', () => {
  const svg = drawn([region(many(64, full)), region(many(64, full))]);
  expect(svg).toContain('d="M0 4h287M0 13h287M293 4h287M293 13h287"');
});

test('pins are outlined', () => {
  expect(drawn([region(many(2, { ...full, pins: true }))])).toContain('stroke="#ink" d="M0.5 0.5h7v7h-7zm9 0h7v7h-7z"');
});

test('the legend is in it, as text', () => {
  const svg = drawn([region([full])]);
  expect(svg).toContain('global &#60;users&#62; <tspan font-weight="bold">2.0 KB</tspan>');
  expect(svg).toContain('>free <tspan');
  expect(svg).not.toContain('<users>');
});

test('thousands of cells are a few kilobytes', () => {
  const arenas = Array.from({ length: 250 }, (_, i) => region([...many(30 + (i % 20), full), ...many(14, half)]));
  expect(drawn(arenas).length).toBeLessThan(20_000);
});
