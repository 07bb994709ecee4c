"""A process with one leak, of the kind asked for.

    python3 grow.py KIND [--rate PER_SECOND] [--size BYTES] [--limit N]

Adds at a steady rate (100 a second) entries that carry a text of --size bytes (200), N at most (without an end).
Prints `ready` after the first and then goes on until it is stopped; `python3 grow.py --list` prints the kinds.
The line that grows a kind ends in `# grows`; nothing ever shrinks.
"""

import argparse
import asyncio
import collections
import contextvars
import ctypes
import functools
import gc
import mmap
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

try:
    from multiprocessing.shared_memory import SharedMemory
except ImportError:
    SharedMemory = None


class Item:
    def __init__(self, n, text):
        self.number = n
        self.text = text


class Service:
    seen_by_class = []

    def __init__(self):
        self.history = []

    def record(self, item):
        self.history.append(item)  # grows

    @functools.lru_cache(maxsize=None)  # grows
    def cached_method(self, n, text):
        return Item(n, text)


class Link:
    def __init__(self, item, following):
        self.item = item
        self.following = following


by_number, grouped, rows, members, waiting = {}, collections.defaultdict(list), [], set(), collections.deque()
backlog = queue.Queue()
service = Service()
head = None
listeners, failures, parked, opened, threads, children, tasks, made = [], [], [], [], [], [], [], []
connections, mapped, segments, unnamed = {}, [], [], []
current = contextvars.ContextVar("current", default=[])
local = threading.local()


def grow_dict(n, text):
    by_number[n] = Item(n, text)  # grows


def grow_defaultdict(n, text):
    grouped[n].append(text)  # grows


def grow_list(n, text):
    rows.append(Item(n, text))  # grows


def grow_set(n, text):
    members.add((n, text))  # grows


def grow_deque(n, text):
    waiting.append([n, text])  # grows


def grow_queue(n, text):
    backlog.put((n, text))  # grows


def grow_lru(n, text):
    Service().cached_method(n, text)


@functools.lru_cache(maxsize=None)  # grows
def remembered(n, text):
    return Item(n, text)


def grow_function_cache(n, text):
    remembered(n, text)


def grow_instance(n, text):
    service.record(Item(n, text))


def grow_class_attribute(n, text):
    Service.seen_by_class.append(Item(n, text))  # grows


def grow_default_argument(n, text, seen=[]):  # noqa: B006
    seen.append(Item(n, text))  # grows


def grow_attribute_name(n, text):
    setattr(service, "attribute_%d" % n, text)  # grows


def make_counter():
    counted = {}

    def count(n, text):
        counted[n] = [text]  # grows

    return count


grow_closure_variable = make_counter()


def grow_closure(n, text):
    def listener():
        return n, text

    listeners.append(listener)  # grows


def grow_class(n, text):
    made.append(type("Made%d" % n, (Item,), {"text": text}))  # grows


def grow_module(n, text):
    module = types.ModuleType("made_%d" % n)
    module.text = text
    sys.modules[module.__name__] = module  # grows


def grow_exception(n, text):
    try:
        raise ValueError(n, text)
    except ValueError as error:
        failures.append(error)  # grows


def grow_generator(n, text):
    def steps():
        carried = [text]
        yield n
        yield carried

    suspended = steps()
    next(suspended)
    parked.append(suspended)  # grows


def wait_for_ever(event, carried):
    event.wait()
    return carried


def grow_thread(n, text):
    threading.stack_size(128 * 1024)
    threading.Thread(target=wait_for_ever, args=(threading.Event(), [n, text]), daemon=True).start()  # grows


def grow_thread_local(n, text):
    vars(local).setdefault("kept", []).append(text)  # grows


def grow_context_variable(n, text):
    current.get().append(text)  # grows


def grow_linked_list(n, text):
    global head
    head = Link(Item(n, text), head)  # grows


def grow_garbage(n, text):
    gc.disable()
    one, other = Link(text, None), Link(n, None)
    one.following, other.following = other, one  # grows


def grow_string(n, text):
    global head
    head = (head or "") + text  # grows


def grow_interned(n, text):
    rows.append(sys.intern("%s %d" % (text, n)))  # grows


def grow_bytearray(n, text):
    if not rows:
        rows.append(bytearray())
    rows[0] += text.encode()  # grows


def grow_fd(n, text):
    opened.append(open(os.devnull, "rb"))  # grows


def grow_bare_fd(n, text):
    os.open(os.devnull, os.O_RDONLY)  # grows


class Connection:
    def __init__(self, address):
        self.socket = socket.create_connection(address)


def serve():
    """A server that hangs up on everybody."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(16)

    def hang_up():
        while True:
            server.accept()[0].close()

    threading.Thread(target=hang_up, daemon=True).start()
    return server


def grow_close_wait(n, text):
    global server
    if n == 0:
        server = serve()
    connections[n] = Connection(server.getsockname())  # grows


def grow_mapping(n, text):
    mapped.append(mmap.mmap(-1, 1 << 16))  # grows


def grow_shared_memory(n, text):
    segments.append(SharedMemory(create=True, size=1 << 12))  # grows
    # Nothing is left behind when the program is killed; the memory is held all the same.
    segments[-1].unlink()


def grow_temporary_file(n, text):
    unnamed.append(tempfile.TemporaryFile())  # grows
    unnamed[-1].write(text.encode() * 100)
    unnamed[-1].flush()


def grow_child(n, text):
    children.append(subprocess.Popen(["sleep", "600"], close_fds=False))  # grows


def grow_native(n, text):
    ctypes.memset(malloc(len(text) + 1), 1, len(text) + 1)  # grows


def grow_reference(n, text):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object([n, text]))  # grows


malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]


async def grow_tasks(arguments):
    async def wait(n, text):
        await asyncio.get_running_loop().create_future()
        return n, text

    for n in steadily(arguments):
        tasks.append(asyncio.ensure_future(wait(n, text_of(n, arguments))))  # grows
        await asyncio.sleep(0)


def grow_task(arguments):
    asyncio.run(grow_tasks(arguments))


def grow_frame(arguments):
    kept = {}
    for n in steadily(arguments):
        kept[n] = text_of(n, arguments)  # grows


KINDS = {
    name[len("grow_") :].replace("_", "-"): function
    for name, function in sorted(globals().items())
    if name.startswith("grow_") and name != "grow_tasks"
}
#: These run their own loop.
WHOLE = (grow_task, grow_frame)


def text_of(n, arguments):
    return ("%d " % n).ljust(arguments.size, "x")


def steadily(arguments):
    """Counts at the rate asked for; says `ready` once the first entry stands."""
    began = time.monotonic()
    n = 0
    while n != arguments.limit:
        yield n
        n += 1
        if n == 1:
            print("ready", flush=True)
        ahead = began + n / arguments.rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    while True:
        time.sleep(3600)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS, nargs="?")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--limit", type=int, default=-1)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list or arguments.kind is None:
        print(*KINDS)
        return
    grow = KINDS[arguments.kind]
    if grow in WHOLE:
        grow(arguments)
    for n in steadily(arguments):
        grow(n, text_of(n, arguments))


if __name__ == "__main__":
    main()
