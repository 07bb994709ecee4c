// What the colours of the memory picture mean: by use, by owner or by type. Pure: it is tried without a browser.

import { formatBytes } from '../../../src/base/units.ts';
import type { MemoryCell, MemoryMapView, MemoryShares, MemoryUseName } from '../../../src/protocol/web/heap-views.ts';
import { colourOfUse, NAMED_COLOURS } from './memory-colours.ts';

export const COLOURINGS = ['use', 'owner', 'type'] as const;
export type MemoryColouring = (typeof COLOURINGS)[number];

export interface LegendEntry {
  readonly name: string;
  readonly bytes: number;
  /** A custom property of the style sheet. */
  readonly colour: string;
  /** Solid cells are filled as far as they are in use; what is not in use is faint or hatched; pins are outlined. */
  readonly look: 'solid' | 'faint' | 'hatched' | 'outlined';
  readonly note?: string;
}

export interface MemoryLegend {
  readonly entries: readonly LegendEntry[];
  /** The entry whose colour a cell has. */
  readonly entryOf: (cell: MemoryCell) => LegendEntry;
}

/** The entry of cells that are outlined, whatever their colour. */
export const PINS = 'pins a nearly empty arena';

const FREE: readonly MemoryUseName[] = ['free in arenas', 'free in malloc'];

export function memoryLegend(view: MemoryMapView, by: MemoryColouring): MemoryLegend {
  const { entries, entryOf } = by === 'use' ? legendOfUses(view) : legendOfNames(view, by);
  const { arenas, live_bytes, free_bytes } = view.sparse;
  const note = `keeps ${formatBytes(free_bytes)} in ${arenas === 1 ? '1 arena' : `${arenas} arenas`}`;
  const pins: LegendEntry = { name: PINS, bytes: live_bytes, colour: 'ink', look: 'outlined', note };
  return { entries: arenas === 0 ? entries : [...entries, pins], entryOf };
}

function legendOfUses({ totals }: MemoryMapView): MemoryLegend {
  const entries = new Map(
    totals.map(({ use, bytes }): [MemoryUseName, LegendEntry] => [
      use,
      { name: use, bytes, colour: colourOfUse(use), look: isInUse(use) ? 'solid' : 'faint' },
    ]),
  );
  return { entries: [...entries.values()], entryOf: ({ use }) => entries.get(use)! };
}

/** The largest names in colours, the others together; what has no name in greys, so that it is taken for none of them. */
function legendOfNames(view: MemoryMapView, by: 'owner' | 'type'): MemoryLegend {
  const shares = by === 'owner' ? view.by_owner : view.by_type;
  const named = new Map(
    shares.largest
      .slice(0, NAMED_COLOURS.length)
      .map(({ name, bytes }, i): [string, LegendEntry] => [
        name,
        { name, bytes, colour: NAMED_COLOURS[i]!, look: 'solid' },
      ]),
  );
  const others: LegendEntry = { name: 'others', bytes: unlisted(shares, named), colour: 'c8', look: 'solid' };
  const bytesOf = (uses: readonly MemoryUseName[]): number =>
    view.totals.reduce((sum, { use, bytes }) => sum + (uses.includes(use) ? bytes : 0), 0);
  const nameless = (name: string, uses: readonly MemoryUseName[], colour: string, look: LegendEntry['look']) => ({
    name,
    uses,
    entry: { name, bytes: bytesOf(uses), colour, look },
  });
  const rest = [
    ...(by === 'owner' ? [nameless('nobody (garbage)', ['garbage'], 'grey-strong', 'solid')] : []),
    nameless(
      bytesOf(['tracemalloc']) > 0 ? 'native code, tracemalloc' : 'native code',
      ['native', 'tracemalloc'],
      'grey-soft',
      'solid',
    ),
    nameless('free', FREE, 'c8', 'hatched'),
    nameless('not resident', ['not resident'], 'line', 'faint'),
  ];
  const ofUse = new Map(rest.flatMap(({ uses, entry }) => uses.map((use) => [use, entry] as const)));
  const entries = [...named.values(), others, ...rest.map(({ entry }) => entry)];
  return {
    entries: entries.filter(({ bytes }) => bytes > 0),
    entryOf: (cell) => ofUse.get(cell.use) ?? named.get(cell[by] ?? '') ?? others,
  };
}

function unlisted({ bytes }: MemoryShares, named: ReadonlyMap<string, LegendEntry>): number {
  return [...named.values()].reduce((rest, entry) => rest - entry.bytes, bytes);
}

function isInUse(use: MemoryUseName): boolean {
  return use !== 'not resident' && !FREE.includes(use);
}
