"""Objects of many kinds under tracemalloc, and, where told to, what tracemalloc says of each.

For test/traced-objects.test.ts: while the target waits in os.read, the test reads the same memory from outside.
"""

import array
import collections
import ctypes
import functools
import gc
import itertools
import json
import os
import sys
import threading
import tracemalloc
import types
import weakref

gc.disable()
# Uses up what the interpreter keeps of freed objects: blocks from before tracing are in no table, whoever has them later.
spent = [
    ([], {}, {n: n}, n / 3, (n,), (n, n), (n,) * 3, (n,) * 4, (n,) * 5, slice(n, n), iter([n]), zip([n], [n]), collections.deque())
    for n in range(300)
]
tracemalloc.start(int(sys.argv[1]))


class Plain:
    def __init__(self, number):
        self.number = number
        self.rows = [number]


class Slots:
    __slots__ = ("first", "second")

    def __init__(self, number):
        self.first = (number, str(number))
        self.second = None


class WeakSlots:
    __slots__ = ("value", "__weakref__")


class ListWithDict(list):
    pass


class DictWithSlots(dict):
    __slots__ = ("more",)


class Text(str):
    pass


class Number(int):
    pass


class Failure(Exception):
    pass


Pair = collections.namedtuple("Pair", "left right")


def numbers(count):
    for number in range(count):
        yield [number]


async def job(value):
    return value


def closure(value):
    def inside():
        return value

    return inside


@functools.lru_cache(maxsize=None)
def cached(number):
    return {"number": number}


@functools.lru_cache(maxsize=50)
def bounded(number):
    return bytes(number + 40)


def failure(number):
    try:
        raise Failure(number)
    except Failure as error:
        return error


def started(generator):
    next(generator)
    return generator


kept = {
    "lists": [[number] * number for number in range(60)],
    "empty lists": [[] for _ in range(20)],
    "grown list": [],
    "tuples": [tuple(range(number)) for number in range(40)],
    "dicts": [{f"key {number}": number for number in range(size)} for size in range(40)],
    "number keys": [{number: [] for number in range(size)} for size in range(20)],
    "plain": [Plain(number) for number in range(60)],
    "slots": [Slots(number) for number in range(60)],
    "weak slots": [WeakSlots() for _ in range(20)],
    "list subclasses": [ListWithDict([number]) for number in range(20)],
    "dict subclasses": [DictWithSlots(number=number) for number in range(20)],
    "text subclasses": [Text(f"text {number}") for number in range(20)],
    "int subclasses": [Number(number + 1000) for number in range(20)],
    "strings": [f"text {number}" * number for number in range(2, 40)],
    "wide strings": [f"\u0442\u0435\u043a\u0441\u0442 \U0001f40d {number}" for number in range(30)],
    "bytes": [bytes(number * 37 + 2) for number in range(40)],
    "bytearrays": [bytearray(number * 37) for number in range(40)],
    "ints": [1 << number for number in range(40, 400, 7)],
    "floats": [number / 7 for number in range(40)],
    "complex": [complex(number, 1) for number in range(20)],
    "sets": [set(range(size)) for size in range(40)],
    "frozensets": [frozenset(range(size)) for size in range(1, 40)],
    "deques": [collections.deque(range(size)) for size in range(0, 400, 40)],
    "ordered dicts": [collections.OrderedDict((n, [n]) for n in range(size)) for size in range(20)],
    "default dicts": [collections.defaultdict(list, {n: [n] for n in range(size)}) for size in range(20)],
    "counters": [collections.Counter(range(size)) for size in range(10)],
    "named tuples": [Pair([number], number + 0.5) for number in range(20)],
    "arrays": [array.array("q", range(size)) for size in range(20)],
    "new generators": [numbers(number) for number in range(20)],
    "generators": [started(numbers(number + 1)) for number in range(20)],
    "coroutines": [job(number) for number in range(20)],
    "closures": [closure([number]) for number in range(20)],
    "partials": [functools.partial(print, [number], end="") for number in range(20)],
    "methods": [Plain(number).__init__ for number in range(20)],
    "cached": [cached(number) for number in range(40)],
    "bounded": [bounded(number) for number in range(80)],
    "failures": [failure(number) for number in range(20)],
    "tees": [itertools.tee(iter([number])) for number in range(20)],
    "iterators": [iter([number]) for number in range(20)],
    "zips": [zip([number], [number]) for number in range(20)],
    "slices": [slice(number, [number]) for number in range(20)],
    "classes": [type(f"Made{number}", (Plain,), {"value": number}) for number in range(10)],
    "modules": [types.ModuleType(f"made_{number}") for number in range(10)],
    "namespaces": [types.SimpleNamespace(number=number) for number in range(20)],
    "code": [compile(f"[{number}, 'x' * 3]", "made", "eval") for number in range(10)],
    "locks": [threading.Lock() for _ in range(10)],
    "views": [memoryview(bytearray(number + 100)) for number in range(10)],
    "objects": [object() for _ in range(60)],
}
kept["weak references"] = [weakref.ref(one, print) for one in kept["plain"]]
for number in range(500):
    kept["grown list"].append(number + 1000)
with_dict = kept["plain"][7]
with_dict.__dict__["more"] = [1]
for index, one in enumerate(kept["plain"][20:40]):
    setattr(one, f"extra_{index}", [index])



def traceback_of(one):
    """As tracemalloc.get_object_traceback, which looks in the wrong place for instances of classes in 3.11."""
    if sys.version_info[:2] == (3, 11) and type(one).__flags__ & MANAGED_DICT:
        frames = ctypes.pythonapi._PyTraceMalloc_GetTraceback(0, id(one) - PRE_HEADER)
        return None if frames is None else tracemalloc.Traceback(frames)
    return tracemalloc.get_object_traceback(one)


# Py_TPFLAGS_MANAGED_DICT; pointers to values and dict, and the links of the collector.
MANAGED_DICT = 1 << 4
PRE_HEADER = 32
if sys.version_info[:2] == (3, 11):
    ctypes.pythonapi._PyTraceMalloc_GetTraceback.restype = ctypes.py_object
    ctypes.pythonapi._PyTraceMalloc_GetTraceback.argtypes = [ctypes.c_uint, ctypes.c_size_t]

# Kinds whose sys.getsizeof() counts all they own.
WHOLE = ["lists", "dicts", "number keys", "sets", "frozensets", "deques", "ordered dicts", "bytearrays", "arrays"]

if sys.version_info >= (3, 15):
    # Their data is an object of its own.
    WHOLE.remove("bytearrays")

# Every object of the process that can be found from here, those of the interpreter and its modules too.
everything = {id(one): one for one in gc.get_objects()}
for one in list(everything.values()):
    for other in gc.get_referents(one):
        everything.setdefault(id(other), other)
del everything[id(everything)]
addresses = list(everything)
objects = list(everything.values())
del everything, one, other

os.write(1, b"frozen\n")
os.read(0, 64)
answer = [None] * len(objects)
for index in range(len(objects)):
    found = traceback_of(objects[index])
    if found is not None:
        answer[index] = [[frame.filename, frame.lineno] for frame in found]
kinds = {name: [addresses.index(id(one)) for one in list(group)[-20:]] for name, group in kept.items()}
# Of an object with all the blocks it owns, the collector's links included.
sizes = {name: [sys.getsizeof(one) for one in list(kept[name])[-20:]] for name in WHOLE}
types_of = [type(one).__name__ for one in objects]
said = {"addresses": addresses, "tracebacks": answer, "kinds": kinds, "types": types_of, "sizes": sizes}
os.write(1, json.dumps(said).encode() + b"\n")
