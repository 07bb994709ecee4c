import { expect, test } from 'vitest';
import { drawnFacts, drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { analyseHeap } from './heap-analysis.ts';
import { QueryEngine } from './query-engine.ts';
import type { Question } from './questions.ts';

const graph = drawServiceHeap(3);
const USERS: Question = {
  snapshot: 's1',
  question: {
    ask: 'objects',
    query: { q: 'type:User size>8', sort: 'retained_bytes', order: 'descending', offset: 0, limit: 10 },
  },
};

function openEngine() {
  const engine = new QueryEngine();
  engine.open('s1', { graph, facts: drawnFacts('a.heap', 1), problems: [], collector: undefined });
  const steps = engine.analysed(
    's1',
    analyseHeap(graph, () => {}),
  );
  return { engine, steps };
}

test('however many of the steps that prepare for it were taken, a question is answered the same', async () => {
  const unprepared = await openEngine().engine.answer(USERS);
  expect(unprepared).toMatchObject({ total: 3, rows: [{}, {}, {}] });
  let taken = 0;
  for (let isDone = false; !isDone; taken++) {
    const { engine, steps } = openEngine();
    for (let step = 0; step < taken; step++) isDone = steps.next().done === true;
    expect(await engine.answer(USERS)).toEqual(unprepared);
  }
  expect(taken).toBeGreaterThan(2);
});

test('a snapshot that is closed is prepared no further, and asked no more', async () => {
  const { engine, steps } = openEngine();
  expect(steps.next().done).toBe(false);
  engine.close('s1');
  expect(steps.next().done).toBe(true);
  await expect(engine.answer(USERS)).rejects.toMatchObject({ code: 'E_NO_MATCH' });
  expect(
    engine
      .analysed(
        's1',
        analyseHeap(graph, () => {}),
      )
      .next().done,
  ).toBe(true);
});
