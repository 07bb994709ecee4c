"""Objects of the standard library's C and Python types, for zoo.py.

A builder takes how many instances to make and returns what keeps them alive. One builder for each optional module, so
that an interpreter built without it only lacks that one.
"""

import collections
import contextlib
import contextvars
import copy
import dataclasses
import datetime
import functools
import io
import itertools
import operator
import queue
import random
import re
import struct
import sys
import tempfile
import types
import weakref

VERSION = sys.version_info[:2]


@dataclasses.dataclass
class Record:
    number: int
    items: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, order=True)
class FrozenRecord:
    number: int
    pair: tuple


class Owner:
    def __init__(self, n):
        self.n = n
        self.rows = [n]

    def bound(self):
        return self.rows

    @functools.lru_cache(maxsize=None)
    def cached(self, key):
        return [self.n, key]

    @functools.cached_property
    def lazily(self):
        return {"n": [self.n]}

    @functools.singledispatchmethod
    def dispatch(self, argument):
        return argument

    @dispatch.register(int)
    def _(self, argument):
        return [argument]


def caches(n):
    @functools.lru_cache(maxsize=50)
    def bounded(key):
        return [key]

    @functools.lru_cache(maxsize=None, typed=True)
    def unbounded(*key, **keywords):
        return [key, keywords]

    @functools.singledispatch
    def generic(argument):
        return argument

    generic.register(int)(lambda argument: [argument])
    made = [bounded, unbounded, generic]
    for i in range(n * 2):
        bounded((i, "key"))
        unbounded(i, word=i)
        unbounded("one string %d" % i)
        owner = Owner(i)
        owner.cached("key %d" % i)
        made += [owner.lazily, owner.dispatch(i)]
    for i in range(n):
        single = functools.lru_cache(maxsize=3)(lambda key, i=i: [key, i])
        for key in range(5):
            single(key)
        partial = functools.partial(bounded, (i,), word=[i])
        partial.note = [i]
        made += [single, partial, functools.partial(max), functools.partialmethod(bounded, [i]), functools.lru_cache(maxsize=0)(bounded)]
        made += [functools.cmp_to_key(lambda a, b: 0)([i]), operator.itemgetter("a", (i, "b")), operator.attrgetter("a.b", "c")]
        made += [operator.methodcaller("m", [i], word=[i]), types.SimpleNamespace(a=[i])]
    return made


def weak(n):
    made = []
    for i in range(n):
        owner, other = Owner(i), Owner(i)
        keys, values, members = weakref.WeakKeyDictionary(), weakref.WeakValueDictionary(), weakref.WeakSet()
        keys[owner], values[i] = [i], owner
        members.add(owner)
        dead = weakref.ref(Owner(i))
        made += [owner, weakref.ref(owner), weakref.ref(owner), weakref.ref(owner, lambda _, i=i: [i]), weakref.proxy(owner)]
        made += [weakref.WeakMethod(owner.bound), dead, keys, values]
        made += [members, weakref.proxy(Owner), weakref.finalize(owner, print, [i])]
        other.me = weakref.ref(other)
        made.append(other)
    return made


