"""Allocates in known lines under tracemalloc, and stops where tracemalloc_harness.py says what was traced."""

import json
import sys
import tracemalloc

import tracemalloc_harness as harness

try:
    import ctypes
except ImportError:
    ctypes = None

kept = []
by_key = {}


def remember(count):
    for index in range(count):
        kept.append(bytearray(500 + index % 3))  # remember


def recurse(depth):
    if depth == 0:
        return [object() for _ in range(50)]
    return [recurse(depth - 1), "x" * (100 + depth)]


def from_file(name):
    """Runs an allocation in a file of any name."""
    scope = {}
    exec(compile("def make():\n    return [bytearray(300) for _ in range(7)]\n", name, "exec"), scope)
    return scope["make"]()


def track_in_domain(domain, blocks):
    """Blocks of an extension module's own allocator."""
    track = ctypes.pythonapi.PyTraceMalloc_Track
    track.argtypes = [ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t]
    for index in range(blocks):
        track(domain, 0x10000 + index * 64, 1000 + index)


filters = json.loads(sys.argv[2])
tracemalloc.start(int(sys.argv[1]))
remember(200)
deep = recurse(8)
named = [from_file(name) for name in ("caf\u00e9.py", "\u0442\u0435\u0441\u0442.py", "sn\u00f6w \U0001f40d.py", "old.pyc", "<string>")]
if ctypes is not None:
    track_in_domain(7, 20)
    track_in_domain(8, 5)
import colorsys  # noqa: E402
while harness.freeze(filters):
    remember(300)
    del named[-1]
    by_key.update((f"key {index}", [index]) for index in range(1000, 1500))
