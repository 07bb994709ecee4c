// Every way of adding to a container and of removing from it, through a module's variable.

import { describe, test } from 'vitest';
import type { GrowthCase } from '../../test/support/growth-case.ts';
import { checkGrowthCase, globalHolder } from '../../test/support/growth-case.ts';

const CASES: readonly GrowthCase[] = [
  // Operations on a module's container
  {
    name: 'a dict filled by key',
    holder: globalHolder('SEEN'),
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
    holder: globalHolder('LOG'),
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
    holder: globalHolder('IDS'),
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
    holder: globalHolder('COUNTS'),
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
    holder: globalHolder('GROUPS'),
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
    holder: globalHolder('BY_USER'),
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
    holder: globalHolder('GRANTS'),
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
    holder: globalHolder('TABLE'),
    program: `
TABLE = {"a": 1}
def look(k):
    return TABLE[k]
`,
  },
  {
    name: 'a dict with __missing__ grows by reading',
    holder: globalHolder('TABLE'),
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
    holder: globalHolder('TIMERS'),
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
    holder: globalHolder('ITEMS'),
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
    holder: globalHolder('HEAD'),
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
    holder: globalHolder('HEAD'),
    program: `
HEAD = ()
def push(x):
    global HEAD
    HEAD = (x, HEAD)  # <- grows
`,
  },
  {
    name: 'every way to remove',
    holder: globalHolder('JOBS'),
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
    holder: globalHolder('ROWS'),
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
    holder: globalHolder('TASKS'),
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
    holder: globalHolder('CACHE'),
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
    holder: globalHolder('CACHE'),
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
    holder: globalHolder('RECENT'),
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
    holder: globalHolder('QUEUE'),
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
    holder: globalHolder('QUEUE'),
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
    holder: globalHolder('ALIVE'),
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
    holder: globalHolder('STATE'),
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
    holder: globalHolder('CACHE'),
    program: `
from somewhere import Cache
CACHE = Cache()
def keep(k, v):
    CACHE.store(k, v)  # <- grows
`,
  },
  {
    name: 'unbound methods of the builtin types',
    holder: globalHolder('SEEN'),
    program: `
SEEN = []
def see(x):
    list.append(SEEN, x)  # <- grows
def unsee():
    list.clear(SEEN)  # <- shrinks
`,
  },
];

describe('what adds to and removes from a container', () => {
  test.each(CASES.map((c) => [c.name, c] as const))('%s', (_, c) => checkGrowthCase(c));
});
