"""A process full of every kind of object, which then writes down what the collector knows about it.

    python3 zoo.py TRUTH_FILE        (ZOO_INSTANCES: how many of each, 60)

Prints `ready OBJECTS TYPES` when the objects stand, followed by what this interpreter lacks, and waits for a line on
standard input. On that line it forks and stops itself (SIGSTOP): the child, where every address is the same, writes
TRUTH_FILE, and the parent stands still to be read from outside. The file appears under its name when it is whole.

TRUTH_FILE, little-endian, every section padded to 8 bytes:
    8 bytes   magic "ZOOTRUTH"
    u64 x 4   format version (1), nodes n, edges e, bytes of the type names
    u64 x n   addresses, ascending
    u64 x n   sys.getsizeof, 0 where it failed
    u32 x n   type of each node: index into the names
    u8  x n   flags: 1 in gc.get_objects(), 2 gc.is_tracked(), 4 part of the measurement, not of the target
    u32 x e   source of each edge: node index; ascending
    u32 x e   target of each edge: node index
    bytes     type names `module.qualname`, UTF-8, each ended by a line feed
Nodes are gc.get_objects() and all that gc.get_referents() reaches from them; edges are the distinct pairs of
gc.get_referents(), also of nodes that the collector does not track.
"""

import array
import gc
import os
import signal
import sys

import zoo_builtin
import zoo_library
import zoo_waiting

INSTANCES = int(os.environ.get("ZOO_INSTANCES", "60"))


def fork_quietly():
    """Forks without Python's own at-fork handlers, which would renew locks and thread tables in the child."""
    try:
        import ctypes
    except ImportError:
        return os.fork
    # PyDLL keeps the GIL during the call, so no other thread of the parent is inside the interpreter.
    return ctypes.PyDLL(None).fork


def measure(path):
    objects = gc.get_objects()
    tracked = {id(o) for o in objects}
    known = {id(o): o for o in objects}
    own = {id(objects), id(tracked), id(known), id(sys._getframe())}
    edges = {}
    pending = objects
    while pending:
        reached = []
        for o in pending:
            if id(o) in own:
                continue
            targets = {}
            for target in gc.get_referents(o):
                targets[id(target)] = target
            edges[id(o)] = array.array("Q", sorted(targets))
            for address, target in targets.items():
                if address not in known:
                    known[address] = target
                    reached.append(target)
        pending = reached

    addresses = array.array("Q", sorted(known))
    index = {address: i for i, address in enumerate(addresses)}
    names = {}
    sizes, types, flags = array.array("Q"), array.array("I"), array.array("B")
    for address in addresses:
        o = known[address]
        kind = type(o)
        name = "%s.%s" % (type.__dict__["__module__"].__get__(kind), type.__dict__["__qualname__"].__get__(kind))
        types.append(names.setdefault(name, len(names)))
        try:
            sizes.append(sys.getsizeof(o))
        except Exception:
            sizes.append(0)
        flags.append((address in tracked) | gc.is_tracked(o) << 1 | (address in own) << 2)
    sources, targets = array.array("I"), array.array("I")
    for i, address in enumerate(addresses):
        found = edges.get(address, ())
        sources.extend(array.array("I", [i]) * len(found))
        targets.extend(array.array("I", map(index.__getitem__, found)))
    text = "".join(name + "\n" for name in names).encode()
    header = array.array("Q", [1, len(addresses), len(sources), len(text)])
    with open(path + ".part", "wb") as file:
        for section in (b"ZOOTRUTH", header, addresses, sizes, types, flags, sources, targets, text):
            content = bytes(section)
            file.write(content + bytes(-len(content) % 8))
    os.rename(path + ".part", path)


def freeze(fork, path):
    """The parent stops here; the child measures what stood at this moment and leaves."""
    if fork():
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        status = 1
        try:
            measure(path)
            status = 0
        finally:
            os._exit(status)


def main():
    sys.setrecursionlimit(5000)
    keep, lacking = {}, []
    builders = zoo_builtin.BUILDERS + zoo_waiting.BUILDERS + zoo_library.BUILDERS
    for builder in builders:
        try:
            keep[builder.__name__] = builder(INSTANCES)
        except ImportError as error:
            lacking.append(error.name or builder.__name__)
    fork = fork_quietly()
    # A frozen truth: no collection may run between here and the fork, and none in the child.
    gc.collect()
    gc.disable()
    objects = gc.get_objects()
    summary = (len(objects), len({type(o) for o in objects}))
    del objects
    print("ready", *summary, *lacking, flush=True)
    sys.stdin.readline()
    freeze(fork, sys.argv[1])
    # Resumed: stays, as it is, until its input is closed.
    sys.stdin.read()


if __name__ == "__main__":
    main()
