# Changes its memory in every way a copy made ahead of a pause could miss, until it is told to stop: writes, growth of
# big blocks, blocks given back and mapped anew, page tables moved by mremap, pages given back and read as zeros.
# Usage: target.py MEGABYTES
import ctypes
import mmap
import os
import random
import sys
import threading
import time

MIB = 1 << 20
PAGE = 4096
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
DONTNEED, MAYMOVE, FIXED_OLD, PRIVATE_ANONYMOUS, FIXED = 4, 1, 2, 0x22, 0x10
rng = random.Random(7)


def area(size, at=None):
    flags = PRIVATE_ANONYMOUS | (FIXED if at else 0)
    return libc.mmap(at, size, 3, flags, -1, 0)


def fill(address, size, byte):
    ctypes.memset(address, byte, size)


still = [bytearray(os.urandom(PAGE)) * 256 for _ in range(int(sys.argv[1]))]
objects = [(i, str(i)) for i in range(200_000)]

# Two blocks whose page tables can be moved whole, side by side with unmapped room between.
base = area(32 * MIB)
base += -base % (2 * MIB)
home, away = base, base + 8 * MIB
fill(home, 4 * MIB, 0x11)
fill(away, 4 * MIB, 0x22)
given_back = base + 16 * MIB
fill(given_back, 4 * MIB, 0x33)
print(home, given_back, flush=True)


def move_tables():
    """`away` replaces `home`: what is read at `home` changes without a write."""
    libc.munmap(home, 4 * MIB)
    assert libc.mremap(away, 4 * MIB, 4 * MIB, MAYMOVE | FIXED_OLD, home) == home


def give_back():
    """Pages of zeros where there was data, mapped by reading."""
    libc.madvise(given_back, 4 * MIB, DONTNEED)
    for at in range(0, 4 * MIB, PAGE):
        ctypes.c_char.from_address(given_back + at).value


def churn():
    lists, maps = {}, {}
    n = 0
    while True:
        n += 1
        block = still[rng.randrange(len(still))]
        block[rng.randrange(len(block))] = n % 256
        objects[rng.randrange(len(objects))] = (n, str(n))
        key = n % 7
        lists[key] = [n] * rng.choice((10, 1000, 100_000, 400_000)) if n % 3 else lists.get(key, []) + [n] * 50_000
        if n % 11 == 0:
            lists.pop(key, None)
        if n % 5 == 0:
            other = mmap.mmap(-1, 1 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            other[rng.randrange(MIB)] = 1
            maps[key] = other
        time.sleep(0.002)


for _ in range(2):
    threading.Thread(target=churn, daemon=True).start()
for line in sys.stdin:
    if line.strip() == "move":
        move_tables()
    elif line.strip() == "give back":
        give_back()
    elif line.strip() == "fork":
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
    print("done", flush=True)
