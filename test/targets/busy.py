"""A process that never stands still: four threads allocate, free, mutate containers and leave cyclic garbage.

Prints `ready` and goes on until it is stopped, with a steady amount of memory. What a reader of its memory may meet:
dicts while they are resized, lists while they are shifted, objects being freed, a collection in progress. A heartbeat
`beat N` every 0.1 s shows that it runs on.
"""

import collections
import gc
import random
import threading
import time

SLOTS = 5000


class Node:
    def __init__(self, payload):
        self.payload = payload
        self.partner = None


table = {}
rows = [None] * SLOTS
window = collections.deque(maxlen=SLOTS)
registry = {}


def mutate_dict(chance):
    while True:
        for _ in range(2000):
            table[chance.randrange(SLOTS)] = {"key": chance.random(), "list": [1, 2, 3]}
            table.pop(chance.randrange(SLOTS), None)
        if chance.random() < 0.1:
            table.clear()


def mutate_lists(chance):
    while True:
        for _ in range(500):
            at = chance.randrange(SLOTS)
            rows[at] = [chance.random() for _ in range(chance.randrange(40))]
            window.append((at, str(at), rows[at]))
        del rows[:100]
        rows.extend([None] * 100)


def make_garbage(chance):
    while True:
        for _ in range(300):
            one, other = Node({"n": chance.random()}), Node([chance.random()])
            one.partner, other.partner = other, one
        if chance.random() < 0.05:
            gc.collect(chance.randrange(3))


def churn_objects(chance):
    while True:
        for _ in range(300):
            name = "name %d" % chance.randrange(SLOTS)
            registry[name] = Node(bytearray(chance.randrange(2000)))
            registry.pop("name %d" % chance.randrange(SLOTS), None)
            setattr(registry.get(name, Node(None)), "extra%d" % chance.randrange(30), name)


def main():
    for seed, work in enumerate((mutate_dict, mutate_lists, make_garbage, churn_objects)):
        threading.Thread(target=work, args=(random.Random(seed),), name=work.__name__, daemon=True).start()
    print("ready", flush=True)
    beats = 0
    while True:
        time.sleep(0.1)
        beats += 1
        print("beat", beats, flush=True)


if __name__ == "__main__":
    main()
