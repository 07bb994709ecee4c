# Holds large blocks of every kind: raw data that a snapshot sizes, and tables of references that it must read, among
# them nearly empty ones that look like raw data. With an argument, so many more megabytes of raw data.
import array
import collections
import os
import random
import sys
import time

MIB = 1 << 20
noise = os.urandom(MIB)


class Bytes(bytes):
    """Keeps its dict behind the text."""


class Text(str):
    pass


def emptied(container, keep, remove):
    for i, key in enumerate(list(container)):
        if i % keep:
            remove(container, key)
    return container


def sub(kind, text, attribute):
    made = kind(text)
    made.attribute = attribute
    return made


raw = {
    "bytes": noise * 3,
    "many": [noise * 2 for _ in range(int(sys.argv[1]) // 2 if len(sys.argv) > 1 else 2)],
    "latin": "\u00e9" * (2 * MIB),
    "two bytes": "\u4e2d" * MIB,
    "four bytes": "\U0001f600" * MIB,
    "ascii": "x" * (3 * MIB),
    "bytearray": bytearray(noise * 4),
    "doubles": array.array("d", [random.random() for _ in range(1 << 18)]),
    "integers": array.array("q", range(1 << 18)),
    "zeros": bytearray(2 * MIB),
    "half zeros": bytearray(noise * 2 + bytes(2 * MIB)),
    "int": int.from_bytes(noise * 2, "little"),
    "view": memoryview(bytearray(noise * 2)),
}
# Ends with a reference: what lies behind the payload of a subclass must be read.
subclasses = [sub(Bytes, noise * 3, ["of bytes"]), sub(Text, "y" * (3 * MIB), {"of": "str"})]

# Few objects, referred to often: the tables are large, their graph is not.
few = [(i,) for i in range(500)]


def some(i):
    return few[i % 500]


tables = {
    "list": [some(i) for i in range(200_000)],
    "types": [int, bytes, str] * 100_000,
    "nothing": [None] * 300_000,
    "tuple": tuple(some(i) for i in range(150_000)),
    "dict": {i: some(i) for i in range(40_000)},
    "sparse dict": emptied({i: some(i) for i in range(150_000)}, 5000, dict.pop),
    "names": {"name %d" % i: some(i) for i in range(50_000)},
    "set": {i + 0.5 for i in range(40_000)},
    "sparse set": emptied({(i, 1) for i in range(150_000)}, 5000, set.discard),
    "frozenset": frozenset(i + 0.25 for i in range(40_000)),
    "ordered": collections.OrderedDict((i, some(i)) for i in range(40_000)),
    "sparse ordered": emptied(
        collections.OrderedDict((i, some(i)) for i in range(150_000)), 5000, collections.OrderedDict.pop
    ),
    "deque": collections.deque(some(i) for i in range(150_000)),
}
try:
    import numpy
except ImportError:
    numpy = None
else:
    rows = numpy.zeros(50_000, dtype=[("values", "f8", (20,)), ("object", "O")])
    rows["values"] = 1.5
    rows["object"] = [[i] for i in range(50_000)]
    raw["numpy"] = [numpy.random.rand(1 << 18), numpy.arange(1 << 18), numpy.ones((1 << 18), dtype="int64")]
    tables["numpy"] = [numpy.array([[i] for i in range(150_000)] + [None], dtype=object), rows]
print("ready", flush=True)
time.sleep(3600)
