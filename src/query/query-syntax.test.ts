import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseQuery, QueryError } from './query-syntax.ts';

const word = (text: string) => ({ kind: 'word', text });

test('conditions side by side are joined, or binds less than and, not binds most', () => {
  expect(parseQuery('a b or not c d')).toEqual({
    kind: 'or',
    parts: [
      { kind: 'and', parts: [word('a'), word('b')] },
      { kind: 'and', parts: [{ kind: 'not', part: word('c') }, word('d')] },
    ],
  });
  expect(parseQuery('a and (b or -c)')).toEqual({
    kind: 'and',
    parts: [word('a'), { kind: 'or', parts: [word('b'), { kind: 'not', part: word('c') }] }],
  });
  expect(parseQuery('  ')).toEqual({ kind: 'all' });
});

test('texts, conditions and addresses', () => {
  expect(parseQuery('type:shop.users.User')).toEqual({ kind: 'text', field: 'type', value: 'shop.users.User' });
  expect(parseQuery('TYPE = "a b (c)"')).toEqual({ kind: 'text', field: 'type', value: 'a b (c)' });
  expect(parseQuery('type:make.<locals>.Node')).toEqual({ kind: 'text', field: 'type', value: 'make.<locals>.Node' });
  expect(parseQuery('refers-to:socket.socket')).toEqual({ kind: 'text', field: 'refers-to', value: 'socket.socket' });
  expect(parseQuery('is:garbage')).toEqual({ kind: 'is', condition: 'garbage' });
  expect(parseQuery('address:0x7F00')).toEqual({ kind: 'address', address: 0x7f00 });
  expect(parseQuery('"or"')).toEqual(word('or'));
});

test.each([
  ['retained>1.5MB', 'retained', '>', 1.5 * 2 ** 20],
  ['size <= 64KiB', 'size', '<=', 65536],
  ['size:100', 'size', '=', 100],
  ['retained != 2g', 'retained', '!=', 2 ** 31],
  ['entries>=1_000', 'entries', '>=', 1000],
  ['referrers<1,000,000', 'referrers', '<', 1e6],
] as const)('%s', (text, field, operator, value) => {
  expect(parseQuery(text)).toEqual({ kind: 'number', field, operator, value });
});

test.each([
  ['type:', 0, 5, /type: needs a value/],
  ['dict sise>5', 5, 11, /no field called sise/],
  ['retained>big', 0, 12, /retained needs a size/],
  ['entries>1.5', 0, 11, /entries needs a whole number/],
  ['entries>', 0, 8, /entries needs a whole number/],
  ['type>5', 0, 6, /type is no number/],
  ['is:dead', 0, 7, /no condition called dead/],
  ['address:12', 0, 10, /12 is no address/],
  ['(a or b', 0, 1, /never closed/],
  ['a)', 1, 2, /closes nothing/],
  ['a or', 4, 4, /the query ends/],
  ['and a', 0, 3, /a condition should stand here/],
  ['()', 1, 2, /a condition should stand here/],
  ['type:"User', 0, 10, /quotation mark is never closed/],
])('%s says where and how it is wrong', (text, start, end, message) => {
  const error = errorOf(text);
  expect(error.message).toMatch(message);
  expect([error.start, error.end]).toEqual([start, end]);
  expect(error.hint).not.toBe('');
  expect(error.code).toBe('E_USAGE');
});

test('what is too deep or too long is refused, not run out of stack', () => {
  expect(errorOf('('.repeat(5000)).message).toMatch(/too many parentheses/);
  expect(errorOf(`${'-'.repeat(5000)}a`).message).toMatch(/too many parentheses/);
  expect(errorOf('a'.repeat(10_001)).message).toMatch(/too long/);
  expect(parseQuery(`${'('.repeat(150)}a${')'.repeat(150)}`)).toEqual(word('a'));
});

test('any text is read or refused with a place in it', () => {
  const piece = fc.constantFrom(
    '(',
    ')',
    '"',
    '-',
    ' ',
    'or',
    'not',
    'type',
    ':',
    '>',
    '=',
    'size',
    '1MB',
    '*',
    'é',
    '\n',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseQuery(text);
      } catch (error) {
        expect(error).toBeInstanceOf(QueryError);
        const { start, end } = error as QueryError;
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(text.length);
      }
    }),
  );
});

function errorOf(text: string): QueryError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}
