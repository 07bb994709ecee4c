import { expect, test } from 'vitest';
import { formatBaseline, parseBaseline } from './baseline.ts';

const ENTRY = { fingerprint: 'abc', rule: 'dict-cache', path: 'b.py', context: 'get' };

test('a baseline reads as it was written, an entry a line, in the order of paths', () => {
  const text = formatBaseline([ENTRY, { ...ENTRY, path: 'a.py', fingerprint: 'def' }]);
  expect(text).toMatchInlineSnapshot(`
    "{
      "schema": "leakscope.baseline/1",
      "findings": [
        {"path":"a.py","rule":"dict-cache","context":"get","fingerprint":"def"},
        {"path":"b.py","rule":"dict-cache","context":"get","fingerprint":"abc"}
      ]
    }
    "
  `);
  expect(parseBaseline(text)).toEqual(new Set(['abc', 'def']));
  expect(parseBaseline(formatBaseline([]))).toEqual(new Set());
});

test('anything else is no baseline', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"schema":"leakscope.scan/1","findings":[]}',
    '{"schema":"leakscope.baseline/1"}',
  ]) {
    expect(parseBaseline(text), text).toBeUndefined();
  }
});
