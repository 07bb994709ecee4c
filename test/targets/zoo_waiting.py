"""Code that waits, for zoo.py: generators and coroutines in every state, kept frames, parked threads.

A builder takes how many instances to make and returns what keeps them alive.
"""

import sys
import threading
import types

VERSION = sys.version_info[:2]


def generators(n):
    def plain(i):
        local = [i]
        got = yield local
        nested = {"i": [i], "got": got}
        try:
            yield nested
            yield [local]
        finally:
            local.clear()

    def delegating(i):
        before = [i]
        yield from plain(before)

    async def coroutine(i):
        local = [i]
        await suspend(local)

    @types.coroutine
    def suspend(value):
        mine = {"v": value}
        yield mine

    async def asynchronous(i):
        local = [i]
        yield local
        await suspend(local)
        yield i

    made = []
    for i in range(n):
        fresh, suspended, later, closed, exhausted, delegate = plain(i), plain(i), plain(i), plain(i), plain(i), delegating(i)
        next(suspended), next(later), next(later), next(closed), next(delegate)
        closed.close()
        list(exhausted)
        waiting, unstarted, finished = coroutine(i), coroutine(i), coroutine(i)
        waiting.send(None), finished.send(None)
        finished.close()
        stream, begun = asynchronous(i), asynchronous(i)
        step = begun.__anext__()
        try:
            step.send(None)
        except StopIteration:
            pass
        mid = begun.__anext__()
        mid.send(None)
        made += [
            fresh, suspended, later, closed, exhausted, delegate, waiting, unstarted, finished, stream, begun, mid,
            waiting.__await__(), stream.asend(None), stream.aclose(), (x for x in [[i]]), iter(lambda: i, None),
        ]  # fmt: skip
    return made


def frames(n):
    def here(depth, payload):
        local = {"payload": [payload]}
        return here(depth - 1, local) if depth else sys._getframe()

    def running(i):
        local = [i]
        yield sys._getframe(), local

    made = [here(i % 5, i) for i in range(n)]
    for i in range(n):
        generator = running(i)
        made += [generator, next(generator), generator.gi_frame]
    if VERSION >= (3, 13):
        made += [frame.f_locals for frame in made[:n]]
    return made


def threads(n):
    """Parked in named functions, with locals of their own."""
    parked, release, made = threading.Semaphore(0), threading.Event(), []

    def park_deeper(label, carried):
        own = {"label": label, "carried": carried, "list": [label]}
        parked.release()
        release.wait()
        return own

    def park(label):
        rows = [[label, k] for k in range(20)]
        return park_deeper(label, rows)

    for i in range(min(6, n)):
        thread = threading.Thread(target=park, args=("parked %d" % i,), name="parked-%d" % i, daemon=True)
        thread.start()
        made.append(thread)
    for _ in made:
        parked.acquire()
    return [made, release, [threading.Thread(target=park, args=([i],)) for i in range(n)]]


BUILDERS = [generators, frames, threads]
