// Python programs with their answers written beside the lines: `# <- grows`, `calls`, `creates`, `shrinks`.
// Every line must carry exactly its marks, so a false site fails a case as surely as a missed one.

import { describe, expect, test } from 'vitest';
import type { HolderReference } from './growth-site-query.ts';
import { findGrowthSites } from './growth-sites.ts';
import { createSourceIndex } from './source-index.ts';

const MARK = /\s*# <- (.*)$/;

interface Case {
  readonly name: string;
  readonly holder: HolderReference;
  /** Files start at `#file path`; text before the first is app.py. */
  readonly program: string;
  readonly types?: readonly string[];
  readonly bound?: number;
}

function check({ holder, program, types, bound }: Case): void {
  const files = splitFiles(program);
  const sources = files.map((file) => ({
    path: file.path,
    module: moduleName(file.path),
    text: file.lines.map((line) => line.replace(MARK, '')).join('\n'),
  }));
  const answer = findGrowthSites(createSourceIndex(sources), { holder, growingTypes: types ?? [] });
  expect(answer.unparsed).toEqual([]);
  const marked = files.map((file) => {
    const lines = file.lines.map((line, i) => {
      const marks = new Set<string>();
      for (const site of answer.grows) {
        if (site.path !== file.path || site.line !== i + 1) continue;
        marks.add({ 'writes holder': 'grows', 'calls writer': 'calls', creates: 'creates' }[site.basis]);
      }
      if (answer.shrinks.some((site) => site.path === file.path && site.line === i + 1)) marks.add('shrinks');
      const plain = line.replace(MARK, '');
      return marks.size === 0 ? plain : `${plain}  # <- ${[...marks].join(', ')}`;
    });
    return `#file ${file.path}\n${lines.join('\n')}`;
  });
  const wanted = files.map(
    (file) => `#file ${file.path}\n${file.lines.map((line) => line.replace(MARK, '  # <- $1')).join('\n')}`,
  );
  expect(marked.join('\n')).toBe(wanted.join('\n'));
  expect(answer.bound).toBe(bound);
}

function splitFiles(program: string): { readonly path: string; readonly lines: string[] }[] {
  const files: { path: string; lines: string[] }[] = [];
  for (const line of program.replace(/^\n/, '').trimEnd().split('\n')) {
    const header = /^#file (\S+)/.exec(line);
    if (header !== null) files.push({ path: header[1]!, lines: [] });
    else {
      if (files.length === 0) files.push({ path: 'app.py', lines: [] });
      files[files.length - 1]!.lines.push(line);
    }
  }
  return files;
}

