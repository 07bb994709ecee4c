import { expect, test } from 'vitest';
import type { MemoryMapView } from '../../src/protocol/web/heap-views.ts';
import { CELL, cellsOf } from './memory-cells.ts';
import { memoryPictureSvg } from './memory-picture-svg.ts';

const VIEW: MemoryMapView = {
  region_count: 2,
  offset: 0,
  regions: [
    {
      kind: 'arena',
      address: '0x1000',
      bytes: 4096,
      cells: [
        { use: 'objects', filled: 1 },
        { use: 'objects', filled: 0.5 },
        { use: 'free in arenas', filled: 0 },
      ],
    },
    { kind: 'malloc heap', address: '0x9000', bytes: 4096, cells: [{ use: 'native', filled: 1 }] },
  ],
  totals: [
    { use: 'objects', bytes: 3000 },
    { use: 'free in arenas', bytes: 1000 },
    { use: 'native', bytes: 4096 },
  ],
};

test('every cell is painted in the colour of its use, as far as it is full, and the legend says which is which', () => {
  const { cells, height } = cellsOf(VIEW, 10 * CELL);
  const svg = memoryPictureSvg(VIEW, { cells, width: 10 * CELL, height }, (name) => `#${name}`);
  const shapes = (fill: string) => [
    ...(new RegExp(`fill="#${fill}" fill-opacity="[\\d.]+" d="([^"]*)"`).exec(svg)?.[1]?.matchAll(/M[^M]*/g) ?? []),
  ];
  expect(shapes('c1').map(([shape]) => /v(\d+)/.exec(shape)?.[1])).toEqual(['8', '4']);
  expect(shapes('c3')).toHaveLength(1);
  expect(shapes('c4')).toHaveLength(1);
  // Behind what is not full by itself.
  expect(shapes('panel')).toHaveLength(3);
  for (const text of ['objects 2.9 KB', 'native 4.0 KB']) expect(svg).toContain(text);
});
