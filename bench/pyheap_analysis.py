"""PyHeap's own analysis of a dump, up to the printed holders: objects by retained size.

Its `analyzer` module prints text representations, which makes the dump call repr() on every object of the target; the
benchmark dumps without them, which is much faster, and then that module cannot print. Same steps, same functions.
"""

import mmap
import sys

from pyheap_ui.heap import InboundReferences, objects_sorted_by_retained_heap, provide_retained_heap_with_caching
from pyheap_ui.heap_reader import HeapReader


def main(path):
    with open(path, "rb") as file:
        heap = HeapReader(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).read()
    retained = provide_retained_heap_with_caching(path, heap, InboundReferences(heap.objects))
    for address, size in objects_sorted_by_retained_heap(heap, retained)[:20]:
        print(hex(address), heap.types[heap.objects[address].type], size)


if __name__ == "__main__":
    main(sys.argv[1])
