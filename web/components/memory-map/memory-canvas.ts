// The memory picture on a canvas.

import { colour } from '../../state/theme.ts';
import { type MemoryLayout, SQUARE } from './memory-layout.ts';
import type { CellPaint } from './memory-paint.ts';

/** `paints` are of the cells of the layout; `pointed` is the place of the one pointed at, or -1. */
export function paintCanvas(
  canvas: HTMLCanvasElement,
  layout: MemoryLayout,
  { paints, pointed }: { readonly paints: readonly CellPaint[]; readonly pointed: number },
): void {
  const { cells, width, height } = layout;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const colours = new Map<string, string>();
  const resolved = (name: string): string => {
    let value = colours.get(name);
    if (value === undefined) {
      value = colour(name);
      colours.set(name, value);
    }
    return value;
  };
  cells.forEach(({ x, y }, i) => {
    const paint = paints[i]!;
    context.globalAlpha = paint.opacity;
    if (paint.look === 'hatched') {
      context.strokeStyle = resolved(paint.colour);
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, y + SQUARE);
      context.lineTo(x + SQUARE, y);
      context.stroke();
    } else {
      context.fillStyle = resolved('panel');
      if (paint.height < SQUARE) context.fillRect(x, y, SQUARE, SQUARE);
      context.fillStyle = resolved(paint.colour);
      context.fillRect(x, y + SQUARE - paint.height, SQUARE, paint.height);
    }
    context.globalAlpha = 1;
    if (paint.isOutlined) {
      context.strokeStyle = resolved('ink');
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y + 0.5, SQUARE - 1, SQUARE - 1);
    }
    if (i === pointed) {
      context.strokeStyle = resolved('ink');
      context.lineWidth = 2;
      context.strokeRect(x - 1, y - 1, SQUARE + 2, SQUARE + 2);
    }
  });
}
