import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { closureStateGrows } from './closure-state-grows.ts';

test('closures of decorators', () => {
  expectMarkedLines(
    closureStateGrows,
    `
import functools

def recorded(function):
    calls = []
    @functools.wraps(function)
    def wrapper(*args):
        calls.append(args)  # <- finds high
        return function(*args)
    return wrapper

@recorded
def render(page):
    return page

def memoize(func):
    cache = {}
    def wrapper(*args):
        if args not in cache:
            cache[args] = func(*args)  # <- finds medium
        return cache[args]
    return functools.wraps(func)(wrapper)

def tagged(tag):
    def decorate(fn):
        seen = set()
        def wrapper(x):
            seen.add(x)  # <- finds medium
            return fn(x)
        return wrapper
    return decorate

class Page:
    @tagged("x")
    def show(self):
        pass
`,
  );
});

test('attributes of functions', () => {
  expectMarkedLines(
    closureStateGrows,
    `
def handle(x):
    handle.calls.append(x)  # <- finds medium
handle.calls = []

@app.route("/x")
def view(x):
    view.calls += [x]  # <- finds high
view.calls = []

def lookup(x):
    if not hasattr(lookup, "known"):
        lookup.known = {}
    lookup.known[x] = 1  # <- finds medium
`,
  );
});

test('bounded, emptied, handed out or short-lived containers are fine', () => {
  expectMarkedLines(
    closureStateGrows,
    `
from collections import deque
def a(function):
    calls = deque(maxlen=5)
    kinds = {}
    names = []
    sizes = []
    exposed = []
    here = []
    here.append(function)
    def wrapper(x):
        calls.append(x)
        kinds[type(x)] = 1
        names.append(x)
        names.clear()
        sizes.append(x)
        if len(sizes) > 10:
            del sizes[0]
        exposed.append(x)
        local = []
        local.append(x)
        return function(x)
    wrapper.exposed = exposed
    return wrapper

@a
def f():
    pass

def dispatch(func):
    registry = {}
    def register(cls_, f):
        registry[cls_] = f
    def wrapper(x):
        return registry[type(x)](x)
    wrapper.register = register
    return wrapper

def collect(rows):
    found = []
    def visit(row):
        found.append(row)
    for row in rows:
        visit(row)
    return found

def counter(start):
    seen = []
    def count():
        seen.append(1)
        return len(seen)
    return count

def g(x):
    g.calls.append(x)
g.calls = []
def reset():
    g.calls = []

def h(x):
    h.steps.append(x)
h.steps = []
h.steps.append(0)
def drain():
    return h.steps.pop()

def i(x):
    i.count += 1
i.count = 0
i.names = []
i.names.append("a")
`,
  );
});
