// Memoised functions, closures, defaults and locals as holders, and the many ways a writing function is run.

import { describe, test } from 'vitest';
import type { GrowthCase } from '../../test/support/growth-case.ts';
import {
  cacheHolder,
  checkGrowthCase,
  globalHolder,
  instanceHolder,
  variableHolder,
} from '../../test/support/growth-case.ts';

const CASES: readonly GrowthCase[] = [
  // Function caches
  {
    name: 'lru_cache on a method',
    holder: cacheHolder('Document.score'),
    types: ['app.Document'],
    program: `
import functools
class Document:
    @functools.lru_cache(maxsize=None)
    def score(self, boost):  # <- grows
        return boost
class Game:
    def score(self): pass
def operation(i):
    doc = Document()  # <- creates
    doc.score(2)  # <- calls
    Game().score()
def reset():
    Document.score.cache_clear()  # <- shrinks
`,
  },
  {
    name: 'a bounded cache, its default bound, a named bound',
    holder: cacheHolder('look'),
    bound: 128,
    program: `
from functools import lru_cache as memo
@memo
def look(x):  # <- grows
    return x
def operation(i):
    look(i)  # <- calls
`,
  },
  {
    name: 'a cache bounded by a constant of another module',
    holder: cacheHolder('look'),
    bound: 2048,
    program: `
#file settings.py
SIZE = 2 * 1024
#file app.py
from functools import lru_cache
import settings
@lru_cache(maxsize=settings.SIZE)
def look(x):  # <- grows
    return x
`,
  },
  {
    name: 'a cachetools cache',
    holder: cacheHolder('look'),
    bound: 100,
    program: `
from cachetools import cached, TTLCache
@cached(cache=TTLCache(maxsize=100, ttl=60))
def look(x):  # <- grows
    return x
def page(x):
    return look(x)  # <- calls
`,
  },
  // Closures, defaults, locals
  {
    name: 'a closure cache in a decorator',
    holder: variableHolder('closure', 'memoize.<locals>.wrapper', 'cache'),
    program: `
def memoize(fn):
    cache = {}
    def wrapper(*args):
        if args not in cache:
            cache[args] = fn(*args)  # <- grows
        return cache[args]
    return wrapper
@memoize
def slow(x):
    return x
def operation(i):
    slow(i)  # <- calls
`,
  },
  {
    name: 'a decorator factory',
    holder: variableHolder('closure', 'counted', 'calls'),
    program: `
import functools
def counted(label):
    calls = []
    def decorate(fn):
        @functools.wraps(fn)
        def wrapper(*args):
            calls.append(args)  # <- grows
            return fn(*args)
        return wrapper
    return decorate
@counted("x")
def work(): pass
def operation():
    work()  # <- calls
`,
  },
  {
    name: 'a closure returned and kept in a variable',
    holder: variableHolder('closure', 'make', 'seen'),
    program: `
def make():
    seen = []
    def add(x):
        seen.append(x)  # <- grows
    return add
ADD = make()
def operation(i):
    ADD(i)  # <- calls
`,
  },
  {
    name: 'a nonlocal list extended by rebinding',
    holder: variableHolder('closure', 'outer.<locals>.inner', 'rows'),
    program: `
def outer():
    rows = []
    def inner(x):
        nonlocal rows
        rows = rows + [x]  # <- grows
    def reset():
        nonlocal rows
        rows = []  # <- shrinks
    inner(1)  # <- calls
`,
  },
  {
    name: 'a mutable default',
    holder: variableHolder('default argument', 'collect', 'into'),
    program: `
def collect(x, into=[]):
    into.append(x)  # <- grows
    return into
def operation(i):
    collect(i)  # <- calls
`,
  },
  {
    name: 'a list local to a loop that never returns',
    holder: variableHolder('local', 'main', 'results'),
    program: `
def main():
    results = []
    while True:
        results.append(step())  # <- grows
        batch = []
        batch.append(1)
def step(): pass
`,
  },
  {
    name: 'a local emptied at each turn',
    holder: variableHolder('local', 'main', 'batch'),
    program: `
def main():
    while True:
        batch = []  # <- shrinks
        batch.append(1)  # <- grows
`,
  },
  {
    name: 'by bare name where the code object had no qualified one',
    holder: variableHolder('local', 'run', 'rows'),
    program: `
class Job:
    def run(self):
        rows = []
        for i in range(10):
            rows.append(i)  # <- grows
`,
  },
  {
    name: 'a lambda that writes',
    holder: globalHolder('HITS'),
    program: `
HITS = []
def connect(bus):
    bus.on("hit", lambda e: HITS.append(e))  # <- grows
def start(bus):
    connect(bus)  # <- calls
`,
  },
  // Who runs the writer
  {
    name: 'threads, timers, profilers: functions handed on',
    holder: globalHolder('STATS'),
    program: `
import sys
import threading
STATS = {}
def hook(frame, event, arg):
    STATS.setdefault(frame.f_code, [0])[0] += 1  # <- grows
def start():
    threading.Thread(target=hook).start()  # <- calls
def profile():
    sys.setprofile(hook)  # <- calls
`,
  },
  {
    name: 'a function used as a decorator inside another',
    holder: globalHolder('processors'),
    program: `
processors = []
def add_processor(fn):
    processors.append(fn)  # <- grows
    return fn
class Integration:
    def __init__(self):
        @add_processor  # <- calls
        def processor(event):
            return event
def operation():
    Integration()  # <- calls
`,
  },
  {
    name: 'async code, generators, comprehensions, match and walrus',
    holder: globalHolder('OUT'),
    program: `
OUT = []
async def a(xs):
    async for x in xs:
        OUT.append(x)  # <- grows
    async with x as y:
        [OUT.append(z) for z in y]  # <- grows
def b(message):
    match message:
        case {"kind": "x", **rest}:
            OUT.append(rest)  # <- grows
        case [first, *others] if (n := len(others)):
            OUT.append(n)  # <- grows
def c():
    try:
        pass
    except ValueError as problem:
        OUT.append(problem)  # <- grows
def d(xs):
    yield from (OUT.append(x) for x in xs)  # <- grows
async def e():
    await a([])  # <- calls
`,
  },
  {
    name: 'common method names on receivers nothing is known of are not believed',
    holder: instanceHolder('Cache', 'data'),
    program: `
class Cache:
    def __init__(self):
        self.data = {}
    def put(self, k, v):
        self.data[k] = v  # <- grows
    def remember_forever(self, k):
        self.data[k] = k  # <- grows
def a(thing):
    thing.put(1, 2)
def b(thing):
    thing.remember_forever(1)  # <- calls
`,
  },
  {
    name: 'module-level filling is not the leak when functions write too',
    holder: globalHolder('GRANTS'),
    program: `
GRANTS = {}
def grant(user):
    GRANTS[user] = set()  # <- grows
GRANTS["root"] = {"all"}  # <- grows
grant("admin")  # <- calls
`,
  },
];

describe('holders inside functions, and who runs the writers', () => {
  test.each(CASES.map((c) => [c.name, c] as const))('%s', (_, c) => checkGrowthCase(c));
});
