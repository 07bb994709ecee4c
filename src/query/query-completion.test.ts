import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { computeRetention } from '../diagnose/retention.ts';
import { HeapIndex } from './heap-index.ts';
import { completeQuery, queryVocabulary } from './query-completion.ts';

const vocabulary = queryVocabulary(new HeapIndex(computeRetention(drawServiceHeap(3))));

/** `|` is the cursor; the answer is what the query would become. */
function complete(marked: string): string[] {
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  const { from, to, options } = completeQuery(text, cursor, vocabulary);
  return options.map(({ insert }) => `${text.slice(0, from)}${insert}|${text.slice(to)}`);
}

test('a condition begins with a field', () => {
  expect(complete('|')).toContain('type:|');
  expect(complete('type:User |')).toContain('type:User retained>|');
  expect(complete('(|)')).toContain('(is:|)');
  expect(complete('re|')[0]).toBe('refers-to:|');
  expect(complete('not ret|')).toEqual(['not retained>|']);
  expect(complete('-ty|')).toContain('-type:|');
});

test('a type’s name may stand alone', () => {
  expect(complete('user|')).toEqual(['shop.users.User|']);
});

test('values are what occurs in the heap, most frequent first', () => {
  expect(complete('type:|').slice(0, 2)).toEqual(['type:dict|', 'type:shop.users.User|']);
  expect(complete('type:us|')).toEqual(['type:shop.users.User|']);
  expect(complete('module:sh|')).toEqual(['module:shop.users|', 'module:shop.jobs|']);
  expect(complete('has:|')[0]).toBe('has:profile|');
  expect(complete('has:pro| type:dict')).toEqual(['has:profile| type:dict']);
  expect(complete('under:shop.u|')).toContain('under:shop.users|');
  expect(complete('is:gar|')).toEqual(['is:garbage|']);
  expect(complete('size>1|')).toEqual([]);
});

test('completing fails nowhere in any text', () => {
  const piece = fc.constantFrom('(', ')', '"', '-', ' ', 'or', 'type', ':', '>', 'is:', '1MB', 'dict');
  const texts = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(texts, fc.nat(30), (text, cursor) => {
      const { from, to } = completeQuery(text, cursor, vocabulary);
      expect(from).toBeLessThanOrEqual(to);
      expect(to).toBeLessThanOrEqual(text.length);
    }),
  );
});
