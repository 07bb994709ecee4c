// The lines of a chart as an SVG file to keep, which needs no style sheet.

import { formatBytes, formatCount, formatDuration } from '../../../src/base/units.ts';
import { colour } from '../../state/theme.ts';
import { LETTER, svgFile, svgText } from '../saved-drawings/svg-file.ts';
import { clockTime, dayOf, rangeOf } from './chart-ticks.ts';
import type { LineChartProps } from './line-chart.tsx';
import { placeLabels } from './mark-labels.ts';

export const LINE_COLOURS = ['c1', 'c6', 'c3', 'c4', 'c2'];
/** Told apart without colour too. */
export const LINE_DASHES: readonly (readonly number[])[] = [[], [8, 4], [3, 3], [12, 3, 3, 3], [2, 6]];

const WIDTH = 900;
const HEIGHT = 300;
const LEFT = 80;
const BOTTOM = 58;

export function drawnAsSvg({ at, lines, unit, elapsed, marks = [] }: LineChartProps, label: string): string {
  const format = unit === 'bytes' ? formatBytes : formatCount;
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const [low, high] = rangeOf(
    values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)),
    values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)),
  );
  const first = at[0] ?? 0;
  const last = at.at(-1) ?? 1;
  const span = Math.max(1e-9, last - first);
  const x = (time: number): number => LEFT + ((time - first) / span) * (WIDTH - LEFT - 20);
  const y = (value: number): number => 30 + (1 - (value - low) / (high - low)) * (HEIGHT - 30 - BOTTOM);
  const moment = (time: number): string => {
    if (elapsed === true) return formatDuration(time);
    const date = new Date(time * 1000);
    return `${dayOf(date)} ${clockTime(date)}`;
  };
  const shapes = [
    ...[low, (low + high) / 2, high].map(
      (tick) =>
        `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(tick)}" y2="${y(tick)}" stroke="${colour('line')}"/>` +
        svgText(LEFT - 8, y(tick) + 4, format(tick), 'text-anchor="end"'),
    ),
    svgText(LEFT, HEIGHT - BOTTOM + 18, moment(first)),
    svgText(WIDTH - 20, HEIGHT - BOTTOM + 18, moment(last), 'text-anchor="end"'),
    ...lines.map(({ name, values: own }, i) => {
      const points = own.flatMap((value, j) =>
        value === null ? [] : [`${x(at[j]!).toFixed(1)},${y(value).toFixed(1)}`],
      );
      const stroke = colour(LINE_COLOURS[i % LINE_COLOURS.length]!);
      const dash = LINE_DASHES[i % LINE_DASHES.length]!.join(' ');
      const drawn = `fill="none" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash === '' ? 'none' : dash}"`;
      const left = LEFT + i * 165;
      return (
        `<polyline points="${points.join(' ')}" ${drawn}/>` +
        `<polyline points="${left},${HEIGHT - 14} ${left + 22},${HEIGHT - 14}" ${drawn}/>` +
        svgText(left + 28, HEIGHT - 10, name)
      );
    }),
    ...marksAsSvg(
      // One made just now is newer than the last sample.
      marks
        .filter((mark) => mark.at >= first)
        .map(({ at: time, label: name }) => ({ x: x(Math.min(time, last)), name })),
    ),
  ];
  return svgFile({ width: WIDTH, height: HEIGHT }, [svgText(LEFT, 18, label), ...shapes].join(''), colour);
}

function marksAsSvg(marks: readonly { readonly x: number; readonly name: string }[]): string[] {
  const labels = marks.map(({ x, name }) => ({ x, width: name.length * LETTER }));
  return placeLabels(labels, WIDTH - 20).map(({ row, x, anchor }, i) => {
    const { x: place, name } = marks[i]!;
    return (
      `<line x1="${place.toFixed(1)}" x2="${place.toFixed(1)}" y1="30" y2="${HEIGHT - BOTTOM}" stroke="${colour('ink-faint')}" stroke-dasharray="4 4"/>` +
      svgText(x, 42 + 15 * row, name, `text-anchor="${anchor}"`)
    );
  });
}