function moduleName(path: string): string {
  return path
    .replace(/^.*\/(?:site-packages|python3\.\d+)\//, '')
    .replace(/(?:\/__init__)?\.py$/, '')
    .replaceAll('/', '.');
}

const global = (name: string, module = 'app'): HolderReference => ({ form: 'global', module, name });
const instance = (className: string, name: string, owner?: string, module = 'app'): HolderReference => ({
  form: 'instance attribute',
  module,
  className,
  name,
  ...(owner === undefined ? {} : { owner: { module: 'app', name: owner } }),
});
const classAttribute = (className: string, name: string, module = 'app'): HolderReference => ({
  form: 'class attribute',
  module,
  className,
  name,
});
const cache = (qualname: string, module = 'app'): HolderReference => ({ form: 'function cache', module, qualname });
const variable = (form: 'closure' | 'default argument' | 'local', qualname: string, name: string): HolderReference => ({
  form,
  module: 'app',
  qualname,
  name,
});

const CASES: readonly Case[] = [
  // Operations on a module's container
  {
    name: 'a dict filled by key',
    holder: global('SEEN'),
    types: ['app.Visit'],
    program: `
class Visit:
    pass
SEEN = {}
def record(key):
    SEEN[key] = Visit()  # <- grows
def handle(request):
    record(request.id)  # <- calls
def again(request):
    visit = Visit()  # <- creates
    return visit
`,
  },
  {
    name: 'a list appended to, extended, inserted into, added to',
    holder: global('LOG'),
    program: `
LOG = []
def a(x):
    LOG.append(x)  # <- grows
def b(x):
    LOG.extend(x)  # <- grows
def c(x):
    LOG.insert(0, x)  # <- grows
def d(x):
    global LOG
    LOG += [x]  # <- grows
def e():
    return len(LOG), LOG[0], list(LOG), LOG.index(1), [x for x in LOG]
`,
  },
  {
    name: 'a set added to, updated, or-ed',
    holder: global('IDS'),
    program: `
IDS = set()
def a(x):
    IDS.add(x)  # <- grows
def b(xs):
    IDS.update(xs)  # <- grows
def c(xs):
    global IDS
    IDS |= xs  # <- grows
def d(xs):
    global IDS
    IDS -= xs  # <- shrinks
    IDS.discard(1)  # <- shrinks
`,
  },
  {
    name: 'a counter of words',
    holder: global('COUNTS'),
    program: `
import collections
COUNTS = collections.Counter()
def see(word):
    COUNTS[word] += 1  # <- grows
    if word in COUNTS and COUNTS[word] > 2:
        return COUNTS.most_common(3)
`,
  },
  {
    name: 'setdefault and get with a fresh default',
    holder: global('GROUPS'),
    program: `
GROUPS = {}
def a(k, v):
    GROUPS.setdefault(k, []).append(v)  # <- grows
def b(k, v):
    GROUPS.get(k, []).append(v)  # <- grows
def c(k):
    return GROUPS.get(k)
`,
  },
  {
    name: 'containers inside the container',
    holder: global('BY_USER'),
    program: `
BY_USER = {}
def a(user, event):
    BY_USER[user].append(event)  # <- grows
def b(user, event):
    bucket = BY_USER.setdefault(user, [])  # <- grows
    bucket.append(event)  # <- grows
def c(user, k, v):
    BY_USER[user][k] = v  # <- grows
def d(user):
    for event in BY_USER[user]:
        event.fire()
    row = BY_USER[user]
    row.sort()
    row.clear()
`,
  },
  {
    name: 'a defaultdict that is only read',
    holder: global('GRANTS'),
    program: `
from collections import defaultdict as dd
GRANTS = dd(set)
def allowed(user, action):
    return action in GRANTS[user]  # <- grows
def known(user):
    return user in GRANTS
def operation(i):
    allowed(i, "x")  # <- calls
`,
  },
  {
    name: 'a plain dict that is only read does not grow by reading',
    holder: global('TABLE'),
    program: `
TABLE = {"a": 1}
def look(k):
    return TABLE[k]
`,
  },
  {
    name: 'a dict with __missing__ grows by reading',
    holder: global('TABLE'),
    program: `
class Filling(dict):
    def __missing__(self, key):
        self[key] = value = make(key)
        return value
TABLE = Filling()
def look(k):
    return TABLE[k]  # <- grows
`,
  },
  {
    name: 'a heap and a sorted list',
    holder: global('TIMERS'),
    program: `
import heapq
from bisect import insort
TIMERS = []
def later(t):
    heapq.heappush(TIMERS, t)  # <- grows
def sooner(t):
    insort(TIMERS, t)  # <- grows
def due():
    return heapq.heappop(TIMERS)  # <- shrinks
`,
  },
  {
    name: 'rebinding that extends and rebinding that empties',
    holder: global('ITEMS'),
    program: `
ITEMS = []
def a(x):
    global ITEMS
    ITEMS = ITEMS + [x]  # <- grows
def b(x):
    global ITEMS
    ITEMS = [*ITEMS, x]  # <- grows
def c():
    global ITEMS
    ITEMS = []  # <- shrinks
def d():
    global ITEMS
    ITEMS = ITEMS[-10:]  # <- shrinks
def e():
    global ITEMS
    ITEMS = [x for x in ITEMS if x.alive]  # <- shrinks
def f(k, v):
    global ITEMS
    ITEMS = {**ITEMS, k: v}  # <- grows
`,
  },
  {
    name: 'a linked list by its head',
    holder: global('HEAD'),
    types: ['app.Node'],
    program: `
class Node:
    def __init__(self, next):
        self.next = next
HEAD = None
def push():
    global HEAD
    HEAD = Node(HEAD)  # <- grows
`,
  },
  {
    name: 'a cons list of tuples',
    holder: global('HEAD'),
    program: `
HEAD = ()
def push(x):
    global HEAD
    HEAD = (x, HEAD)  # <- grows
`,
  },
  {
    name: 'every way to remove',
    holder: global('JOBS'),
    program: `
JOBS = {}
def start(job):
    JOBS[job.id] = job  # <- grows
def finish(job):
    del JOBS[job.id]  # <- shrinks
    JOBS.pop(job.id, None)  # <- shrinks
    JOBS.popitem()  # <- shrinks
    JOBS.clear()  # <- shrinks
`,
  },
  {
    name: 'slices',
    holder: global('ROWS'),
    program: `
ROWS = []
def add(row):
    ROWS.append(row)  # <- grows
    del ROWS[:-100]  # <- shrinks
    ROWS[:] = ROWS[-100:]  # <- shrinks
`,
  },
  {
    name: 'tasks discarded by their done callback',
    holder: global('TASKS'),
    program: `
import asyncio
TASKS = set()
async def spawn(work):
    task = asyncio.create_task(work())
    TASKS.add(task)  # <- grows
    task.add_done_callback(TASKS.discard)  # <- shrinks
async def main():
    await spawn(print)  # <- calls
`,
  },
  {
    name: 'a len() guard that evicts',
    holder: global('CACHE'),
    bound: 1000,
    program: `
LIMIT = 1000
CACHE = {}
def put(k, v):
    if len(CACHE) >= LIMIT:  # <- shrinks
        CACHE.pop(next(iter(CACHE)))  # <- shrinks
    CACHE[k] = v  # <- grows
`,
  },
  {
    name: 'a len() that only warns or tests for emptiness is no guard',
    holder: global('CACHE'),
    program: `
CACHE = {}
def put(k, v):
    if len(CACHE) > 1000:
        print("big")
    if len(CACHE) > 0:
        return CACHE[0]
    CACHE[k] = v  # <- grows
`,
  },
  {
    name: 'a deque with maxlen',
    holder: global('RECENT'),
    bound: 500,
    program: `
import collections
RECENT = collections.deque(maxlen=500)
def see(x):
    RECENT.append(x)  # <- grows
    RECENT.appendleft(x)  # <- grows
`,
  },
  {
    name: 'a queue put to and got from',
    holder: global('QUEUE'),
    program: `
import queue
QUEUE = queue.Queue()
def produce(x):
    QUEUE.put(x)  # <- grows
    QUEUE.put_nowait(x)  # <- grows
def consume():
    return QUEUE.get()  # <- shrinks
def consume_soon():
    return QUEUE.get(timeout=1)  # <- shrinks
`,
  },
  {
    name: 'a bounded queue',
    holder: global('QUEUE'),
    bound: 64,
    program: `
from asyncio import Queue
QUEUE = Queue(64)
async def produce(x):
    await QUEUE.put(x)  # <- grows
`,
  },
  {
    name: 'a weak set, a weak value dict',
    holder: global('ALIVE'),
    program: `
import weakref
ALIVE = weakref.WeakSet()
class Session:
    def __init__(self):
        ALIVE.add(self)  # <- grows
def login():
    return Session()  # <- calls
`,
  },
  {
    name: 'an instance used as a namespace',
    holder: global('STATE'),
    program: `
class State: pass
STATE = State()
def remember(name, value):
    setattr(STATE, name, value)  # <- grows
def forget(name):
    delattr(STATE, name)  # <- shrinks
`,
  },
  {
    name: 'methods of a container nobody knows stand in when nothing else is known to add',
    holder: global('CACHE'),
    program: `
from somewhere import Cache
CACHE = Cache()
def keep(k, v):
    CACHE.store(k, v)  # <- grows
`,
  },
  {
    name: 'unbound methods of the builtin types',
    holder: global('SEEN'),
    program: `
SEEN = []
def see(x):
    list.append(SEEN, x)  # <- grows
def unsee():
    list.clear(SEEN)  # <- shrinks
`,
  },
  // Names
  {
    name: 'a local of the same name is another variable',
    holder: global('items'),
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
    holder: global('CACHE'),
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
    holder: global('CACHE'),
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
    holder: global('_cache'),
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
    holder: global('EVENTS'),
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
    holder: global('QUEUE'),
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
    holder: global('CACHE', 'shop.store'),
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
    holder: global('REGISTRY', 'core'),
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
    holder: global('_registry', 'lib.registry'),
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
  // Classes and instances
  {
    name: 'a bus of listeners on a global instance',
    holder: instance('Bus', 'listeners', 'BUS'),
    types: ['app.Page'],
    program: `
class Bus(object):
    def __init__(self):
        self.listeners = {}
    def on(self, event, listener):
        self.listeners.setdefault(event, []).append(listener)  # <- grows
    def emit(self, event):
        for listener in self.listeners[event]:
            listener()
    def off(self, event, listener):
        self.listeners[event].remove(listener)  # <- shrinks
class Page:
    pass
BUS = Bus()
OTHER = Bus()
def show():
    page = Page()  # <- creates
    BUS.on("tick", lambda: page)  # <- calls
def unrelated():
    OTHER.on("tick", print)
`,
  },
  {
    name: 'the instance reached through an import, an attribute and a parameter',
    holder: { ...instance('Bus', 'handlers', undefined, 'bus') },
    program: `
#file bus.py
class Bus:
    handlers: list
    def __init__(self):
        self.handlers = []
    def subscribe(self, handler):
        self.handlers.append(handler)  # <- grows
bus = Bus()
#file view.py
from bus import bus as the_bus, Bus
class View:
    def __init__(self, bus: Bus):
        self.bus = bus
    def open(self):
        self.bus.subscribe(self.draw)  # <- calls
    def draw(self): pass
def direct():
    the_bus.subscribe(print)  # <- calls
def reach_in(b: "Bus"):
    b.handlers.append(print)  # <- grows
`,
  },
  {
    name: 'attributes of the same name in another class',
    holder: instance('Store', 'items'),
    program: `
class Store:
    def __init__(self):
        self.items = {}
    def put(self, k):
        self.items[k] = 1  # <- grows
class Cart:
    def __init__(self):
        self.items = []
    def add(self, x):
        self.items.append(x)
`,
  },
  {
    name: 'inherited attributes, mixins, overridden methods, super()',
    holder: instance('Server', 'threads', 'SERVER'),
    program: `
class Mixin:
    threads = None
    def process(self, t):
        if self.threads is None:
            self.threads = []
        self.threads.append(t)  # <- grows
class Base:
    def serve(self):
        self.process(1)
class Server(Mixin, Base):
    def process(self, t):
        super().process(t)  # <- calls
SERVER = Server()
def operation():
    SERVER.process(2)  # <- calls
`,
  },
  {
    name: 'a rebound attribute empties it, but not in __init__ or lazily',
    holder: instance('Buffer', 'rows'),
    program: `
class Buffer:
    def __init__(self):
        self.rows = []
    def add(self, row):
        if not hasattr(self, "rows"):
            self.rows = []
        self.rows.append(row)  # <- grows
    def flush(self):
        rows, self.rows = self.rows, []  # <- shrinks
        return rows
    def trim(self):
        self.rows = self.rows[-5:]  # <- shrinks
`,
  },
  {
    name: 'a chain by its tail',
    holder: instance('Chain', 'tail', 'CHAIN'),
    program: `
class Link:
    next = None
class Chain:
    def __init__(self):
        self.tail = Link()
    def push(self):
        link = Link()
        self.tail.next = link  # <- grows
        self.tail = link
CHAIN = Chain()
def operation():
    CHAIN.push()  # <- calls
`,
  },
  {
    name: 'a class registry filled by __init_subclass__',
    holder: classAttribute('Base', 'registry'),
    types: ['type'],
    program: `
class Base:
    registry = {}
    def __init_subclass__(cls, **kwargs):
        Base.registry[cls.__name__] = cls  # <- grows
def make(i):
    return type("C%d" % i, (Base,), {})  # <- calls
def make_statement():
    class Local(Base):  # <- calls
        pass
    return Local
`,
  },
  {
    name: 'a registry filled by a metaclass',
    holder: classAttribute('Meta', 'known'),
    program: `
class Meta(type):
    known = []
    def __new__(mcs, name, bases, ns):
        cls = super().__new__(mcs, name, bases, ns)
        mcs.known.append(cls)  # <- grows
        return cls
class Model(metaclass=Meta):  # <- calls
    pass
def operation():
    class Row(Model):  # <- calls
        pass
    type("R", (Model,), {})  # <- calls
`,
  },
  {
    name: 'a class attribute through self, cls, the class and a subclass',
    holder: classAttribute('Conn', 'pool'),
    program: `
class Conn:
    pool = []
    def a(self):
        self.pool.append(self)  # <- grows
    @classmethod
    def b(cls):
        cls.pool.append(cls())  # <- grows
    @staticmethod
    def c(x):
        Conn.pool.append(x)  # <- grows
class Sub(Conn):
    def d(self):
        type(self).pool.append(self)  # <- grows
        self.__class__.pool.clear()  # <- shrinks
def e():
    Sub.pool.append(1)  # <- grows
`,
  },
  {
    name: 'a dataclass field and a slot',
    holder: instance('Box', 'items', 'BOX'),
    bound: 10,
    program: `
from collections import deque
from dataclasses import dataclass, field
@dataclass
class Box:
    __slots__ = ("items",)
    items: deque = field(default_factory=lambda: deque(maxlen=10))
    def put(self, x):
        self.items.append(x)  # <- grows
BOX = Box()
def operation(x):
    BOX.put(x)  # <- calls
`,
  },
  {
    name: 'an attribute set on an object whose class intercepts it',
    holder: instance('Local', '_refs', 'STATE'),
    program: `
class Local:
    def __init__(self):
        object.__setattr__(self, "_refs", [])
    def _storage(self):
        self._refs.append(object())  # <- grows
        return self
    def __setattr__(self, name, value):
        self._storage()  # <- calls
STATE = Local()
def request(n):
    STATE.user = n  # <- calls
`,
  },
  {
    name: 'operators: subscripts, calls, with',
    holder: instance('Table', 'rows', 'TABLE'),
    program: `
class Table:
    def __init__(self):
        self.rows = []
    def __setitem__(self, k, v):
        self.rows.append((k, v))  # <- grows
    def __call__(self, v):
        self.rows.append(v)  # <- grows
    def __enter__(self):
        self.rows.append(None)  # <- grows
TABLE = Table()
def a():
    TABLE["k"] = 1  # <- calls
def b():
    TABLE(1)  # <- calls
def c():
    with TABLE:  # <- calls
        pass
`,
  },
  {
    name: 'the queue of a library class, told apart by its owner',
    holder: instance('Queue', 'queue', 'EVENTS', 'queue'),
    program: `
#file /usr/lib/python3.12/queue.py
class Queue:
    def __init__(self, maxsize=0):
        self._init(maxsize)
    def _init(self, maxsize):
        self.queue = deque()
    def put(self, item):
        self._put(item)  # <- calls
    def get(self):
        return self._get()
    def _put(self, item):
        self.queue.append(item)  # <- grows
    def _get(self):
        return self.queue.popleft()  # <- shrinks
#file app.py
import queue
EVENTS = queue.Queue()
OTHER = queue.Queue()
def produce(x):
    EVENTS.put(x)  # <- calls
def other(x):
    OTHER.put(x)
def mine(x):
    own = queue.Queue()
    own.put(x)
`,
  },
  {
    name: 'the same queue without its source',
    holder: instance('Queue', 'queue', 'EVENTS', 'queue'),
    bound: 8,
    program: `
import queue
EVENTS = queue.Queue(maxsize=8)
def produce(x):
    EVENTS.put(x)  # <- calls
def hand_over(worker):
    worker.run(EVENTS)  # <- calls
`,
  },
  {
    name: 'a logger per request',
    holder: instance('Manager', 'loggerDict', undefined, 'logging'),
    program: `
#file /usr/lib/python3.12/logging/__init__.py
class Manager:
    def __init__(self):
        self.loggerDict = {}
    def getLogger(self, name):
        self.loggerDict[name] = 1  # <- grows
class Logger: pass
Logger.manager = Manager()
def getLogger(name):
    return Logger.manager.getLogger(name)  # <- calls
#file app.py
import logging
def handle(n):
    log = logging.getLogger("r%d" % n)  # <- calls
    log.debug("x")
`,
  },
  // Function caches
  {
    name: 'lru_cache on a method',
    holder: cache('Document.score'),
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
    holder: cache('look'),
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
    holder: cache('look'),
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
    holder: cache('look'),
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
    holder: variable('closure', 'memoize.<locals>.wrapper', 'cache'),
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
    holder: variable('closure', 'counted', 'calls'),
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
    holder: variable('closure', 'make', 'seen'),
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
    holder: variable('closure', 'outer.<locals>.inner', 'rows'),
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
    holder: variable('default argument', 'collect', 'into'),
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
    holder: variable('local', 'main', 'results'),
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
    holder: variable('local', 'main', 'batch'),
    program: `
def main():
    while True:
        batch = []  # <- shrinks
        batch.append(1)  # <- grows
`,
  },
  {
    name: 'by bare name where the code object had no qualified one',
    holder: variable('local', 'run', 'rows'),
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
    holder: global('HITS'),
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
    holder: global('STATS'),
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
    holder: global('processors'),
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
    holder: global('OUT'),
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
    holder: instance('Cache', 'data'),
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
    holder: global('GRANTS'),
    program: `
GRANTS = {}
def grant(user):
    GRANTS[user] = set()  # <- grows
GRANTS["root"] = {"all"}  # <- grows
grant("admin")  # <- calls
`,
  },
];

describe('growth sites', () => {
  test.each(CASES.map((c) => [c.name, c] as const))('%s', (_, c) => check(c));

  test('writes come first, those of functions before those of the module, then callers outwards', () => {
    const text = 'X = []\nX.append(0)\ndef a():\n    X.append(1)\ndef b():\n    a()\ndef c():\n    b()\n';
    const index = createSourceIndex([{ path: 'app.py', module: 'app', text }]);
    const { grows } = findGrowthSites(index, { holder: global('X'), growingTypes: [] });
    expect(grows.map((site) => [site.line, site.function, site.basis, site.code])).toEqual([
      [4, 'a', 'writes holder', 'X.append(1)'],
      [2, '<module>', 'writes holder', 'X.append(0)'],
      [6, 'b', 'calls writer', 'a()'],
      [8, 'c', 'calls writer', 'b()'],
    ]);
  });

  test('a file that does not parse is named, and the rest still answers', () => {
    const index = createSourceIndex([
      { path: 'app.py', module: 'app', text: 'X = []\ndef a():\n    X.append(1)\n' },
      { path: 'broken.py', module: 'broken', text: 'from app import X\ndef (:\n' },
      { path: 'python2.py', module: 'python2', text: 'print "no mention, never parsed"\n' },
    ]);
    const answer = findGrowthSites(index, { holder: global('X'), growingTypes: [] });
    expect(answer.grows.map((site) => site.line)).toEqual([3]);
    expect(answer.unparsed.map((file) => file.path)).toEqual(['broken.py']);
  });

  test('an unknown module, class or function gives an empty answer', () => {
    const index = createSourceIndex([{ path: 'app.py', module: 'app', text: 'X = []\n' }]);
    for (const holder of [
      global('X', 'nowhere'),
      instance('Nobody', 'x'),
      classAttribute('Nobody', 'x'),
      cache('nothing'),
      variable('closure', 'nothing', 'x'),
    ]) {
      expect(findGrowthSites(index, { holder, growingTypes: ['no.Such'] })).toEqual({
        grows: [],
        shrinks: [],
        unparsed: [],
      });
    }
  });
});
