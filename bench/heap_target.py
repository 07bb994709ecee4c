"""A heap of a chosen number of objects for bench/run.mjs, which can also measure itself from inside.

    python3 heap_target.py OBJECTS

Prints `ready OBJECTS USERS` and then answers commands on standard input, one line of JSON each:
    grow N             adds N users
    guppy3 | objgraph  runs that package here, in this process: its seconds for a census and for holders, and by how
                       much it raised this process's peak memory

The mix is a web service's: instances with a dict of attributes, dicts, strings, lists, tuples, slotted instances,
floats and integers, by way of two long-lived registries. Nothing here is random.
"""

import gc
import json
import select
import sys
import time


class Line:
    __slots__ = ("sku", "price", "quantity")

    def __init__(self, sku, price, quantity):
        self.sku = sku
        self.price = price
        self.quantity = quantity


class User:
    def __init__(self, n):
        self.user_id = n + 10**6
        self.name = "user number %d" % n
        self.profile = {"email": "user%d@example.org" % n, "visits": n + 10**7, "tags": ["new", "tag %d" % (n % 1000)]}
        self.lines = [Line("sku-%d-%d" % (n, k), n * 0.25 + k, k) for k in range(2)]
        self.address = ("%d Long Street" % n, "Springfield", n + 10**5)


#: Per user: the instance and its dict, 3 integers beyond the small ones, name, e-mail, 2 lists, a tag, the profile,
#: 2 lines with a text and a float each, a tuple with a text, and the integer key.
OBJECTS_PER_USER = 19

users = {}
sessions = []


def add_users(count):
    for n in range(len(users), len(users) + count):
        user = User(n)
        users[n + 10**6] = user
        if n % 10 == 0:
            sessions.append((user, {"started": n * 0.5, "csrf": "%032x" % n}))


def kilobytes(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":"))


def reset_peak():
    with open("/proc/self/clear_refs", "w") as control:
        control.write("5")


def with_guppy3():
    """Census of all objects by type, then who refers to the type with most of them."""
    from guppy import hpy

    began = time.perf_counter()
    heap = hpy().heap()
    lines = str(heap)
    census = time.perf_counter() - began
    holders = str(heap.bytype[0].byrcs)
    return {"census_s": census, "holders_s": time.perf_counter() - began, "objects": heap.count, "lines": len(lines) + len(holders)}


def with_objgraph():
    """Census by type, then one chain of references from a module to an object of the program's biggest type."""
    import objgraph

    began = time.perf_counter()
    common = objgraph.most_common_types(20, shortnames=False)
    census = time.perf_counter() - began
    sample = objgraph.by_type("%s.Line" % Line.__module__)[0]
    chain = objgraph.find_backref_chain(sample, objgraph.is_proper_module)
    return {"census_s": census, "holders_s": time.perf_counter() - began, "objects": sum(n for _, n in common), "lines": len(chain)}


def answer(command):
    if command[0] == "grow":
        add_users(int(command[1]))
        return {"users": len(users)}
    gc.collect()
    before = kilobytes("VmRSS")
    reset_peak()
    result = {"guppy3": with_guppy3, "objgraph": with_objgraph}[command[0]]()
    result["extra_peak_bytes"] = (kilobytes("VmHWM") - before) * 1024
    gc.collect()
    return result


def idle(_):
    """Called from C between commands, so that a debugger's breakpoint on a call into the interpreter is met (PyHeap)."""


def main():
    # Building is not what is measured.
    gc.disable()
    add_users(max(1, int(sys.argv[1]) // OBJECTS_PER_USER))
    gc.enable()
    gc.collect()
    print("ready", len(users) * OBJECTS_PER_USER, len(users), flush=True)
    while True:
        list(map(idle, (None,)))
        if not select.select([sys.stdin], [], [], 0.05)[0]:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        try:
            print(json.dumps(answer(line.split())), flush=True)
        except Exception as error:
            print(json.dumps({"error": "%s: %s" % (type(error).__name__, error)}), flush=True)


if __name__ == "__main__":
    main()
