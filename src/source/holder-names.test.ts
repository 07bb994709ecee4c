// Aliases, parameters, attributes, imports: the names under which one global holder is written to.

import { describe, test } from 'vitest';
import type { GrowthCase } from '../../test/support/growth-case.ts';
import { checkGrowthCase, globalHolder } from '../../test/support/growth-case.ts';

const CASES: readonly GrowthCase[] = [
  // Names
  {
    name: 'a local of the same name is another variable',
    holder: globalHolder('items'),
    program: `
items = []
def other():
    items = []
    items.append(1)
def really(x):
    items.append(x)  # <- grows
def parameter(items):
    items.append(1)
def comprehension():
    return [items.append(1) for items in ([],)]
class C:
    items = []
    items.append(1)
    def method(self):
        items.append(2)  # <- grows
`,
  },
  {
    name: 'local and attribute aliases',
    holder: globalHolder('CACHE'),
    program: `
CACHE = {}
def local(k, v):
    cache = CACHE
    cache[k] = v  # <- grows
def walrus(k, v):
    if (c := CACHE) is not None:
        c[k] = v  # <- grows
def either(k, v, mine=None):
    cache = mine or CACHE
    cache[k] = v  # <- grows
class Reader:
    def __init__(self):
        self.cache = CACHE
    def read(self, k):
        self.cache[k] = k  # <- grows
def through_globals(k, v):
    globals()["CACHE"][k] = v  # <- grows
def dropped():
    cache = CACHE
    del cache
`,
  },
  {
    name: 'a parameter default naming it',
    holder: globalHolder('CACHE'),
    program: `
CACHE = {}
def fetch(k, cache=CACHE):
    cache[k] = k  # <- grows
def page():
    fetch(1)  # <- calls
`,
  },
  {
    name: 'a function that returns it',
    holder: globalHolder('_cache'),
    program: `
_cache = None
def get_cache():
    global _cache
    if _cache is None:
        _cache = {}
    return _cache
def put(k, v):
    get_cache()[k] = v  # <- grows
def put_local(k, v):
    cache = get_cache()
    cache.setdefault(k, v)  # <- grows
`,
  },
  {
    name: 'passed to a function that adds to its parameter',
    holder: globalHolder('EVENTS'),
    program: `
EVENTS = []
OTHERS = []
def record(target, event):
    target.append(event)  # <- grows
def deeper(event, *, into):
    record(into, event)  # <- calls
def one(event):
    record(EVENTS, event)  # <- calls
def two(event):
    deeper(event, into=EVENTS)  # <- calls
def unrelated(event):
    record(OTHERS, event)
`,
  },
  {
    name: 'handed to an object that keeps it',
    holder: globalHolder('QUEUE'),
    program: `
QUEUE = []
class Worker:
    def __init__(self, queue):
        self.queue = queue
    def submit(self, job):
        self.queue.append(job)  # <- grows
    def step(self):
        return self.queue.pop(0)  # <- shrinks
WORKER = Worker(QUEUE)
def request(job):
    WORKER.submit(job)  # <- calls
`,
  },
  // Several modules
  {
    name: 'imported by name, under an alias, through its module, relatively',
    holder: globalHolder('CACHE', 'shop.store'),
    program: `
#file shop/__init__.py
from .store import CACHE as PUBLIC
#file shop/store.py
CACHE = {}
#file shop/a.py
from shop.store import CACHE
def a(k):
    CACHE[k] = 1  # <- grows
#file shop/b.py
import shop.store as st
def b(k):
    st.CACHE[k] = 1  # <- grows
#file shop/c.py
from . import store
def c(k):
    store.CACHE.update({k: 1})  # <- grows
#file shop/d.py
import shop.store
def d(k):
    shop.store.CACHE.pop(k)  # <- shrinks
#file shop/e.py
from shop import PUBLIC as P
def e(k):
    P[k] = 1  # <- grows
#file shop/f.py
CACHE = {}
def f(k):
    CACHE[k] = 1
`,
  },
  {
    name: 'star imports, and a function called from another module',
    holder: globalHolder('REGISTRY', 'core'),
    program: `
#file core.py
REGISTRY = []
def register(x):
    REGISTRY.append(x)  # <- grows
#file facade.py
from core import *
#file user.py
import facade
from core import *
def a():
    register(1)  # <- calls
def b():
    facade.register(2)  # <- calls
def c():
    REGISTRY.clear()  # <- shrinks
#file stranger.py
def register(x): pass
def d():
    register(3)
`,
  },
  {
    name: 'callers outwards, the application before libraries',
    holder: globalHolder('_registry', 'lib.registry'),
    program: `
#file /venv/lib/python3.12/site-packages/lib/__init__.py
from .api import declare
#file /venv/lib/python3.12/site-packages/lib/registry.py
_registry = {}
def register(name, cls):
    _registry.setdefault(name, []).append(cls)  # <- grows
#file /venv/lib/python3.12/site-packages/lib/api.py
from . import registry
def declare(name):
    registry.register(name, object)  # <- calls
#file app.py
import lib
def operation(i):
    lib.declare("x")  # <- calls
`,
  },
];

describe('the names a holder goes by', () => {
  test.each(CASES.map((c) => [c.name, c] as const))('%s', (_, c) => checkGrowthCase(c));
});
