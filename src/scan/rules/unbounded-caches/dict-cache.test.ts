import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { dictCache } from './dict-cache.ts';

test('get, miss, set, in all its forms', () => {
  expectMarkedLines(
    dictCache,
    `
import re

_a = {}
_b = {}
_c = dict()
_d = {}
_e = {}

def a(text):
    if text not in _a:
        _a[text] = re.compile(text)  # <- finds medium
    return _a[text]

def b(text):
    found = _b.get(text)
    if found is None:
        found = _b[text] = re.compile(text)  # <- finds medium
    return found

def c(text, flags):
    try:
        return _c[text, flags]
    except KeyError:
        _c[text, flags] = re.compile(text, flags)  # <- finds medium
    return _c[text, flags]

def d(text):
    return _d.setdefault(text, re.compile(text))  # <- finds medium

class Store:
    _rows = {}

    @classmethod
    def row(cls, number):
        if number in cls._rows:
            return cls._rows[number]
        row = cls._rows[number] = load(number)  # <- finds medium
        return row

def e(request):
    key = f"{request.path}?{request.query}"
    if key not in _e:
        _e[key] = render(request)  # <- finds high
    return _e[key]
`,
  );
});

test('of an object, where it lives long or its name says that it caches', () => {
  expectMarkedLines(
    dictCache,
    `
class Parser:
    def __init__(self):
        self._token_cache = {}
        self.nodes = {}

    def token(self, text):
        if text not in self._token_cache:
            self._token_cache[text] = tokenize(text)  # <- finds medium
        return self._token_cache[text]

    def node(self, text):
        if text not in self.nodes:
            self.nodes[text] = tokenize(text)  # <- finds low
        return self.nodes[text]

class Users:
    def __init__(self):
        self.rows = {}

    def get(self, user_id):
        if user_id not in self.rows:
            self.rows[user_id] = load(user_id)  # <- finds high
        return self.rows[user_id]

users = Users()

def view(request):
    return users.get(request.user_id)
`,
  );
});

test('what keeps an object for good: modules, long-lived objects, and their bases', () => {
  const cache = `
class Base:
    def __init__(self):
        self.rows = {}

    def row(self, number):
        if number not in self.rows:
            self.rows[number] = load(number)
        return self.rows[number]
`;
  const confidences = (text: string) =>
    findingsInProject(dictCache, { base: cache, main: text }).map(({ confidence }) => confidence);
  const view = '\ndef view(request):\n    x.row(request.n)\n';
  expect(confidences(`from base import Base\nx = Base()${view}`)).toEqual(['high']);
  expect(confidences(`from base import Base\nclass Sub(Base):\n    pass\nx = Sub()${view}`)).toEqual(['high']);
  expect(
    confidences(
      `from base import Base\nclass App:\n    def __init__(self):\n        self.b = Base()\nx = App()${view}`,
    ),
  ).toEqual(['high']);
  expect(confidences(`from base import Base\ndef view(request):\n    x = Base()\n    x.row(request.n)\n`)).toEqual([
    'low',
  ]);
  expect(confidences(`from base import Base\nif __name__ == "__main__":\n    x = Base()${view}`)).toEqual(['low']);
});

test('keys of a short list, limits, and tables that are no caches', () => {
  expectMarkedLines(
    dictCache,
    `
import os
_by_class = {}
_by_name = {}
_bounded = {}
_popped = {}
_registered = {}
_few = {}
_pid = {}

def of(x):
    if type(x) not in _by_class:
        _by_class[type(x)] = inspect(x)
    return _by_class[type(x)]

def named(cls):
    name = cls.__name__
    if name not in _by_name:
        _by_name[name] = inspect(cls)
    return _by_name[name]

def bounded(text):
    if text not in _bounded:
        if len(_bounded) >= 512:
            _bounded.clear()
        _bounded[text] = compile(text)
    return _bounded[text]

def popped(text):
    if text not in _popped:
        _popped[text] = compile(text)
    return _popped[text]

def forget(text):
    _popped.pop(text, None)

def register(name, value):
    if name in _registered:
        raise ValueError(name)
    _registered[name] = value

def few(encoding, locale):
    key = (encoding, locale.lower())
    if key not in _few:
        _few[key] = load(encoding)
    return _few[key]

def here():
    pid = os.getpid()
    if pid not in _pid:
        _pid[pid] = connect()
    return _pid[pid]
`,
  );
});

