"""Allocates at marked lines under tracemalloc, keeps it in known ways, and stands still.

For test/traced-holders.test.ts. What it says of itself, as a line of JSON: for each marked line which holders have how
many of its blocks, and their bytes, counted by the containers' own referents (gc.get_referents).
"""

import collections
import gc
import json
import os
import sys
import threading  # noqa: F401 (it names the threads)
import tracemalloc

gc.disable()
# Uses up the freed tuples that the interpreter keeps: blocks from before tracing are in no table, whoever has them later.
spent = [(number, number) for number in range(3000)]
tracemalloc.start(3)

cache = {}
registry = {"first": {}, "second": {}}
shared_by_key = {}
shared_list = []
generators = []
names = set()


class Service:
    history = []

    def __init__(self):
        self.log = collections.deque()


class Link:
    __slots__ = ("next",)

    def __init__(self, following):
        self.next = following


service = Service()


def make_closure():
    seen = []

    def remember(number):
        one = bytes(number + 60)  # closure
        seen.append(one)

    return remember


def payload(number):
    return bytes(number + 200)  # shared


def rows(number):
    row = bytes(number + 300)  # generator
    yield
    del row


remember = make_closure()
head = None
for number in range(500):
    one = bytes(number % 7 + 100)  # cache
    cache[number * 1000] = one
for number in range(500):
    inner = registry["first" if number < 300 else "second"]
    key = number * 1001
    one = (key, inner)  # registry
    inner[key] = one
for number in range(400):
    one = str(number * 7)  # attribute
    service.log.append(one)
for number in range(250):
    remember(number)
for number in range(150):
    one = complex(number, 1)  # class
    Service.history.append(one)
for number in range(420):
    one = payload(number)
    if number < 300:
        shared_by_key[number * 1003] = one
    else:
        shared_list.append(one)
for number in range(200):
    head = Link(head)  # chain
for number in range(30):
    one = rows(number)
    generators.append(one)
    next(one)
for number in range(180):
    one = bytes(number % 50 + 700 + number)  # set
    names.add(one)
for number in range(40):
    one = bytes(number + 400)  # garbage
    lost = [one]
    lost.append(lost)
del lost, inner, key, one


def total(objects):
    """Blocks and bytes; each of these kinds is a block."""
    objects = list(objects)
    return [len(objects), sum(map(sys.getsizeof, objects))]


def held(container, kind):
    """Objects of a kind that a container refers to, each once."""
    return {id(one): one for one in gc.get_referents(container) if type(one) is kind}.values()


def chain():
    at = head
    while at is not None:
        yield at
        at = at.next


def main():
    local = []
    for number in range(60):
        one = bytes(number + 500)  # local
        local.append(one)
    del one
    closure = next(one for one in gc.get_referents(remember.__closure__[0]))
    frames = [generator.gi_frame.f_locals["row"] for generator in generators]
    truth = {
        "cache": {"module __main__ \u203a global cache": total(held(cache, bytes))},
        "registry": {
            "module __main__ \u203a global registry \u203a ['\u2026']": total(
                one for inner in held(registry, dict) for one in held(inner, tuple)
            )
        },
        "attribute": {"module __main__ \u203a global service \u203a .log": total(held(service.log, str))},
        "closure": {
            "module __main__ \u203a function make_closure.<locals>.remember \u203a closure seen": total(held(closure, bytes))
        },
        "class": {"module __main__ \u203a class Service \u203a .history": total(held(Service.history, complex))},
        "shared": {
            "module __main__ \u203a global shared_by_key": total(held(shared_by_key, bytes)),
            "module __main__ \u203a global shared_list": total(held(shared_list, bytes)),
        },
        "chain": {"module __main__ \u203a global head": total(chain())},
        "generator": {"module __main__ \u203a global generators": total(frames)},
        "set": {"module __main__ \u203a global names": total(held(names, bytes))},
        "local": {"thread MainThread \u203a frame main \u203a local local": total(held(local, bytes))},
    }
    os.write(1, json.dumps(truth).encode() + b"\n")
    os.read(0, 64)


main()
