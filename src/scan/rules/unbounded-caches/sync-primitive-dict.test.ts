import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { syncPrimitiveDict } from './sync-primitive-dict.ts';

test('a lock for every key, at the dict that keeps them', () => {
  expectMarkedLines(
    syncPrimitiveDict,
    `
import asyncio
import threading
from collections import defaultdict

_a = {}  # <- finds medium
_b = defaultdict(asyncio.Lock)  # <- finds high

def a(key):
    return _a.setdefault(key, threading.RLock())

async def b(request):
    async with _b[request.user_id]:
        pass

class Webhooks:
    def __init__(self):
        self._locks = {}  # <- finds medium

    def lock_of(self, bucket):
        try:
            lock = self._locks[bucket]
        except KeyError:
            self._locks[bucket] = lock = asyncio.Lock()
        return lock
`,
  );
});

test('weak dicts, removed locks, a fixed number of them', () => {
  expectMarkedLines(
    syncPrimitiveDict,
    `
import asyncio
import threading
import weakref

_weak = weakref.WeakValueDictionary()
_removed = {}
_fixed = {}
_list = []

def weak(key):
    return _weak.setdefault(key, threading.Lock())

def removed(key):
    _removed[key] = threading.Event()
    _removed[key].wait()
    del _removed[key]

def fixed(key):
    return _fixed.setdefault(hash(key) % 64, threading.Lock())

def of_mode(mode: bool):
    return _fixed.setdefault(mode, threading.Lock())
`,
  );
});

test('the fix makes the dict weak where whoever makes a lock keeps it at hand', () => {
  expect(
    fixed(
      syncPrimitiveDict,
      `import threading
locks = {}
def lock_of(key):
    return locks.setdefault(key, threading.Lock())
`,
    ),
  ).toBe(`import weakref
import threading
locks = weakref.WeakValueDictionary()
def lock_of(key):
    return locks.setdefault(key, threading.Lock())
`);
  expect(
    fixed(
      syncPrimitiveDict,
      `import asyncio
from weakref import WeakValueDictionary
class Hooks:
    def __init__(self):
        self.locks: dict = {}
    def lock_of(self, key):
        lock = self.locks.get(key)
        if lock is None:
            self.locks[key] = lock = asyncio.Lock()
        return lock
`,
    ),
  ).toContain('self.locks: dict = WeakValueDictionary()');
  const kept = (made: string, growth: string) =>
    fixed(
      syncPrimitiveDict,
      `import threading\nd = {}\ndef f(key):\n    ${growth.replace('M', made)}\n    return d[key]\n`,
    );
  expect(kept('threading.Lock()', 'd[key] = M')).toBeUndefined();
  expect(kept('threading.Lock()', 'd.setdefault(key, M)')).toBeUndefined();
  expect(kept('threading.Event()', 'e = d.setdefault(key, M)')).toBeUndefined();
});
