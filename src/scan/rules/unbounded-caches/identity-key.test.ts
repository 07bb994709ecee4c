import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { identityKey } from './identity-key.ts';

test('addresses, UUIDs, times and counted numbers as keys', () => {
  expectMarkedLines(
    identityKey,
    `
import itertools
import time
import uuid

_seen = {}
_jobs = {}
_times = set()
_numbered = {}
_ids = itertools.count()

def note(thing):
    _seen[id(thing)] = 1  # <- finds medium

def submit(request):
    key = str(uuid.uuid4())
    _jobs[key] = request  # <- finds high
    _times.add((request.path, time.time()))  # <- finds high
    _numbered[next(_ids)] = request  # <- finds high
    return key
`,
  );
});

test('identity of code, entries that are removed, short-lived tables', () => {
  expectMarkedLines(
    identityKey,
    `
import uuid
import weakref

_by_class = {}
_active = set()
_jobs = {}
_weak = weakref.WeakKeyDictionary()

def inspect(cls):
    _by_class[id(cls)] = 1

def visit(node):
    _active.add(id(node))
    try:
        walk(node)
    finally:
        _active.discard(id(node))

def submit(request):
    key = uuid.uuid4()
    _jobs[key] = request
    return key

def finish(key):
    return _jobs.pop(key)

def walk(node):
    memo = {}
    memo[id(node)] = node
    _weak[node] = 1
    return memo
`,
  );
});
