import { expect, test } from 'vitest';
import { expectMarkedLines, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { cacheUnbounded } from './cache-unbounded.ts';

test('high where handlers run it over what comes from outside, lower where only one of the two is seen', () => {
  expectMarkedLines(
    cacheUnbounded,
    `
import functools
from functools import cache, lru_cache

@cache  # <- finds high
def load_user(user_id):
    return fetch(user_id)

@functools.lru_cache(maxsize=None)  # <- finds medium
def render(template):
    return load(template)

@lru_cache(None)  # <- finds medium
def resolve(url):
    return parse(url)

@cache  # <- finds medium
def parse(req_string: str):
    return req_string.split()

@cache  # <- finds low
def translate(word):
    return read(word)

class Users:
    @staticmethod
    @cache  # <- finds medium
    def by_email(email):
        return fetch(email)
    @classmethod
    @cache  # <- finds low
    def by_letter(cls, letter):
        return fetch(letter)

@app.get("/users/{user_id}")
def show(user_id):
    return render(load_user(user_id))
`,
  );
});

test('the handler may be in another file', () => {
  const findings = findingsInProject(cacheUnbounded, {
    'shop.users': 'from functools import cache\n@cache\ndef get_user(user_id):\n    return fetch(user_id)\n',
    'shop.views': 'from shop.users import get_user\n@app.route("/u")\ndef view():\n    return get_user(current())\n',
  });
  expect(findings).toMatchObject([
    {
      confidence: 'high',
      message: '`get_user` keeps the result of every distinct `user_id` it was ever called with, without limit',
    },
  ]);
});

test('few keys, limits, caches of one call, and methods are fine', () => {
  expectMarkedLines(
    cacheUnbounded,
    `
import enum
from functools import cache, lru_cache
from typing import Literal, Optional, Type

class Color(enum.Enum):
    RED = 1

@cache
def settings():
    pass
@cache
def a(verbose: bool, color: Color, mode: Literal["r", "w"], of: Optional[bool] = None):
    pass
@cache
def b(cls, pretty=False):
    pass
@cache
def c(x: type[int], y: Type, z: type | None = None, *, func):
    pass
@lru_cache(maxsize=500)
def d(user_id):
    pass
@lru_cache
def e(user_id):
    pass
class Model:
    @classmethod
    @cache
    def fields(cls):
        pass
    @cache
    def of_self(self, user_id):
        pass
def outer(rows):
    @cache
    def parse(text):
        return text
    return [parse(row) for row in rows]
`,
  );
});

test('calls with constants, recursion and caches that are cleared are low', () => {
  expectMarkedLines(
    cacheUnbounded,
    `
from functools import cache

@cache  # <- finds low
def compiled(name):
    return compile(name)
A = compiled("a")
B = compiled(DEFAULT_NAME)

@cache  # <- finds low
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

@cache  # <- finds low
def lookup(user_id):
    return fetch(user_id)
def reload():
    lookup.cache_clear()
`,
  );
});

test('fix: a limit, spelled as the file spells its imports', () => {
  const fix = (text: string) => fixed(cacheUnbounded, text);
  expect(fix('from functools import cache\n\n@cache\ndef f(x):\n    pass\n')).toBe(
    'from functools import lru_cache\n\n@lru_cache(maxsize=1024)\ndef f(x):\n    pass\n',
  );
  expect(fix('import functools as ft\n\n@ft.cache  # keep\ndef f(x):\n    pass\n')).toBe(
    'import functools as ft\n\n@ft.lru_cache(maxsize=1024)  # keep\ndef f(x):\n    pass\n',
  );
  expect(fix('from functools import cache, lru_cache\n\n@cache\ndef f(x):\n    pass\n')).toBe(
    'from functools import lru_cache\n\n@lru_cache(maxsize=1024)\ndef f(x):\n    pass\n',
  );
  expect(
    fix('from functools import lru_cache\r\n\r\n@lru_cache(\r\n    maxsize=None,\r\n)\r\ndef f(x):\r\n    pass\r\n'),
  ).toBe('from functools import lru_cache\r\n\r\n@lru_cache(\r\n    maxsize=1024,\r\n)\r\ndef f(x):\r\n    pass\r\n');
  expect(fix('from functools import lru_cache\n\n@lru_cache(None, typed=True)\ndef f(x):\n    pass\n')).toBe(
    'from functools import lru_cache\n\n@lru_cache(1024, typed=True)\ndef f(x):\n    pass\n',
  );
  expect(fix('from cachetools import cached\n\n@cached({})\ndef f(x):\n    pass\n')).toBeUndefined();
});
