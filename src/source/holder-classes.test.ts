// Holders that are attributes: of instances, classes, metaclasses, and of one instance among several.

import { describe, test } from 'vitest';
import type { GrowthCase } from '../../test/support/growth-case.ts';
import { checkGrowthCase, classAttributeHolder, instanceHolder } from '../../test/support/growth-case.ts';

const CASES: readonly GrowthCase[] = [
  // Classes and instances
  {
    name: 'a bus of listeners on a global instance',
    holder: instanceHolder('Bus', 'listeners', 'BUS'),
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
    name: 'an instance of a base class: what subclasses do is not done to it',
    holder: instanceHolder('Queue', 'items'),
    program: `
class Queue:
    def __init__(self):
        self.items = []
    def put(self, item):
        self.items.append(item)  # <- grows
class Sorted(Queue):
    def put(self, item):
        self.items.insert(0, item)
    def take(self):
        return self.items.pop()
`,
  },
  {
    name: 'an instance of a subclass: its own code and that of its bases',
    holder: instanceHolder('Sorted', 'items'),
    program: `
class Queue:
    def __init__(self):
        self.items = []
    def put(self, item):
        self.items.append(item)  # <- grows
class Sorted(Queue):
    def front(self, item):
        self.items.insert(0, item)  # <- grows
`,
  },
  {
    name: 'a private attribute, mangled with the name of the base that defines it',
    holder: instanceHolder('Timed', '_Cache__data'),
    program: `
class Cache:
    def __init__(self):
        self.__data = {}
    def put(self, key, value):
        self.__data[key] = value  # <- grows
    def drop(self, key):
        del self.__data[key]  # <- shrinks
class Timed(Cache):
    pass
`,
  },
  {
    name: 'copy on write',
    holder: instanceHolder('Core', 'handlers'),
    program: `
class Core:
    def __init__(self):
        self.handlers = {}
    def add(self, key, handler):
        handlers = self.handlers.copy()
        handlers[key] = handler
        self.handlers = handlers  # <- grows
    def remove(self, key):
        handlers = self.handlers.copy()
        handlers.pop(key)
        self.handlers = handlers  # <- shrinks
`,
  },
  {
    name: 'the instance reached through an import, an attribute and a parameter',
    holder: instanceHolder('Bus', 'handlers', undefined, 'bus'),
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
    holder: instanceHolder('Store', 'items'),
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
    holder: instanceHolder('Server', 'threads', 'SERVER'),
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
    holder: instanceHolder('Buffer', 'rows'),
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
    holder: instanceHolder('Chain', 'tail', 'CHAIN'),
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
    holder: classAttributeHolder('Base', 'registry'),
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
    holder: classAttributeHolder('Meta', 'known'),
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
    holder: classAttributeHolder('Conn', 'pool'),
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
    holder: instanceHolder('Box', 'items', 'BOX'),
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
    holder: instanceHolder('Local', '_refs', 'STATE'),
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
    holder: instanceHolder('Table', 'rows', 'TABLE'),
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
    holder: instanceHolder('Queue', 'queue', 'EVENTS', 'queue'),
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
    holder: instanceHolder('Queue', 'queue', 'EVENTS', 'queue'),
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
    holder: instanceHolder('Manager', 'loggerDict', undefined, 'logging'),
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
];

describe('holders on classes and instances', () => {
  test.each(CASES.map((c) => [c.name, c] as const))('%s', (_, c) => checkGrowthCase(c));
});
