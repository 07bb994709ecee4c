// The page is complete in itself, safe whatever the names are, and says what the report says.

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { drawnFacts, drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { reportHeap } from '../diagnose/heap-report.ts';
import { computeRetention, type Retention } from '../diagnose/retention.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { SCRIPT, SCRIPT_DIGEST, STYLE, STYLE_DIGEST } from './html-assets.ts';
import { htmlReport } from './html-report.ts';
import { foldDominators } from './stack-tree.ts';
import { treemapSvg } from './treemap.ts';

function treeOf({ graph, dominators, names }: Retention) {
  return foldDominators(graph, dominators, names);
}

function pageOf(graph: HeapGraph): string {
  const retention = computeRetention(graph);
  const problems = [{ code: 'torn', message: 'torn <reads>', count: 2, examples: [] }];
  const report = reportHeap(retention, { snapshot: drawnFacts('a.heap', 12), top: 10, problems });
  return [...htmlReport(report, treeOf(retention), 'leakscope')].join('');
}

test('the policy allows the style and the script of the page, and nothing else', () => {
  const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
  expect([STYLE_DIGEST, SCRIPT_DIGEST]).toEqual([digest(STYLE), digest(SCRIPT)]);
  const page = pageOf(drawServiceHeap(3));
  expect(page).toContain(`<style>${STYLE}</style>`);
  expect(page).toContain(`<script>${SCRIPT}</script>`);
  expect(/Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]).toContain("default-src 'none'");
});

test('the page loads nothing and stays small', () => {
  const page = pageOf(drawServiceHeap(3));
  expect(page).not.toMatch(/\b(?:src|href)=|url\(|@import|\sstyle=|\son\w+=/);
  expect(page.length).toBeLessThan(20_000);
});

test('it has the holders, the types and the problems of the report', () => {
  const page = pageOf(drawServiceHeap(3));
  expect(page).toContain('<td class="name" data-below="dict">module shop.users › global user_cache</td>');
  expect(page).toContain('<td class="number" data-value="6144">6.0 KB</td>');
  expect(page).toContain('<td class="name">shop.users.User</td>');
  expect(page).toContain('torn &lt;reads&gt; (2)');
});

test('names cannot become markup', () => {
  const graph = drawServiceHeap(3);
  const evil = `"><script>alert('x')</script>&`;
  const page = pageOf({
    ...graph,
    strings: graph.strings.map((text) => (text === '' ? '' : evil)),
    types: graph.types.map((type) => ({ ...type, name: evil })),
  });
  expect(page.match(/<script>/g)).toHaveLength(1);
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toContain(evil);
});

test.each([
  ['wide', 1000, 420],
  ['tall', 420, 560],
] as const)(
  'areas of the %s treemap are the memory they stand for, inside the drawing and apart',
  (shape, right, bottom) => {
    const svg = treemapSvg(treeOf(computeRetention(drawServiceHeap(40))), shape);
    const rectangles = [
      ...svg.matchAll(/class="(?:t\d|rest)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g),
    ].map((match) => match.slice(1).map(Number) as [number, number, number, number]);
    const area = rectangles.reduce((sum, [, , width, height]) => sum + width * height, 0);
    expect(area / (right * bottom)).toBeCloseTo(1, 1);
    for (const [x, y, width, height] of rectangles) {
      expect(x + width).toBeLessThanOrEqual(right + 0.2);
      expect(y + height).toBeLessThanOrEqual(bottom + 0.2);
    }
    expect(svg).toContain('<title>modules: ');
    expect(svg).toMatch(/<text [^>]*>modules {2}\d+ KB/);
    const empty = { ...drawServiceHeap(0), shallowWords: new Uint32Array(10) };
    expect(treemapSvg(treeOf(computeRetention(empty)), shape)).toContain('</svg>');
  },
);
