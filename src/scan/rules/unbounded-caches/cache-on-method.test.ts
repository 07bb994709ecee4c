import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { cacheOnMethod } from './cache-on-method.ts';

test('memoizing decorators on methods and properties, known by their imports', () => {
  expectMarkedLines(
    cacheOnMethod,
    `
import functools
from functools import cache, lru_cache as memo
import async_lru, cachetools
from cachetools import LRUCache, cached

remember = functools.lru_cache(maxsize=None)

class Report:
    @functools.lru_cache  # <- finds medium
    def a(self):
        return self.rows
    @functools.lru_cache(maxsize=None)  # <- finds medium
    def b(self, x):
        return self.rows
    @property
    @memo()  # <- finds medium
    def c(self):
        return self.rows
    @cache  # <- finds
    def d(this):
        return this.rows
    @async_lru.alru_cache(maxsize=32)  # <- finds
    async def e(self):
        return self.rows
    @cached(LRUCache(maxsize=100))  # <- finds
    def f(self):
        return self.rows
    @cached({})  # <- finds
    def g(self):
        return self.rows
    @remember  # <- finds
    def h(self):
        return self.rows
    @cachetools.func.ttl_cache(ttl=60)  # <- finds
    def i(self):
        return self.rows
`,
  );
});

test('an unbounded cache leaks for certain where instances are made again and again', () => {
  const text = (decorator: string, rest: string) => `
from functools import cache, lru_cache
class Price:
    @${decorator}
    def of(self, product):
        return product.price * self.rate
${rest}`;
  const handler = `
@app.get("/price")
def price(sku):
    return Price().of(sku)
`;
  const confidence = (source: string) => findingsIn(cacheOnMethod, source).map((finding) => finding.confidence);
  expect(confidence(text('cache', handler))).toEqual(['high']);
  expect(confidence(text('lru_cache(maxsize=None)', handler))).toEqual(['high']);
  expect(confidence(text('lru_cache(100_000)', handler))).toEqual(['high']);
  expect(confidence(text('lru_cache(100)', handler))).toEqual(['medium']);
  expect(confidence(text('cache', ''))).toEqual(['medium']);
  expect(confidence(text('cache', 'PRICES = Price()\n'))).toEqual(['low']);
  expect(confidence(text('cache', `PRICES = Price()\n${handler}`))).toEqual(['high']);
});

test('instances are counted across the files of a project', () => {
  const findings = findingsInProject(cacheOnMethod, {
    'shop.pricing': `
from functools import lru_cache
class PriceCalculator:
    @lru_cache(maxsize=None)
    def price_of(self, product):
        return product.price * self.rate
`,
    'shop.server': `
from http.server import BaseHTTPRequestHandler
from shop.pricing import PriceCalculator
def page(sku):
    return PriceCalculator().price_of(sku)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(page(self.path))
`,
  });
  expect(findings).toMatchObject([
    {
      confidence: 'high',
      range: { line: 4 },
      message: '`price_of` is cached for the life of the class and its keys hold `self`: no instance is ever freed',
      subject: { form: 'function cache', module: 'shop.pricing', qualname: 'PriceCalculator.price_of' },
    },
  ]);
});

test('a bounded cache says how many instances it keeps', () => {
  const [finding] = findingsIn(
    cacheOnMethod,
    'from functools import lru_cache\nclass A:\n    @lru_cache\n    def f(self):\n        pass\n',
  );
  expect(finding!.message).toBe(
    '`f` is cached for the life of the class and its keys hold `self`: the last 128 instances are kept alive',
  );
});

test('equal objects share an entry, so few values mean few entries', () => {
  expectMarkedLines(
    cacheOnMethod,
    `
from dataclasses import dataclass
from functools import cache

@dataclass(frozen=True)
class Point:
    x: int
    @cache  # <- finds low
    def norm(self):
        return self.x
class Unit:
    def __eq__(self, other):
        return self.name == other.name
    def __hash__(self):
        return hash(self.name)
    @cache  # <- finds low
    def f(self):
        return self.name
`,
  );
});

