"""A program with a fixed amount of work, for traced-run.mjs: keeps a heap and replaces parts of it, round by round.

    traced_run.py RESULT BLOCKS ROUNDS {inside|outside}

With `inside` it does what the documentation of tracemalloc shows, at one and two thirds of its work: a snapshot each,
without the snapshot code's own traces, and a comparison by line. RESULT is a JSON file, written at the end.
"""

import json
import sys
import time
import tracemalloc

BEGIN = time.perf_counter()
PER_ORDER = 4
PER_ROUND = 2000


class Order:
    __slots__ = ("number", "lines")

    def __init__(self, number):
        self.number = number
        self.lines = (str(number) * 3, bytearray(40))


def make_order(number):
    return Order(number)


def fill(orders, count):
    for number in range(count):
        orders.append(make_order(number + 1000))


def replace(orders, first):
    for at in range(first, first + PER_ROUND):
        orders[at % len(orders)] = make_order(at + 1000)


def look(before):
    snapshot = tracemalloc.take_snapshot().filter_traces((
        tracemalloc.Filter(False, "<frozen importlib._bootstrap>"),
        tracemalloc.Filter(False, "<unknown>"),
    ))
    if before is not None:
        for change in snapshot.compare_to(before, "lineno")[:15]:
            str(change)
    return snapshot


def main(result, blocks, rounds, inside):
    orders = []
    fill(orders, blocks // PER_ORDER)
    filled = time.perf_counter() - BEGIN
    snapshot = None
    stopped = 0.0
    for number in range(rounds):
        if inside and number in (rounds // 3, 2 * rounds // 3):
            began = time.perf_counter()
            snapshot = look(snapshot)
            stopped += time.perf_counter() - began
        replace(orders, number * PER_ROUND)
    seconds = time.perf_counter() - BEGIN
    cpu = time.process_time()
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    with open(result, "w") as file:
        json.dump({"seconds": seconds, "cpu": cpu, "filled": filled, "stopped": stopped, "peak_bytes": peak}, file)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "inside")
