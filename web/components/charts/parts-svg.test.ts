import { expect, test } from 'vitest';
import { partsSvg } from './parts-svg.ts';

test('a bar is cut by share, and each part stands in the legend', () => {
  const svg = partsSvg(
    'resident memory 40 MB',
    [
      { colour: 'c1', share: 0.75, text: 'live objects 30 MB, 75 %' },
      { colour: 'c4', share: 0.25, text: 'native memory 10 MB, 25 %' },
    ],
    (name) => name,
  );
  const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="40" width="([\d.]+)"/g)].map((match) =>
    match.slice(1).map(Number),
  );
  expect(bars).toEqual([
    [16, 651],
    [667, 217],
  ]);
  for (const text of ['resident memory 40 MB', 'live objects 30 MB, 75 %', 'native memory 10 MB, 25 %']) {
    expect(svg).toContain(text);
  }
});
