"""Containers that source can point at, of every form: some grow at each turn, some were filled once."""

import collections
import functools
import time

growing_global = {}
still_global = {n: str(n) for n in range(500)}


class Registry:
    growing_class_attribute = []
    still_class_attribute = list(range(500))

    def __init__(self):
        self.growing_attribute = collections.defaultdict(list)
        self.still_attribute = set(range(500))


registry = Registry()


class Part:
    """More and more of them, none of which grows."""

    def __init__(self):
        self.still_part = [1, 2, 3]


parts = []


@functools.lru_cache(maxsize=None)
def growing_cache(number):
    return [number]


@functools.lru_cache(maxsize=256)
def still_cache(number):
    return [number]


def with_growing_default(number, seen=[]):
    seen.append(str(number))


def with_still_default(number, known=list(range(100))):
    return known[number % 100]


def make_counter():
    growing_variable = []
    still_variable = list(range(100))

    def count(number):
        growing_variable.append(str(number))
        return still_variable[number % 100]

    return count


count = make_counter()
for number in range(256):
    still_cache(number)
print("ready", flush=True)
for number in range(10**9):
    growing_global[number] = object()
    Registry.growing_class_attribute.append(str(number))
    # One entry for ever, a list that grows below it.
    registry.growing_attribute["all"].append(str(number))
    growing_cache(number)
    still_cache(number % 256)
    parts.append(Part())
    with_growing_default(number)
    with_still_default(number)
    count(number)
    time.sleep(0.002)
