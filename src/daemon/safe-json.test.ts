import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeJson } from './safe-json.ts';

test('no character of it can begin markup or act on a terminal', () => {
  const text = safeJson({ type: '</script><img src=x onerror=alert(1)>&\u2028\u202e\x1b[31m' });
  expect(text).not.toMatch(/[<>&\u2028\u202e\x1b]/);
  expect(text).toContain('\\u003c/script\\u003e');
});

test('parses to the same data', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      expect(JSON.parse(safeJson(data))).toEqual(JSON.parse(JSON.stringify(data)));
    }),
  );
});
