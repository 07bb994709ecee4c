"""Stands still where told to, and then says what tracemalloc knew at that moment, as one line of JSON.

For test/tracemalloc.test.ts: while the target waits in os.read, the test reads the same tables from outside. What this
file and tracemalloc itself allocate is left out on both sides; nothing else is allocated between the two looks.
"""

import gc
import json
import os
import tracemalloc
from tracemalloc import DomainFilter, Filter

gc.disable()
OWN = [
    Filter(False, __file__, all_frames=True),
    Filter(False, tracemalloc.__file__, all_frames=True),
]
previous = None


def freeze(filters):
    """Waits for a line, answers it, and returns whether to go on."""
    global previous
    # Uses up the freed lists and tuples that the interpreter keeps: the snapshot would reuse some, and count them as its.
    held = [([], (one,), (one, one), (one, one, one), (one, one, one, one)) for one in range(2100)]
    os.write(1, b"frozen\n")
    command = os.read(0, 64)
    snapshot = tracemalloc.take_snapshot()
    del held
    current, peak = tracemalloc.get_traced_memory()
    whole = snapshot.filter_traces(OWN)
    answer = {
        "limit": tracemalloc.get_traceback_limit(),
        "traces": len(whole.traces),
        "peak": peak,
        "current": current,
        "statistics": {key: rows(whole.statistics(key)) for key in ("lineno", "filename", "traceback")},
        "cumulative": {key: rows(whole.statistics(key, True)) for key in ("lineno", "filename")},
        "depths": depths(whole),
        "filtered": [filtered(snapshot, one) for one in filters],
        "changes": None if previous is None else changes(whole),
    }
    previous = whole
    os.write(1, json.dumps(answer).encode() + b"\n")
    return command.strip() == b"go on"


def frames_of(traceback):
    return [[frame.filename, frame.lineno] for frame in traceback]


def rows(statistics):
    return [[frames_of(stat.traceback), stat.size, stat.count] for stat in statistics]


def depths(snapshot):
    """Sum of the full depths of all stacks; 0 where tracemalloc does not keep them (3.8)."""
    return sum(getattr(trace.traceback, "total_nframe", 0) or 0 for trace in snapshot.traces)


def filtered(snapshot, filters):
    """The figures that remain under some filters, each as the keyword arguments of its class."""
    made = [DomainFilter(**one) if "filename_pattern" not in one else Filter(**one) for one in filters]
    kept = snapshot.filter_traces(OWN + made)
    return [sum(trace.size for trace in kept.traces), len(kept.traces)]


def changes(whole):
    return {
        key: [
            [frames_of(one.traceback), one.size, one.size_diff, one.count, one.count_diff]
            for one in whole.compare_to(previous, key)
        ]
        for key in ("lineno", "filename", "traceback")
    }
