"""Loses and keeps memory of known amounts, in an extension in C and in Python, whenever a line comes; then says so.

For test/untraced-growth.test.ts. The extension `_leaky` is built by test/support/c-extension.ts.
"""

import os
import sys

import _leaky

kept = []


def lose(count):
    for _ in range(count):
        _leaky.malloc_leak(3000)  # lost


def keep(count):
    for _ in range(count):
        _leaky.keep_in_malloc_list(500)  # kept


def trace(count):
    for _ in range(count):
        _leaky.raw_malloc_leak(2000)  # raw


def work(count):
    for number in range(count):
        kept.append([number, str(number)])
        _leaky.malloc_and_free(3000)


counts = [int(word) for word in sys.argv[1:]]
os.write(1, b"frozen\n")
while os.read(0, 64):
    for function, count in zip((lose, keep, trace, work), counts):
        function(count)
    os.write(1, b"frozen\n")
