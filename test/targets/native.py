"""A process whose C extension `_leaky` loses memory in the way asked for, or works and loses none.

    PYTHONPATH=FOLDER python3 native.py KIND [--rate PER_SECOND]

Prints `ready` when it has begun and goes on until it is stopped. `grow_` functions lose something at every call,
`keep_` functions nothing. The extension is built by test/support/c-extension.ts.
"""

import argparse
import gc
import threading
import time

import _leaky


class Order:
    def __init__(self, n):
        self.number = n
        self.rows = [n, str(n)]
        self.partner = None


shared = Order(0)
many = [Order(n) for n in range(40)]


def grow_shared_reference(n):
    _leaky.leak_reference(shared)  # grows


def grow_many_references(n):
    _leaky.leak_reference(many[n % len(many)])  # grows


def grow_own_type(n):
    _leaky.leak_new_object()  # grows


def grow_container(n):
    _leaky.leak_reference([Order(n), Order(n)])  # grows


def grow_table(n):
    _leaky.keep_in_malloc_table(Order(n))  # grows


def grow_malloc(n):
    _leaky.malloc_leak(3000)  # grows


def grow_raw_malloc(n):
    _leaky.raw_malloc_leak(3000)  # grows


def grow_saved_garbage(n):
    if n == 0:
        gc.set_debug(gc.DEBUG_SAVEALL)
    order = Order(n)
    order.partner = order
    if n % 50 == 0:
        gc.collect()


def grow_threshold_zero(n):
    if n == 0:
        gc.set_threshold(0)
    order = Order(n)
    order.partner = order


def keep_new_objects(n):
    _leaky.new_object()


def keep_static(n):
    _leaky.keep_static(Order(n))


def keep_malloc_freed(n):
    _leaky.malloc_and_free(3000)


def keep_calls(n):
    """Sixteen threads, each in a call that holds an object of the moment."""
    if n == 0:
        for _ in range(16):
            threading.Thread(target=hold, daemon=True).start()


def hold():
    while True:
        _leaky.hold_for(Order(1), 0.05)


def run(function, rate):
    n = 0
    begun = time.monotonic()
    print("ready", flush=True)
    while True:
        while n < (time.monotonic() - begun) * rate:
            function(n)
            n += 1
        time.sleep(0.01)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--rate", type=float, default=400)
    options = parser.parse_args()
    name = options.kind.replace("-", "_")
    run(globals().get(f"grow_{name}") or globals()[f"keep_{name}"], options.rate)
