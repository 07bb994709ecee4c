import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clampWidth, displayWidth, elideEnd, elideMiddle, wrap, wrapPath } from './layout.ts';

test('width counts columns, not code units', () => {
  expect(displayWidth('user_cache')).toBe(10);
  expect(displayWidth('用户')).toBe(4);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('🐍')).toBe(2);
});

test('paths break before a step', () => {
  expect(wrapPath("module shop.users › global user_cache › ['…'] › .profile", 40)).toEqual([
    'module shop.users › global user_cache',
    "› ['…'] › .profile",
  ]);
});

test('elision keeps the ends that tell things apart', () => {
  expect(elideMiddle('/srv/app/releases/2026/shop/users.py', 20)).toBe('/srv/app/r…/users.py');
  expect(elideEnd('user_cache[user_id] = user_data', 12)).toBe('user_cache[…');
  expect(elideMiddle('short', 20)).toBe('short');
});

test('wrapped text keeps every word and every width', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 30 })),
      fc.integer({ min: 4, max: 60 }),
      (words, width) => {
        const text = words.join(' ').split(/\s+/).join(' ').trim();
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      },
    ),
  );
});

test('elided text fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 5, max: 60 }), (text, width) => {
      expect(displayWidth(elideMiddle(text, width))).toBeLessThanOrEqual(width);
      expect(displayWidth(elideEnd(text, width))).toBeLessThanOrEqual(width);
    }),
  );
});

test('the width is that of the terminal within reason', () => {
  expect([undefined, 0, 20, 100, 500, Number.NaN].map(clampWidth)).toEqual([120, 80, 80, 100, 160, 120]);
});
