import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { cacheBoundOnInstance } from './cache-bound-on-instance.ts';

test('caches of bound methods, lambdas and inner functions over self, stored on self', () => {
  expectMarkedLines(
    cacheBoundOnInstance,
    `
import functools
from functools import lru_cache

class Token(Base):
    def __init__(self, text):
        self.a = lru_cache(maxsize=None)(self._a)  # <- finds medium
        self.b = functools.cache(self._a)  # <- finds
        self._a: object = lru_cache()(self._a)  # <- finds
        self.c = lru_cache(self.inherited)  # <- finds
        self.d = lru_cache(maxsize=8)(lambda x: self.text + x)  # <- finds
        @lru_cache  # <- finds
        def e(x):
            return self.text + x
        self.e = e
        def f(x):
            return self.text + x
        self.f = lru_cache(16)(f)  # <- finds
    def _a(self):
        pass
`,
  );
});

test('functions that do not hold the object, and objects that exist once, are fine', () => {
  expectMarkedLines(
    cacheBoundOnInstance,
    `
from enum import Enum
from functools import cache, lru_cache
import re

class Token:
    compile = lru_cache(re.compile)
    def __init__(self, text, load):
        self.a = lru_cache(maxsize=None)(self._static)
        self.b = cache(load)
        self.c = cache(lambda x: x + 1)
        self.load = load
        self.d = lru_cache(maxsize=8)(self.load)
        self.e = lru_cache
        self.g = self._bound()
        @cache
        def f(x):
            return x
        self.f = f
        local = cache(self._bound)
        text.h = cache(self._bound)
    @staticmethod
    def _static():
        pass
    def _bound(self):
        pass

class Kind(Enum):
    def __init__(self, value):
        self.is_basic = lru_cache(maxsize=None)(self._is_basic)  # <- finds low
    def _is_basic(self):
        pass

class Registry:
    def __init__(self):
        self.find = cache(self._find)  # <- finds low
    def _find(self, name):
        pass
REGISTRY = Registry()
`,
  );
});
