import * as v from 'valibot';
import { expect, test } from 'vitest';
import { drawnFacts, drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { computeRetention } from '../diagnose/retention.ts';
import { HeapQuerySchema } from '../protocol/query.ts';
import { HeapIndex } from './heap-index.ts';
import { answerQuery, type QueryOrder } from './query-answer.ts';

const heap = new HeapIndex(computeRetention(drawServiceHeap(3)));
const USER_BYTES = 48 + 104 + 2048;

function ask(query: string, rest: { order?: QueryOrder; offset?: number; top?: number } = {}) {
  const options = { snapshot: drawnFacts('a.heap', 1), problems: [], order: 'retained', top: 10, ...rest } as const;
  const answer = answerQuery(heap, query, options);
  v.parse(HeapQuerySchema, answer);
  return answer;
}

test('sums what matches: own memory, and what would go with all of it, counted once', () => {
  const users = ask('type:User');
  expect(users).toMatchObject({ objects: 3, bytes: 3 * 48, retained_bytes: 3 * USER_BYTES, type_count: 1 });
  const both = ask('type:User or type:str');
  expect(both).toMatchObject({ objects: 6, bytes: 3 * (48 + 2048), retained_bytes: 3 * USER_BYTES });
  expect(both.types).toEqual([
    { type: 'str', objects: 3, bytes: 3 * 2048 },
    { type: 'shop.users.User', objects: 3, bytes: 3 * 48 },
  ]);
  expect(ask('is:garbage')).toMatchObject({ objects: 2, bytes: 112, retained_bytes: 112 });
});

test('describes a window of the matches, most first and equal ones by address', () => {
  const addresses = (options: Parameters<typeof ask>[1]) =>
    ask('type:User or type:Job', options).matches.map(({ address }) => address);
  expect(addresses({})).toEqual(['0x8000', '0x8100', '0x8200', '0x1800']);
  expect(addresses({ offset: 1, top: 2 })).toEqual(['0x8100', '0x8200']);
  expect(addresses({ offset: 9 })).toEqual([]);
  expect(ask('is:container', { order: 'entries' }).matches.map(({ entries }) => entries)).toEqual([8, 3, 0]);
  expect(ask('type:deque or type:thread', { order: 'referrers' }).matches.map(({ type }) => type)).toEqual([
    'collections.deque',
    'thread',
  ]);
});

test('names and paths', () => {
  expect(ask('name:shop.users').matches).toMatchObject([{ type: 'module', name: 'shop.users' }]);
  expect(ask('address:0x8000').matches[0]?.path).toBe("module shop.users › global user_cache › ['…']");
  expect(ask('is:garbage').matches[0]?.path).toBe('');
});

test('says which name nothing has, and what comes near', () => {
  expect(ask('type:Users').notes).toEqual(['no type is called Users; there is shop.users.User']);
  expect(ask('type:Gone').notes).toEqual(['no type is called Gone']);
  expect(ask('type:USER or module:shoop').notes).toEqual([
    'no type is called USER; there is shop.users.User',
    'no type is of a module called shoop',
  ]);
  expect(ask('under:Use').notes).toEqual(['no object, type or module is called Use; there is shop.users.User']);
  expect(ask('address:0x10').notes).toEqual(['no object begins at 0x10: addresses hold for one snapshot']);
  expect(ask('type:User size>1MB').notes).toEqual([]);
});
