import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeJson, sanitize, sanitizeStrings } from './sanitize.ts';

/** What a terminal, or a reader's eye, could act on: stated apart from the implementation, by code point. */
function isDangerous(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    (code >= 0xe0000 && code <= 0xe0fff) ||
    [0xad, 0x61c, 0xfeff].includes(code)
  );
}

test('ordinary names pass unchanged', () => {
  for (const name of ['shop.users.User', "module app › global größe › ['…']", '用户.缓存', '<lambda>', 'a b']) {
    expect(sanitize(name)).toBe(name);
  }
});

test('controls, bidirectional overrides and invisible characters become visible', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['\u001b[31mred', '\\x1b[31mred'],
    ['two\r\nlines', 'two\\x0d\\x0alines'],
    ['\u009b2J', '\\x9b2J'],
    ['user\u202Etxt.exe', 'user\\u202etxt.exe'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['tag\u{e0041}', 'tag\\U000e0041'],
    ['half \ud83d', 'half \\ud83d'],
    ['\u2066isolate\u2069', '\\u2066isolate\\u2069'],
  ];
  for (const [name, shown] of cases) expect(sanitize(name)).toBe(shown);
});

test('no string keeps a dangerous character', () => {
  const anyString = fc.string({ unit: fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code)) });
  fc.assert(
    fc.property(anyString, (name) => {
      expect([...sanitize(name)].filter((character) => isDangerous(character.codePointAt(0)!))).toEqual([]);
    }),
  );
});

test('all 65,536 code units of the basic plane are either safe or escaped', () => {
  for (let code = 0; code <= 0xffff; code++) {
    if (isDangerous(code)) expect(sanitize(String.fromCharCode(code)), code.toString(16)).toMatch(/^\\[xu]/);
  }
});

test('sanitises keys and nested strings of plain data', () => {
  expect(sanitizeStrings({ 'a\n': ['\u001b', { b: 1 }], c: undefined })).toEqual({
    'a\\x0a': ['\\x1b', { b: 1 }],
    c: undefined,
  });
});

test('JSON keeps the data and drops the danger', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, name) => {
      const data = { value, name: `${name}\u009b\u202e\u{e0041}` };
      const json = safeJson(data);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(data)));
      expect([...json.replaceAll('\n', '')].filter((character) => isDangerous(character.codePointAt(0)!))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
