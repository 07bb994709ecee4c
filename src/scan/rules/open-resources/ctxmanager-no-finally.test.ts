import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { ctxmanagerNoFinally } from './ctxmanager-no-finally.ts';

test('finds releases that an exception at the yield skips', () => {
  expectMarkedLines(
    ctxmanagerNoFinally,
    `
import os, contextlib
from contextlib import contextmanager, asynccontextmanager

@contextmanager
def opened(path):
    f = open(path)
    yield f
    f.close()  # <- finds medium

@asynccontextmanager
async def session(make):
    s = await make()
    async with lock:
        yield s
    await s.aclose()  # <- finds medium

class Stack:
    @contextlib.contextmanager
    def pushed(self, item):
        self.items.append(item)
        yield
        self.items.pop()  # <- finds medium

@contextmanager
def caught(path):
    fd = os.open(path, 0)
    try:
        yield fd
    except OSError:
        log()
        raise
    os.close(fd)  # <- finds medium
`,
  );
});

test('says nothing where the release is sure, or nothing is released', () => {
  expectMarkedLines(
    ctxmanagerNoFinally,
    `
import os, contextlib
from contextlib import contextmanager

@contextmanager
def sure(path):
    f = open(path)
    try:
        yield f
    finally:
        f.close()

@contextmanager
def entered(path):
    with open(path) as f:
        yield f
        f.close()

@contextmanager
def caught(path):
    f = open(path)
    try:
        yield f
    except Exception:
        log()
    f.close()

@contextmanager
def both(path):
    f = open(path)
    try:
        yield f
        f.close()
    except BaseException:
        f.close()
        raise

@contextmanager
def timed():
    start = now()
    yield
    print(now() - start)

@contextmanager
def later(path):
    yield
    f = open(path)
    f.close()

@contextmanager
def popped(items):
    yield items
    items.pop()

def generator(path):
    f = open(path)
    yield f
    f.close()

@contextmanager
def inner(path):
    f = open(path)
    def close():
        yield 1
    try:
        yield f
    finally:
        f.close()
`,
  );
});

test('the fix puts the yield into try and the release into finally', () => {
  const { leaks, fine } = ctxmanagerNoFinally.doc.example;
  expect(fixed(ctxmanagerNoFinally, leaks)).toBe(fine);
  expect(fixed(ctxmanagerNoFinally, leaks.replaceAll('\n', '\r\n'))).toBe(fine.replaceAll('\n', '\r\n'));
  expect(fixed(ctxmanagerNoFinally, leaks.replace('    yield path', '    got = yield path'))).toBeUndefined();
  expect(fixed(ctxmanagerNoFinally, `${leaks}    path = None\n`)).toBeUndefined();
});
