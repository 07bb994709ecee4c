// A table of figures as bars in an SVG file: a row for each thing, a bar with its figure in every column.

import { elided } from '../saved-drawings/elided.ts';
import { type Paint, svgFile, svgRect, svgText } from '../saved-drawings/svg-file.ts';

export interface BarColumn {
  readonly name: string;
  /** Name of a colour. */
  readonly colour: string;
  readonly format: (value: number) => string;
  /** The longest bar stands for this much: of columns that are compared with each other, the same. */
  readonly longest: number;
}

export interface BarChart {
  readonly title: string;
  readonly columns: readonly BarColumn[];
  readonly rows: readonly {
    readonly label: string;
    /** One for each column; undefined where there is none. */
    readonly values: readonly (number | undefined)[];
  }[];
}

const WIDTH = 900;
const MARGIN = 16;
const LABELS = 320;
const LABEL_LENGTH = 48;
const ROW = 26;
const BAR = 14;
/** Where the first row begins: below the title and the names of the columns. */
const TOP = 62;
/** Beside a bar, for its figure. */
const FIGURE = 84;

export function barChartSvg({ title, columns, rows }: BarChart, paint: Paint): string {
  const columnWidth = (WIDTH - MARGIN - LABELS) / columns.length;
  const barWidth = Math.max(10, columnWidth - FIGURE);
  const left = (column: number): number => LABELS + column * columnWidth;
  const body = [
    svgText(MARGIN, 24, title, 'font-size="14" font-weight="600"'),
    ...columns.map(({ name }, i) => svgText(left(i), TOP - 12, elided(name, 26), `fill="${paint('ink-faint')}"`)),
    ...rows.flatMap(({ label, values }, row) => {
      const top = TOP + row * ROW;
      const baseline = top + BAR - 3;
      return [
        svgText(MARGIN, baseline, elided(label, LABEL_LENGTH)),
        ...columns.flatMap(({ colour, format, longest }, i) => {
          const value = values[i];
          if (value === undefined) return [];
          const width = barLength(value, longest) * barWidth;
          return [
            svgRect({ x: left(i), y: top, width, height: BAR }, paint(colour)),
            svgText(left(i) + width + 6, baseline, format(value)),
          ];
        }),
      ];
    }),
  ];
  return svgFile({ width: WIDTH, height: TOP + rows.length * ROW + MARGIN }, body.join(''), paint);
}

/** 0..1 of the longest bar. */
export function barLength(value: number, longest: number): number {
  return longest <= 0 ? 0 : Math.min(1, Math.max(0, value / longest));
}
