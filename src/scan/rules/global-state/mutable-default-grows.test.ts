import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { mutableDefaultGrows } from './mutable-default-grows.ts';

test('defaults that calls add to, under any name', () => {
  expectMarkedLines(
    mutableDefaultGrows,
    `
from collections import defaultdict, deque

def a(x, seen=[]):  # <- finds high
    seen.append(x)
def b(x, *, seen=list()):  # <- finds high
    seen += [x]
def c(x, index={}):  # <- finds medium
    index[x] = 1
def d(x, names=set()):  # <- finds medium
    names.add(x)
def e(x, log=deque()):  # <- finds high
    log.extend(x)
def f(x, counts=defaultdict(int)):  # <- finds medium
    counts[x] += 1
def g(x, items=[]):  # <- finds high
    result = items
    result.append(x)
    return result
class Job:
    def __init__(self, steps=[]):  # <- finds high
        self.steps = steps
    def add(self, step):
        self.steps.append(step)
    def run(self, x, out=[]):  # <- finds high
        for y in x:
            out.insert(0, y)
async def h(x, seen=[1]):  # <- finds high
    (seen or []).append(x)
`,
  );
});

test('defaults that are read, copied, replaced or emptied are fine', () => {
  expectMarkedLines(
    mutableDefaultGrows,
    `
from collections import deque
def a(x, options={}, names=[]):
    return [x + n for n in names], options.get(x), len(names)
def b(x, items=[]):
    items = list(items)
    items.append(x)
def c(x, items=[]):
    items = items or []
    items.append(x)
def d(x, items=[]):
    copy = items.copy()
    copy.append(x)
    return [*items, x]
def e(x, options={}):
    options["x"] = 1
    options.update(y=2)
    options.setdefault("z", 3)
def f(x, stack=[]):
    stack.append(x)
    stack.pop()
def g(x, last=deque(maxlen=10)):
    last.append(x)
def h(x, by_type={}):
    by_type[type(x)] = 1
def version(_cache=[]):
    if not _cache:
        _cache.append(read())
    return _cache[0]
def i(x, items=()):
    items += (x,)
def j(x, items=[]):
    def inner(items):
        items.append(x)
    return inner
def k(rows):
    def add(row, found=[]):
        found.append(row)
        return found
    return [add(row) for row in rows]
def _walk(node, found=[]):
    found.append(node)
    for child in node:
        _walk(child, found)
def l(node):
    found = []
    _walk(node, found=found)
class Job:
    def __init__(self, steps=[], names=[], tags=[]):
        self.steps = list(steps)
        self.names = names or []
        self.tags = tags
    def add(self, step):
        self.steps.append(step)
        self.names.append(step)
    def reset(self):
        self.tags = []
        self.tags.append(1)
m = lambda x, items=[]: items.append(x)
`,
  );
});

test('fix: None as the default, and the container in the function', () => {
  const fix = (text: string) => fixed(mutableDefaultGrows, text);
  expect(fix('def f(x, seen=[]):  # all\n    # first\n    seen.append(x)\n')).toBe(
    'def f(x, seen=None):  # all\n    # first\n    if seen is None:\n        seen = []\n    seen.append(x)\n',
  );
  expect(fix('class A:\n\tdef f(self, x, seen={1: 2}, *, y=1):\n\t\t"""Doc."""\n\n\t\tseen[x] = 1\n')).toBe(
    'class A:\n\tdef f(self, x, seen=None, *, y=1):\n\t\t"""Doc."""\n\t\tif seen is None:\n\t\t\tseen = {1: 2}\n\n\t\tseen[x] = 1\n',
  );
  expect(fix('def f(x,\r\n      seen: list = []):\r\n    seen.append(x)\r\n')).toBe(
    'def f(x,\r\n      seen: list = None):\r\n    if seen is None:\r\n        seen = []\r\n    seen.append(x)\r\n',
  );
  expect(
    fixed(mutableDefaultGrows, 'def f(x, seen: list[int] = []):\n    seen.append(x)\n', {
      project: { minimumPython: [3, 11] },
    }),
  ).toBe('def f(x, seen: list[int] | None = None):\n    if seen is None:\n        seen = []\n    seen.append(x)\n');
});

test('no fix for a cache on purpose, nor where the body stands on the header’s line', () => {
  expect(fixed(mutableDefaultGrows, 'def f(x, _cache={}):\n    _cache[x] = 1\n')).toBeUndefined();
  expect(fixed(mutableDefaultGrows, 'def f(x, seen=[]): seen.append(x)\n')).toBeUndefined();
});
