"""Objects of many kinds, in a process that stands still: what the agent says of them is compared with what is seen from outside."""

import array
import asyncio
import collections
import datetime
import decimal
import functools
import io
import queue
import re
import threading
import weakref


class Order:
    def __init__(self, number):
        self.number = number
        self.lines = [number]
        self.note = None


class Slotted:
    __slots__ = ("left", "right")


class OwnList(list):
    pass


class OwnDict(dict):
    pass


class Level(int):
    pass


orders = [Order(i) for i in range(1000)]
dict_orders = [vars(order) for order in orders[:300]]
slotted = []
for i in range(200):
    slot = Slotted()
    slot.left = [i]
    slotted.append(slot)
ordered = [collections.OrderedDict((str(j), j) for j in range(i)) for i in range(60)]
default = collections.defaultdict(list)
for i in range(100):
    default[i].append(i)
deques = [collections.deque(range(i)) for i in range(0, 300, 7)]
own_lists = [OwnList([i]) for i in range(100)]
own_dicts = [OwnDict(a=i) for i in range(100)]
for own in own_lists + own_dicts:
    own.attribute = "v"
levels = [Level(i) for i in range(1000, 1100)]
nested = [(i, (i,)) for i in range(1000)]
sets = [set(range(i)) for i in range(0, 200, 3)]
numbers = {i: i for i in range(50000)}
empty = [None] * 100000
texts = ["\u00e9" * i for i in range(100)] + ["a" * i for i in range(100)]
blobs = [b"x" * i for i in range(300)]
byte_arrays = [bytearray(i * 100) for i in range(20)]
arrays = [array.array("i", range(i)) for i in range(50)]
files = [io.BytesIO(b"x" * i * 10) for i in range(20)]
dates = [datetime.datetime(2020, 1, 1) for _ in range(50)]
decimals = [decimal.Decimal(i) for i in range(50)]
partials = [functools.partial(max, i) for i in range(50)]
pattern = re.compile("a+b")
references = [weakref.ref(order, lambda _gone: None) for order in orders[:50]]
waiting = queue.SimpleQueue()
for i in range(20):
    waiting.put([i])


@functools.lru_cache(maxsize=100)
def bounded(x):
    return [x]


@functools.lru_cache(maxsize=None)
def unbounded(x):
    return [x]


for i in range(120):
    bounded((i,))
    unbounded((i,))


def counting():
    local = [1]

    def inner():
        return local

    yield local
    yield inner


generators = [counting() for _ in range(50)]
for generator in generators:
    next(generator)

errors = []
for i in range(30):
    try:
        raise ValueError("x%d" % i)
    except ValueError as error:
        errors.append(error)


async def sleeping():
    await asyncio.sleep(1)


coroutines = [sleeping() for _ in range(5)]
for coroutine in coroutines:
    # Suspended, and without a complaint at the end that nobody awaited it.
    coroutine.close()

local_state = threading.local()
local_state.x = [1]
never = threading.Event()


def work(number):
    mine = [number] * 10
    local_state.x = [number]
    never.wait()
    return mine


threads = [threading.Thread(target=work, args=(i,), name="worker-%d" % i, daemon=True) for i in range(3)]
for thread in threads:
    thread.start()