def iterators(n):
    made = []
    for i in range(n):
        rows = [[i, k] for k in range(6)]
        grouped = itertools.groupby(rows, key=lambda row: row[1] // 2)
        _, group = next(grouped)
        left, right = itertools.tee(rows)
        next(left)
        cycled, chained, spread = itertools.cycle(rows), itertools.chain(rows, [[i]]), itertools.chain.from_iterable([rows])
        next(cycled), next(chained), next(spread)
        longest, products = itertools.zip_longest(rows, [i], fillvalue=[i]), itertools.product(rows, rows)
        orders, picks, repicks = itertools.permutations(rows, 2), itertools.combinations(rows, 2), itertools.combinations_with_replacement(rows, 2)
        next(longest), next(products), next(orders), next(picks), next(repicks)
        made += [
            grouped, group, left, right, cycled, chained, spread, longest, products, orders, picks, repicks,
            itertools.count(i), itertools.count([i].__len__(), 0.5), itertools.repeat([i]), itertools.repeat([i], 3),
            itertools.islice(rows, 2, None), itertools.accumulate(rows), itertools.compress(rows, [1, 0, 1]),
            itertools.dropwhile(bool, rows), itertools.takewhile(bool, rows), itertools.filterfalse(bool, rows),
            itertools.starmap(print, rows), enumerate(rows), zip(rows, rows), map(list, rows), filter(None, rows),
            reversed(rows), iter(b"bytes"), iter("text"), iter("\u20ac"), iter({}.items()), iter(bytearray(b"x")),
        ]  # fmt: skip
        if VERSION >= (3, 10):
            made.append(itertools.pairwise(rows))
        if VERSION >= (3, 12):
            made.append(itertools.batched(rows, 2))
    return made


def strings_and_numbers(n):
    made = []
    for i in range(n):
        made += [
            "ascii %d" % i, "latin \xe9 %d" % i, "wide \u20ac %d" % i, "wider \U0001f600 %d" % i, b"bytes %d" % i,
            bytearray(i), bytearray(b"x" * 3000), memoryview(bytearray(i + 1)), memoryview(b"readonly")[2:5], i, -i,
            2 ** (30 * (i % 9)), i / 3, complex(i, i), True, None, Ellipsis, NotImplemented, float("nan"),
        ]  # fmt: skip
        taken = bytearray(b"0123456789")
        del taken[:4]  # the buffer now starts past its allocation
        made += [taken, sys.intern("interned %d" % i)]
    return made


def regular_expressions(n):
    made = []
    for i in range(n):
        pattern = re.compile(r"(?P<word>\w+) (%d|x)" % i)
        match = pattern.match("hello %d" % i)
        made += [pattern, match, pattern.scanner("hello"), pattern.finditer("a b %d" % i), re.compile(rb"bytes %d" % i)]
    return made


def files(n):
    made = []
    for i in range(n):
        text = io.StringIO("text %d" % i)
        text.note = [i]
        raw = io.BytesIO(b"bytes %d" % i)
        made += [text, raw, raw.getbuffer(), io.BufferedReader(io.BytesIO(b"x")), io.BufferedWriter(io.BytesIO())]
        made += [io.TextIOWrapper(io.BytesIO(b"line\n"), newline=""), io.BufferedRWPair(io.BytesIO(), io.BytesIO())]
        made += [io.BufferedRandom(io.BytesIO()), io.IncrementalNewlineDecoder(None, False), contextlib.ExitStack()]
        growing = io.StringIO()
        growing.write("accumulated")
        made.append(growing)
    for _ in range(min(n, 5)):
        made += [tempfile.TemporaryFile(), tempfile.TemporaryFile("w+"), tempfile.SpooledTemporaryFile()]
    return made


def values(n):
    made = []
    for i in range(n):
        made += [
            datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=i % 12), "z")),
            datetime.date(2020, 1, 1), datetime.time(1, tzinfo=datetime.timezone.utc), datetime.timedelta(i),
            Record(i, [[i]]), FrozenRecord(i, (i, [i])), random.Random(i), struct.Struct("<%dI" % (i + 1)),
            struct.Struct("<2I").iter_unpack(b"12345678"), copy.copy(Record(i)), sys.float_info,
        ]  # fmt: skip
        made += [contextlib.suppress(KeyError), contextlib.closing(io.BytesIO()), contextlib.nullcontext([i])]
    return made + [sys.implementation, sys.flags]


def queues(n):
    made = []
    for i in range(n):
        simple, fifo, last, ranked = queue.SimpleQueue(), queue.Queue(), queue.LifoQueue(), queue.PriorityQueue()
        for k in range(i % 40):
            simple.put([k])
            fifo.put([k])
        for _ in range(i % 7):
            if not simple.empty():
                simple.get()
        last.put([i])
        ranked.put((i, [i]))
        made += [simple, fifo, last, ranked]
    return made


def contexts(n):
    variables = [contextvars.ContextVar("variable%d" % k, default=[k]) for k in range(40)]
    made = [variables]
    for i in range(n):
        context = contextvars.copy_context()
        # More than 16 variables make the map (a HAMT) branch.
        for variable in variables[: i % 40]:
            token = context.run(variable.set, [i])
            made.append(token)
        made += [context, context.items(), iter(context)]
    return made


