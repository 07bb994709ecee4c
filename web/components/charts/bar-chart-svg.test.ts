import { expect, test } from 'vitest';
import { formatBytes, formatCount } from '../../../src/base/units.ts';
import { type BarChart, barChartSvg } from './bar-chart-svg.ts';

const CHART: BarChart = {
  title: 'Which objects are in which',
  columns: [
    { name: 'memory', colour: 'c1', format: formatBytes, longest: 8 << 20 },
    { name: 'objects', colour: 'c3', format: formatCount, longest: 1000 },
  ],
  rows: [
    { label: 'in all of them', values: [8 << 20, 250] },
    { label: 'new in <b>', values: [1 << 20, undefined] },
  ],
};

function attributes(svg: string, element: string, name: string): (string | undefined)[] {
  return [...svg.matchAll(new RegExp(`<${element} [^>]*\\b${name}="([^"]*)"`, 'g'))].map((match) => match[1]);
}

test('each figure has a bar as long as its share of the longest of its column', () => {
  const svg = barChartSvg(CHART, (name) => `var-${name}`);
  const widths = attributes(svg, 'rect', 'width').map(Number);
  // The first is the paper.
  const [all, objects, fresh] = widths.slice(1) as [number, number, number];
  expect(fresh).toBeCloseTo(all / 8, 0);
  expect(objects).toBeCloseTo(all / 4, 0);
  expect(widths).toHaveLength(4);
  expect(attributes(svg, 'rect', 'fill')).toEqual(['var-paper', 'var-c1', 'var-c3', 'var-c1']);
  for (const text of ['8.0 MB', '1.0 MB', '>250<', 'in all of them', '>memory<']) expect(svg).toContain(text);
});

test('names of the program stay text, and nothing is drawn beyond the edge', () => {
  const svg = barChartSvg(
    { ...CHART, rows: [{ label: `<script>${'x'.repeat(200)}`, values: [9 << 30, 0] }] },
    () => '#000',
  );
  expect(svg).not.toContain('<script');
  expect(svg).toContain('…');
  const x = attributes(svg, 'rect', 'x').map(Number);
  const widths = attributes(svg, 'rect', 'width').slice(1).map(Number);
  expect(x[0]! + widths[0]!).toBeLessThan(x[1]!);
});

test('an empty chart is one all the same', () => {
  expect(barChartSvg({ ...CHART, rows: [], columns: [] }, () => '#000')).toContain('</svg>');
});