test('names that programs give to a few things need somebody who asks again and again', () => {
  expectMarkedLines(
    dictCache,
    `
_roles = {}
_themes = {}
_users = {}

def role(name):
    if name not in _roles:
        _roles[name] = load(name)  # <- finds low
    return _roles[name]

def theme(theme_name):
    if theme_name not in _themes:
        _themes[theme_name] = load(theme_name)  # <- finds medium
    return _themes[theme_name]

def user(user_name):
    if user_name not in _users:
        _users[user_name] = load(user_name)  # <- finds medium
    return _users[user_name]

def view(request):
    return theme(request.theme)
`,
  );
});

test('the place of the look-up is shown, not what is added to a value', () => {
  expectMarkedLines(
    dictCache,
    `
_offsets = {}

def offsets_of(text):
    if text not in _offsets:
        offsets = _offsets[text] = []  # <- finds medium
        offsets.append(0)
    return _offsets[text]
`,
  );
});

test('a cache by its name, looked up elsewhere', () => {
  expectMarkedLines(
    dictCache,
    `
_DEFINITION_CACHE = {}
TOTALS = {}

def find(deployment_id):
    return _DEFINITION_CACHE.get(deployment_id)

def store(deployment_id, definition):
    _DEFINITION_CACHE[deployment_id] = definition  # <- finds medium

def count(deployment_id):
    TOTALS[deployment_id] = 1
`,
  );
});

test('two containers of one name stay apart', () => {
  expectMarkedLines(
    dictCache,
    `
class A:
    def __init__(self):
        self._cache = {}
    def get(self, key):
        if key not in self._cache:
            self._cache[key] = load(key)  # <- finds medium
        return self._cache[key]

class B:
    def __init__(self):
        self._cache = {}
    def get(self, key):
        if key not in self._cache:
            self._cache[key] = load(key)
        return self._cache[key]
    def close(self):
        self._cache.clear()
`,
  );
});

test('a key is shown as it is written, unless it is long', () => {
  const text = (key: string) =>
    `C = {}\ndef f(a, b):\n    if ${key} not in C:\n        C[${key}] = load(a)\n    return C[${key}]\n`;
  expect(findingsIn(dictCache, text('(a, b)'))[0]!.message).toBe(
    '`C` caches a value for every `(a, b)` it meets and evicts none',
  );
  expect(findingsIn(dictCache, text('"a very long text that nobody would read" + a'))[0]!.message).toBe(
    '`C` caches a value for every key it meets and evicts none',
  );
});

test('a function that is only a cache of its own becomes lru_cache', () => {
  expect(
    fixed(
      dictCache,
      `import re

_patterns = {}

def pattern(text, flags):
    """Compiled."""
    if (text, flags) not in _patterns:
        _patterns[text, flags] = re.compile(text, flags)
    return _patterns[text, flags]
`,
    ),
  ).toBe(`import functools
import re

@functools.lru_cache(maxsize=1024)
def pattern(text, flags):
    """Compiled."""
    return re.compile(text, flags)
`);
  expect(
    fixed(
      dictCache,
      `from functools import lru_cache
_users = {}
def user(number):
    found = _users.get(number)
    if found is None:
        found = load(number)
        _users[number] = found
    return found
`,
    ),
  ).toBe(`from functools import lru_cache
@lru_cache(maxsize=1024)
def user(number):
    return load(number)
`);
});

test('everything else is limited in place', () => {
  const limited = `        if len(%) > 1024:
            %.pop(next(iter(%)), None)
`;
  const cases: readonly (readonly [name: string, text: string])[] = [
    ['cache', 'cache = {}\ndef f(x):\n    if x not in cache:\n        cache[x] = g(x)\n    return cache[x]\n'],
    [
      '_c',
      '_c = {}\ndef f(x):\n    if x not in _c:\n        _c[x] = g(x)\n    return _c[x]\ndef n():\n    return len(_c)\n',
    ],
    ['_c', '_c = {}\ndef f(x):\n    if x not in _c:\n        _c[x] = g(x)  # slow\n    return _c[x]\n'],
    ['_c', '_c = {}  # by x\ndef f(x):\n    if x not in _c:\n        _c[x] = g(x)\n    return _c[x]\n'],
    ['_c', '_c = {}\ndef f(x, y=1):\n    if x not in _c:\n        _c[x] = g(x)\n    return _c[x]\n'],
  ];
  for (const [name, text] of cases) expect(fixed(dictCache, text)).toContain(limited.replaceAll('%', name));
  expect(fixed(dictCache, '_c = {}\ndef f(x):\n    return _c.setdefault(x, g(x))\n')).toBeUndefined();
});
