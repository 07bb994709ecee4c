// How each cell of the memory picture is painted: the same on the canvas and in a saved drawing.

import type { MemoryCell } from '../../../src/protocol/web/heap-views.ts';
import { SQUARE } from './memory-layout.ts';
import { type LegendEntry, type MemoryLegend, PINS } from './memory-legend.ts';

export interface CellPaint {
  readonly colour: string;
  readonly look: LegendEntry['look'];
  /** Of a solid cell: how much of its square is filled, from below. */
  readonly height: number;
  readonly opacity: number;
  /** What the chosen entry stands for, or no entry is chosen. */
  readonly standsOut: boolean;
  readonly isOutlined: boolean;
}

/** How much of their colour cells have in which nothing is in use. */
export const FAINT = 0.55;
/** What is alive is seen, however small it is: that of a pin within its outline. */
const PIN_HEIGHT = 4;
/** What is left of cells that another entry than the chosen one stands for. */
const DIMMED = 0.13;

/** `chosen` is the name of the entry that stands out; all do where it is undefined. */
export function paintOf(cell: MemoryCell, legend: MemoryLegend, chosen: string | undefined): CellPaint {
  const { name, colour, look } = legend.entryOf(cell);
  const pins = cell.pins === true;
  const standsOut = chosen === undefined || (chosen === PINS ? pins : chosen === name);
  return {
    colour,
    look,
    height: look === 'solid' ? Math.max(pins ? PIN_HEIGHT : 1, Math.round(SQUARE * cell.filled)) : SQUARE,
    opacity: (look === 'faint' ? FAINT : 1) * (standsOut ? 1 : DIMMED),
    standsOut,
    isOutlined: pins && standsOut,
  };
}
