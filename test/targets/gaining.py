"""Two holders that gain known amounts under tracemalloc whenever a line comes, beside work that leaves nothing.

For test/gained-allocations.test.ts.
"""

import os
import tracemalloc

tracemalloc.start(4)


class Record:
    __slots__ = ("number", "body")

    def __init__(self, number):
        self.number = number
        self.body = bytes(number % 40 + 300)  # body


class Service:
    def __init__(self):
        self.log = []


def load(number):
    return Record(number)  # record


def text_of(number):
    return str(number * 1009)  # text


def store(first, count):
    for number in range(first, first + count):
        key = number * 1013
        cache[key] = load(number)  # caller


def write(first, count):
    for number in range(first, first + count):
        service.log.append(text_of(number))


def work():
    return sum(len([number, str(number)]) for number in range(3000))


cache = {}
service = Service()
at = 5000
while True:
    store(at, 1000)
    write(at, 600)
    work()
    at += 1000
    os.write(1, b"frozen\n")
    os.read(0, 64)
