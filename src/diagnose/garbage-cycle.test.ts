// Cycles of garbage as loops of names.

import { expect, test } from 'vitest';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { largestCycle } from './garbage-cycle.ts';

test('attributes by their owner, wherever the loop is entered; namespaces are passed in silence', () => {
  const ring = (first: string, second: string): string =>
    largestCycle(
      graphFromText(`
        ${first}; ${second}
        job -> jobDict [field __dict__] -> pickler [attribute pickler] -> memo [field memo] -> job [value 0]
        type job shop.Job; type jobDict dict; type pickler _pickle.Pickler; type memo dict
      `),
    );
  const expected = '_pickle.Pickler.memo → dict → shop.Job.pickler → _pickle.Pickler';
  expect(ring('node jobDict', 'node job')).toBe(expected);
  expect(ring('node memo', 'node pickler')).toBe(expected);
});

test('a long ring is cut, a self reference is a loop of one', () => {
  const nodes = Array.from(
    { length: 1000 },
    (_, i) => `n${i} -> n${(i + 1) % 1000} [attribute next]; type n${i} app.N`,
  );
  expect(largestCycle(graphFromText(nodes.join('\n')))).toBe(`${'app.N.next → '.repeat(6)}994 more → app.N`);
  expect(largestCycle(graphFromText('a -> a [attribute self]; type a app.A'))).toBe('app.A.self → app.A');
  expect(largestCycle(graphFromText('root -> a'))).toBe('unreachable objects');
});
