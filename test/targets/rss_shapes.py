"""Targets for `rss`: each shape puts memory where one part of the report must find it. Prints what it knows itself."""

import ctypes
import gc
import json
import os
import sys
import threading
import time

keep = []


def fragmented():
    """Many small objects, of which a few survive in every arena."""
    rows = [{str(i): [i]} for i in range(150_000)]
    for i in range(len(rows)):
        if i % 97:
            rows[i] = None
    keep.append(rows)


def thread_arenas():
    """Threads that allocate at the same time, each from an arena of its own, and free every other block."""
    barrier = threading.Barrier(6)

    def work():
        blocks = [bytearray(20_000 + 64 * i) for i in range(300)]
        barrier.wait()
        del blocks[::2]
        keep.append(blocks)
        barrier.wait()
        time.sleep(1000)

    for _ in range(5):
        threading.Thread(target=work, daemon=True).start()
    barrier.wait()
    barrier.wait()


def large_thread_arena():
    """A thread whose arena needs several heaps of 64 MiB."""
    done = threading.Event()

    def work():
        keep.append([bytearray(b"x" * 30_000) for _ in range(6_000)])
        done.set()
        time.sleep(1000)

    threading.Thread(target=work, daemon=True).start()
    done.wait()


def garbage():
    """Rings that a disabled collector leaves behind."""
    gc.disable()
    for _ in range(100_000):
        ring = []
        ring.append(ring)


def native():
    """Blocks of the C library that no Python object owns."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    for _ in range(20_000):
        libc.memset(libc.malloc(1000), 1, 1000)


def buffers():
    """Few objects with large buffers."""
    keep.append(bytearray(b"x" * 30_000_000))
    keep.append(list(range(2_000_000)))


def freed():
    """A heap whose end is free."""
    mallopt = ctypes.CDLL(None).mallopt
    # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: keep it all in the heap.
    mallopt(-1, 1 << 30)
    mallopt(-3, 1 << 28)
    blocks = [b"x" * 100_000 for _ in range(400)]
    del blocks


def stacks():
    """Threads that have used much of their stacks."""
    threading.stack_size(2 << 20)
    started = threading.Barrier(41)

    def deepen(depth):
        # A call through C takes a piece of the C stack in every version.
        if depth > 0:
            sorted([1, 2], key=lambda one: deepen(depth - 1) if one == 1 else 0)
        return 0

    def work():
        deepen(120)
        started.wait()
        time.sleep(1000)

    for _ in range(40):
        threading.Thread(target=work, daemon=True).start()
    started.wait()


def shared():
    """Shared memory without a file."""
    import mmap

    memory = mmap.mmap(-1, 24 << 20)
    memory.write(b"x" * (24 << 20))
    keep.append(memory)


def mapped_file():
    """Pages of a file."""
    import mmap
    import tempfile

    file = tempfile.TemporaryFile()
    file.write(b"x" * (24 << 20))
    file.flush()
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    keep.extend((file, memory, memory.find(b"y")))


def zero_pages():
    """Memory that was read and never written to: present in the page map, and not resident."""
    libc = ctypes.CDLL(None)
    libc.calloc.restype = ctypes.c_void_p
    libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    libc.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    block = libc.calloc(1, 40 << 20)
    libc.memcmp(block, block + (20 << 20), 20 << 20)


def forked():
    """A child that shares its parent's heap; the child is the target."""
    keep.append([str(i) for i in range(500_000)])
    gc.freeze()
    read, write = os.pipe()
    if os.fork() != 0:
        os.close(read)
        time.sleep(1000)
    os.close(write)

    def end_with_parent():
        os.read(read, 1)
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()


class Mallinfo2(ctypes.Structure):
    """struct mallinfo2 of malloc.h (glibc 2.33 on)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def malloc_facts():
    """What glibc's malloc counts, or nothing where it is older or another."""
    libc = ctypes.CDLL(None)
    try:
        mallinfo2 = libc.mallinfo2
    except AttributeError:
        return {}
    mallinfo2.restype = Mallinfo2
    info = mallinfo2()
    return {"malloc_used": info.uordblks, "malloc_free": info.fordblks, "malloc_mapped": info.hblkhd}


def small_facts():
    """What pymalloc prints of itself, as numbers."""
    if not hasattr(sys, "_debugmallocstats"):
        return {}
    import re
    import tempfile

    with tempfile.TemporaryFile() as file:
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(saved, 2)
        os.close(saved)
        file.seek(0)
        text = file.read().decode()
    number = lambda label: int(re.search(re.escape(label) + r"\s*=\s*([\d,]+)", text).group(1).replace(",", ""))
    if "# arenas allocated current" not in text:
        return {}
    return {"arenas": number("# arenas allocated current"), "small_used": number("# bytes in allocated blocks")}


def main():
    globals()[sys.argv[1]]()
    facts = {"pid": os.getpid(), "threads": threading.active_count(), **small_facts(), **malloc_facts()}
    print(json.dumps(facts), flush=True)
    time.sleep(1000)


if __name__ == "__main__":
    main()
