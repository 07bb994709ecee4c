"""A process full of secrets: none may appear in anything leakscope prints or writes.

    python3 canary.py MARKER          (MARKER should hold a character that no identifier has, such as a dash)

Every planted text contains MARKER; every planted number begins with 4929 and the ten digits of MARKER's CRC-32. Set
more in the environment from outside. Prints `ready` and then keeps planting, 50 times a second, so that the holders of the
secrets are also what grows. The marker is no part of this source, whose lines may be shown.
"""

import asyncio
import collections
import contextvars
import functools
import os
import sys
import threading
import time
import zlib

marker = sys.argv[1]
number = int("4929%010d" % zlib.crc32(marker.encode()))


def secret(kind):
    return "%s %s %d" % (kind, marker, number)


class Account:
    """Secrets in attributes, in a slot of the class, and under a key of the instance that is no attribute's name."""

    shared = [secret("class attribute")]

    def __init__(self, n):
        self.password = secret("attribute")
        self.token = secret("bytes attribute").encode()
        self.balance = number + n
        vars(self)[secret("key of __dict__")] = n


class Vault(str):
    """A text that is itself an object with attributes."""


api_key = secret("module global")
globals()[secret("key of a module's namespace")] = True
by_name = {secret("dict key"): secret("dict value")}
by_number = {number: -number, number + 0.5: complex(number, number)}
members = {secret("set member"), secret("set member").encode()}
frozen = frozenset([(secret("in a tuple"), secret("in a frozenset"))])
buffers = (bytearray(secret("bytearray"), "ascii"), memoryview(secret("view").encode()))
ordered = collections.OrderedDict([(secret("ordered key"), [secret("ordered value")])])
session = contextvars.ContextVar("session", default=secret("context variable"))
vault = Vault(secret("str subclass"))
vault.note = secret("attribute of a str")
sys.intern(secret("interned"))
os.environ["CANARY_SET_INSIDE"] = secret("environ")
failures, growing, growing_keys = [], [], {}


def fail(password=secret("default argument")):
    local = secret("local of a failed frame")
    raise PermissionError(secret("exception argument"), local, password)


@functools.lru_cache(maxsize=None)
def check(password):
    return password + secret("cached result")


def closing(over):
    return lambda: over


def generate():
    inside = secret("local of a generator")
    yield inside
    yield inside


async def wait(future):
    inside = secret("local of a coroutine")
    await future
    return inside


def parked(release):
    inside = secret("local of a thread")
    release.wait()
    return inside


def plant(n):
    growing.append(Account(n))
    growing_keys["%s %d" % (secret("growing key"), n)] = secret("growing value")
    check("%s %d" % (secret("cache key"), n))
    if n < 20:
        try:
            fail()
        except PermissionError as error:
            failures.append(error)


def main():
    secret_local = secret("local of main")
    suspended, hold = generate(), closing(secret("closure"))
    next(suspended)
    threading.Thread(target=parked, args=(threading.Event(),), daemon=True).start()
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(wait(loop.create_future())) for _ in range(5)]
    loop.run_until_complete(asyncio.sleep(0.01))
    for n in range(500):
        plant(n)
    print("ready", flush=True)
    while True:
        n += 1
        plant(n)
        time.sleep(0.02)
    return secret_local, hold, tasks


if __name__ == "__main__":
    main()