test('static and class methods, functions, enumerations, classes of classes, singletons and tests are fine', () => {
  expectMarkedLines(
    cacheOnMethod,
    `
import enum
import unittest
from enum import Enum
from functools import cache, cached_property, lru_cache
from cachetools import cached, cachedmethod
from methodtools import lru_cache as per_instance
from mylib import cache as project_cache

@lru_cache(maxsize=None)
def free(self):
    pass

class Settings:
    @staticmethod
    @lru_cache
    def a(path):
        pass
    @classmethod
    @lru_cache
    def b(cls):
        pass
    @lru_cache
    def __new__(cls, name):
        pass
    @cached_property
    def c(self):
        pass
    @cachedmethod(lambda self: self.cache)
    def d(self):
        pass
    @per_instance()
    def e(self):
        pass
    @project_cache
    def f(self):
        pass
    @cached({}, key=lambda self, x: x)
    def g(self, x):
        pass
    @lru_cache(maxsize=0)
    def h(self, x):
        pass
    @lru_cache
    def i():
        pass
    @lru_cache
    def lookups(cls):
        pass

class Color(Enum):
    RED = 1
    @cache
    def shade(self):
        pass
class Mask(enum.IntFlag):
    @cache
    def bits(self):
        pass
class Registry(type):
    @cache
    def names(cls):
        pass
class Config(metaclass=Singleton):
    @cache
    def value(self):
        pass
class Pool:
    _instance = None
    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance
    @cache
    def size(self):
        pass
class Command(BaseCommand):
    @cache
    def plugins(self):
        pass
class ReportTest(unittest.TestCase):
    @cache
    def data(self):
        pass
`,
  );
});

test('a cache that the file clears is low', () => {
  expectMarkedLines(
    cacheOnMethod,
    `
from functools import cache
class Apps:
    @cache  # <- finds low
    def models(self):
        return self.registry
    def clear(self):
        self.models.cache_clear()
`,
  );
});

test('fix: a property becomes a cached property, and its import with it', () => {
  expect(
    fixed(
      cacheOnMethod,
      `from functools import lru_cache

class Report:
    @property
    @lru_cache(maxsize=None)
    def total(self):
        return sum(self.rows)  # all of them
`,
    ),
  ).toBe(`from functools import cached_property

class Report:
    @cached_property
    def total(self):
        return sum(self.rows)  # all of them
`);
});

test('fix: a method that does not use its object becomes static, and bounded where its keys are not', () => {
  expect(
    fixed(
      cacheOnMethod,
      `import functools

class Client:
    @functools.cache
    def headers(self):
        return {"Runtime": platform.python_version()}
`,
    ),
  ).toBe(`import functools

class Client:
    @staticmethod
    @functools.cache
    def headers():
        return {"Runtime": platform.python_version()}
`);
  expect(
    fixed(
      cacheOnMethod,
      `from functools import lru_cache
class Client:
\t@lru_cache(maxsize=None)
\tdef parse(self, url: str, *, strict=False):
\t\treturn urlsplit(url)
`,
    ),
  ).toBe(`from functools import lru_cache
class Client:
\t@staticmethod
\t@lru_cache(maxsize=1024)
\tdef parse(url: str, *, strict=False):
\t\treturn urlsplit(url)
`);
});

test('fix: a method without other arguments hands out a cached property', () => {
  expect(
    fixed(
      cacheOnMethod,
      `import functools

class Client:
    @functools.lru_cache(maxsize=None)
    def headers(self) -> Dict[str, str]:
        """What every request carries."""
        return {"Version": self.version}

    def close(self):
        pass
`,
    ),
  ).toBe(`import functools

class Client:
    @functools.cached_property
    def _headers_cached(self) -> Dict[str, str]:
        """What every request carries."""
        return {"Version": self.version}

    def headers(self) -> Dict[str, str]:
        return self._headers_cached

    def close(self):
        pass
`);
});

test('fix: otherwise the decorator goes, and the import that served it only', () => {
  expect(
    fixed(
      cacheOnMethod,
      `"""Prices."""

from functools import lru_cache

RATES = {}


class Price:
    # Per customer.
    @lru_cache(maxsize=None)  # dear
    def of(self, product):
        return product.price * self.rate
`,
    ),
  ).toBe(`"""Prices."""

RATES = {}


class Price:
    # Per customer.
    def of(self, product):
        return product.price * self.rate
`);
  expect(
    fixed(
      cacheOnMethod,
      'from functools import lru_cache, wraps\r\n\r\nclass A:\r\n    @lru_cache(None)\r\n    def f(self, x):\r\n        return self.y + x\r\n',
    ),
  ).toBe('from functools import wraps\r\n\r\nclass A:\r\n    def f(self, x):\r\n        return self.y + x\r\n');
});

test('fix: slots leave no room for a cached property', () => {
  expect(
    fixed(
      cacheOnMethod,
      `from functools import cache
class A:
    __slots__ = ("y",)
    @property
    @cache
    def f(self):
        return self.y
`,
    ),
  ).toBe(`class A:
    __slots__ = ("y",)
    @property
    def f(self):
        return self.y
`);
});

test('no fix where the cache is managed by hand', () => {
  expect(
    fixed(
      cacheOnMethod,
      `from functools import cache
class A:
    @cache
    def f(self):
        return self.y
    def reset(self):
        self.f.cache_clear()
`,
    ),
  ).toBeUndefined();
});