def thread_locals(n):
    import _thread
    import threading

    made = []
    for i in range(n):
        local = threading.local()
        local.rows = [i]
        made += [local, threading.Lock(), threading.RLock(), threading.Condition(), threading.Event()]
        made += [threading.Semaphore(2), threading.Barrier(2), threading.Timer(60, print, [i]), _thread.allocate_lock()]
    return made


def event_loop(n):
    import asyncio

    loop = asyncio.new_event_loop()
    kept = {"loop": loop}

    async def wait_for(future, payload):
        local = {"payload": [payload]}
        await future
        return local

    async def fail(payload):
        raise ValueError([payload])

    async def populate():
        futures, tasks = [], []
        for i in range(n):
            future = loop.create_future()
            future.add_done_callback(functools.partial(print, [i]))
            futures.append(future)
            tasks.append(asyncio.ensure_future(wait_for(future, i)))
            tasks.append(asyncio.ensure_future(asyncio.sleep(3600, [i])))
        done, failed, cancelled = loop.create_future(), loop.create_future(), loop.create_future()
        done.set_result([1])
        failed.set_exception(ValueError([1]))
        cancelled.cancel()
        finished, broken = asyncio.ensure_future(asyncio.sleep(0, [1])), asyncio.ensure_future(fail([1]))
        stopped = asyncio.ensure_future(asyncio.sleep(60))
        gathered = asyncio.gather(*(asyncio.shield(future) for future in futures[:3]))
        await asyncio.sleep(0.01)
        stopped.cancel()
        await asyncio.sleep(0)
        kept["gathered"] = [gathered, finished, broken, stopped, done, failed, cancelled, futures, tasks]
        kept["tools"] = [asyncio.Lock(), asyncio.Event(), asyncio.Queue(), asyncio.Semaphore(3), asyncio.Condition()]
        kept["handles"] = [loop.call_later(3600 + i, print, [i]) for i in range(n)]

    loop.run_until_complete(populate())
    failed = kept["gathered"][5]
    failed.exception()
    kept["gathered"][2].exception()
    return kept


def arrays(n):
    import array

    made = []
    for i in range(n):
        made += [array.array(code, range(i % 50)) for code in "bBhHiIlLqQfd"]
        made += [iter(array.array("d", [1.0])), memoryview(array.array("i", [1, 2, 3]))]
    return made


def decimals(n):
    import decimal
    import fractions

    made = []
    for i in range(n):
        made += [decimal.Decimal(i) / 7, decimal.Decimal(10) ** 200, decimal.Context(prec=i + 1), fractions.Fraction(i, 7)]
    return made + [decimal.getcontext(), type("DecimalChild", (decimal.Decimal,), {})("1.5")]


