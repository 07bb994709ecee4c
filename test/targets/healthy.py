"""A process that works and does not leak, in the way asked for.

    python3 healthy.py KIND [--rate PER_SECOND]

Prints `ready` when it has begun and goes on until it is stopped; `python3 healthy.py --list` prints the kinds.
"""

import argparse
import collections
import functools
import itertools
import mmap
import socket
import subprocess
import tempfile
import threading
import time
import weakref

BOUND = 500


class Item:
    def __init__(self, n):
        self.number = n
        self.rows = [n, str(n)]
        self.partner = None


ring = collections.deque(maxlen=BOUND)
by_age = collections.OrderedDict()
expiring = {}
alive = weakref.WeakValueDictionary()
recent = []
filled = []
held = collections.deque(maxlen=20)
running = []


@functools.lru_cache(maxsize=BOUND)
def remembered(n):
    return Item(n)


def keep_idle(n):
    """Does nothing."""


def keep_bounded_cache(n):
    remembered(n)


def keep_ring(n):
    ring.append(Item(n))


def keep_oldest_evicted(n):
    by_age[n] = Item(n)
    while len(by_age) > BOUND:
        by_age.popitem(last=False)


def keep_ttl(n):
    """Entries live for 2 seconds; swept now and then, so the size is a sawtooth."""
    now = time.monotonic()
    expiring[n] = (now + 2, Item(n))
    if n % 200 == 0:
        for key in [key for key, (until, _) in expiring.items() if until < now]:
            del expiring[key]


def keep_churn(n):
    rows = [Item(k) for k in range(100)]
    rows.sort(key=lambda item: -item.number)


def keep_cyclic_garbage(n):
    """Waits for the collector: grows between collections only."""
    one, other = Item(n), Item(n)
    one.partner, other.partner = other, one


def keep_flushed_batch(n):
    recent.append(Item(n))
    if len(recent) >= BOUND:
        recent.clear()


def keep_open_churn(n):
    """A pool of twenty of each, in which the oldest goes when one comes: files without a name, maps, sockets."""
    if n % 10:
        return
    file = tempfile.TemporaryFile()
    file.write(b"x" * 4096)
    held.append((file, mmap.mmap(-1, 1 << 14), socket.socketpair()))


def keep_workers(n):
    """A thread or a child now and then, which ends and is waited for."""
    if n % 100 == 0:
        running.append(threading.Thread(target=time.sleep, args=(0.3,)))
        running[-1].start()
    if n % 1000 == 0:
        running.append(subprocess.Popen(["sleep", "0.3"], close_fds=False))
    while len(running) > 5:
        oldest = running.pop(0)
        oldest.wait() if isinstance(oldest, subprocess.Popen) else oldest.join()


def keep_weak(n):
    item = alive[n] = Item(n)
    return item


def keep_warm_up(n):
    """Fills once, in the first moments, and stays."""
    if n < BOUND * 4:
        filled.append(Item(n))


KINDS = {
    name[len("keep_") :].replace("_", "-"): function
    for name, function in sorted(globals().items())
    if name.startswith("keep_")
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS, nargs="?")
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list or arguments.kind is None:
        print(*KINDS)
        return
    keep = KINDS[arguments.kind]
    # Past every bound before anyone looks.
    for n in range(BOUND * 8):
        keep(n)
    print("ready", flush=True)
    began = time.monotonic()
    for done in itertools.count(1):
        keep(BOUND * 8 + done)
        ahead = began + done / arguments.rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)


if __name__ == "__main__":
    main()
