"""Blocks threads at known lines, prints what the interpreter knows about itself as one line of JSON, and sleeps.

For test/interpreter-state.test.ts. Runs on CPython 3.8 and later; nothing here changes after the line is printed.
"""

import asyncio
import atexit
import codecs
import gc
import json
import os
import sys
import threading
import time
import types

release = threading.Event()
blocked = threading.Semaphore(0)


def block(*_ignored, **_also):
    here = object()
    blocked.release()
    release.wait()
    return here


def straight():
    first = object()
    second = [first]
    block()
    return second


def many_line_call():
    value = object()
    return block(
        value,
        [
            value
            for _ in range(3)
        ],
        key=dict(
            a=1,
            b=2,
        ),
    )


def second_line_of_an_expression():
    return (
        1
        + 2
        +
        block()
    )


def in_loop():
    for index in range(10):
        if index < 3:
            continue
        with threading.Lock():
            try:
                block()
            finally:
                index += 1


def in_handler():
    try:
        raise ValueError("handled")
    except ValueError as error:
        held["handled"] = error
        try:
            raise KeyError("inner")
        except KeyError as inner:
            held["inner"] = inner
            block()


def closure():
    shared = object()
    own = object()

    def inner(argument=object()):
        mine = [shared, argument]

        def innermost():
            return mine, shared, block()

        return innermost()

    return inner(), own


def generator():
    local = object()
    yield 1
    for item in (
        block(),
        2,
    ):
        yield item, local


def drives_generator():
    made = generator()
    next(made)
    next(made)


def delegating():
    yield from generator()


def drives_delegating():
    for _ in delegating():
        pass


def comprehension():
    base = object()
    return [
        (block(), item, base)
        for item in range(2)
    ]


def in_lambda():
    return (
        lambda value:
            block(value)
    )(object())


def in_class_body():
    class Body:
        attribute = object()
        blocked_here = block()

    return Body


def in_executed_code():
    source = "\n" * 300 + "value = object()\n" + "\n" * 200 + "block(\n  value,\n)\n" + "\n" * 400
    exec(compile(source, "<executed>", "exec"), {"block": block})


def in_evaluated_code():
    return eval("(\n\nblock()\n)", {"block": block})


async def awaited():
    inside = object()
    block()
    return inside


async def coroutine():
    outside = object()
    await awaited()
    return outside


def runs_loop():
    asyncio.new_event_loop().run_until_complete(coroutine())


def recursion(depth=40):
    if depth == 0:
        block()
    elif depth % 2:
        recursion(depth - 1)
    else:
        sorted([depth], key=lambda _: recursion(depth - 1))


def with_deleted_locals():
    kept = object()
    gone = object()
    del gone
    block()
    return kept


def with_profile():
    sys.setprofile(profile)
    block()


def profile(_frame, _event, _argument):
    return None


def decorate(function):
    return function


@decorate
@decorate
def decorated(
    first,
    second=None,
):
    return block(first, second)


def calls_decorated():
    return decorated(
        object(),
    )


held = {}

SHAPES = [
    straight,
    many_line_call,
    second_line_of_an_expression,
    in_loop,
    in_handler,
    closure,
    drives_generator,
    drives_delegating,
    comprehension,
    in_lambda,
    in_class_body,
    in_executed_code,
    in_evaluated_code,
    runs_loop,
    recursion,
    with_deleted_locals,
    with_profile,
    calls_decorated,
]


def suspended_twice():
    a = object()
    yield a
    b = [
        a,
        (yield a),
    ]
    yield b


async def suspended_coroutine():
    waiting = object()
    await pause()
    return waiting


@types.coroutine
def pause():
    yield


async def async_generator():
    item = object()
    yield item


def suspended():
    fresh = suspended_twice()
    once = suspended_twice()
    next(once)
    twice = suspended_twice()
    next(twice)
    next(twice)
    inner = suspended_coroutine()
    inner.send(None)
    produced = async_generator()
    try:
        produced.asend(None).send(None)
    except StopIteration:
        pass
    return [fresh, once, twice], [inner], [produced]


def frame_of(generator):
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        frame = getattr(generator, name, None)
        if frame is not None:
            return frame
    raise AssertionError(generator)