def databases(n):
    import sqlite3

    made = []
    for i in range(max(2, n // 6)):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.create_function("double", 1, lambda value: value * 2)
        connection.execute("create table t (a, b)")
        connection.executemany("insert into t values (?, ?)", [(k, "row %d" % k) for k in range(10)])
        cursor = connection.execute("select a, double(a), b from t")
        made += [connection, cursor, cursor.fetchone(), [tuple(row) for row in cursor.fetchmany(3)]]
    return made


def foreign(n):
    import ctypes

    class Pair(ctypes.Structure):
        _fields_ = [("number", ctypes.c_int), ("text", ctypes.c_char_p), ("any", ctypes.py_object)]

    class Either(ctypes.Union):
        _fields_ = [("number", ctypes.c_int), ("real", ctypes.c_double)]

    made = [Pair, Either]
    for i in range(n):
        pair = Pair(i, b"text %d" % i, [i])
        numbers = (ctypes.c_int * 5)(*range(5))
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda value, i=i: value + i)
        made += [pair, Either(i), numbers, callback, ctypes.pointer(pair), ctypes.byref(pair), ctypes.c_char_p(b"x %d" % i)]
        made += [ctypes.create_string_buffer(50), ctypes.py_object([i]), (Pair * 2)(), ctypes.cast(numbers, ctypes.c_void_p)]
    return made


def documents(n):
    import xml.etree.ElementTree as tree

    made = []
    for i in range(n):
        root = tree.Element("root", {"id": "v%d" % i})
        for k in range(i % 12):
            child = tree.SubElement(root, "child", n=str(k))
            child.text, child.tail = "text %d" % k, "tail"
        made += [root, root.iter(), tree.ElementTree(root), tree.TreeBuilder(), copy.deepcopy(root)]
    return made + [tree.XMLParser() for _ in range(min(n, 10))]


def parsers(n):
    import ast
    import csv
    import json
    import pickle

    made = []
    for i in range(n):
        pickler = pickle.Pickler(io.BytesIO())
        pickler.dump([[i], {"k": [i]}])
        unpickler = pickle.Unpickler(io.BytesIO(pickle.dumps([[i]])))
        unpickler.load()
        made += [pickler, unpickler, json.JSONEncoder(), json.JSONDecoder(), ast.parse("x = [%d]" % i)]
        made += [csv.reader(["a,b"]), csv.writer(io.StringIO()), csv.DictReader(["a,b", "1,2"]), compile("y=%d" % i, "s", "exec")]
    return made


def digests(n):
    import hashlib
    import hmac
    import zlib

    made = []
    for i in range(n):
        made += [hashlib.sha256(b"%d" % i), hashlib.blake2b(b"x"), hmac.new(b"key", b"%d" % i, "sha256")]
        made += [zlib.compressobj(), zlib.decompressobj()] if i < 10 else []
    return made


def compressors(n):
    import bz2
    import lzma

    return [[bz2.BZ2Decompressor(), lzma.LZMADecompressor(), bz2.BZ2Compressor()] for _ in range(min(n, 5))]


def sockets(n):
    import select
    import selectors
    import socket

    made = []
    for i in range(min(n, 5)):
        left, right = socket.socketpair()
        selector = selectors.DefaultSelector()
        selector.register(left, selectors.EVENT_READ, [i])
        made += [left, right, selector, select.epoll(), select.poll(), left.makefile("rb")]
    return made


def secured(n):
    import ssl

    return [ssl.create_default_context() for _ in range(min(n, 3))] + [ssl.MemoryBIO() for _ in range(n)]


def logs(n):
    import logging
    import string
    import warnings

    made = []
    for i in range(n):
        logger = logging.Logger("zoo.%d" % i)
        logger.addHandler(logging.StreamHandler(io.StringIO()))
        made += [logger, logging.LoggerAdapter(logger, {"i": [i]}), string.Template("$x"), string.Formatter()]
        made.append(logging.LogRecord("n", 10, "file", 1, "message", ([i],), None))
        made.append(warnings.catch_warnings(record=True))
    return made


def simulated(n):
    from unittest import mock

    return [mock.MagicMock(return_value=[i]) for i in range(max(2, n // 10))]


def time_zones(n):
    import zoneinfo

    try:
        return [datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")) for _ in range(n)]
    except zoneinfo.ZoneInfoNotFoundError:
        return []


def trees(n):
    """Shapes that graph algorithms meet: long chains, rings, shared parts, deep nesting."""

    class Node:
        def __init__(self, value, following=None):
            self.value = value
            self.following = following

    head = None
    for i in range(n * 20):
        head = Node([i], head)
    ring = [Node([i]) for i in range(n)]
    for i in range(n):
        ring[i].following = ring[(i + 1) % n]
    nested = []
    for _ in range(n * 20):
        nested = [nested]
    shared = [[i] for i in range(n)]
    return [head, ring, nested, [list(shared) for _ in range(5)], collections.deque([shared] * 3)]


BUILDERS = [
    caches, weak, iterators, strings_and_numbers, regular_expressions, files, values, queues, contexts, thread_locals,
    event_loop, arrays, decimals, databases, foreign, documents, parsers, digests, compressors, sockets, secured, logs,
    simulated, time_zones, trees,
]  # fmt: skip