def describe(frame):
    code = frame.f_code
    return {
        "code": id(code),
        "name": getattr(code, "co_qualname", code.co_name),
        "file": code.co_filename,
        "line": frame.f_lineno,
        "globals": id(frame.f_globals),
        "builtins": id(frame.f_builtins),
        # Names of class bodies and executed code live in mappings, not in the frame.
        "locals": {name: id(value) for name, value in frame.f_locals.items() if name in variables(code)},
    }


def variables(code):
    return {*code.co_varnames, *code.co_cellvars, *code.co_freevars}


def stack(frame):
    frames = []
    while frame is not None:
        frames.append(describe(frame))
        frame = frame.f_back
    return frames


def sub_interpreter():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = __import__(name)
            # The interpreter lives as long as its identifier.
            held["sub"] = module.create()
            return int(held["sub"])
        except (ImportError, RuntimeError):
            continue
    return None


def exit_callback(*_arguments):
    pass


def fork_hook():
    pass


def collector_callback(_phase, _info):
    pass


def search_codec(_name):
    return None


def types_with_dicts():
    class Own:
        pass

    return [int, dict, object, type, str, BaseException, types.FunctionType, Own, Ellipsis.__class__]


def main():
    atexit.register(exit_callback, exit_callback)
    os.register_at_fork(before=fork_hook)
    codecs.register(search_codec)
    gc.callbacks.append(collector_callback)
    gc.garbage.append(exit_callback)
    gc.set_threshold(701, 11, 12)
    sub = sub_interpreter()
    if "--trace" in sys.argv:
        import tracemalloc

        tracemalloc.start()
    threads = [threading.Thread(target=shape, daemon=True) for shape in SHAPES]
    for thread in threads:
        thread.start()
    for _ in threads:
        blocked.acquire()
    # Releasing the semaphore comes before the last few instructions: let every thread reach its wait.
    time.sleep(0.3)
    reporter = threading.Thread(target=report, args=(threads, sub, suspended()), daemon=True)
    reporter.start()
    wait_forever()


def wait_forever():
    while True:
        time.sleep(
            3600,
        )


def report(threads, sub, generators):
    time.sleep(0.2)
    frames = sys._current_frames()
    main_thread = threading.main_thread()
    flat = [generator for group in generators for generator in group]
    gc.disable()
    gc.collect()
    facts = {
        "hexversion": sys.hexversion,
        "modules": id(sys.modules),
        "sysDict": id(sys.__dict__),
        "builtins": id(__builtins__.__dict__),
        "sub": sub,
        "threads": [
            {
                "ident": thread.ident,
                "nativeId": getattr(thread, "native_id", 0),
                "name": shape,
                "frames": stack(frames[thread.ident]),
            }
            for shape, thread in [
                ("main", main_thread),
                *zip([shape.__name__ for shape in SHAPES], threads),
            ]
        ],
        "suspended": [{"address": id(generator), **describe(frame_of(generator))} for generator in flat],
        "frameObjects": {str(thread.ident): id(frames[thread.ident]) for thread in threads},
        "typeDicts": [
            # A mappingproxy refers to nothing but its mapping.
            {"type": id(kind), "dict": id(gc.get_referents(kind.__dict__)[0]), "name": kind.__name__}
            for kind in types_with_dicts()
        ],
        "roots": {
            "sys.modules": id(sys.modules),
            "gc.garbage": id(gc.garbage),
            "gc.callbacks": id(gc.callbacks),
            "exception being handled": id(held["inner"]),
            "sys.setprofile": id(profile),
            **({"atexit": id(exit_callback)} if (3, 10) <= sys.version_info < (3, 14) else {}),
        },
        "rootLists": {
            "os.register_at_fork(before)": id(fork_hook),
            "codec search functions": id(search_codec),
            **({"atexit": id(exit_callback)} if sys.version_info >= (3, 14) else {}),
        },
        "threshold": gc.get_threshold(),
        "stats": [[s["collections"], s["collected"], s["uncollectable"]] for s in gc.get_stats()],
        "debug": gc.get_debug(),
    }
    text = json.dumps(facts)
    count = gc.get_count()
    sys.stdout.write(text[:-1] + ', "count": ' + json.dumps(count) + "}\n")
    sys.stdout.flush()
    held["types"] = types_with_dicts
    wait_forever()


main()
