import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { defaultdictRead } from './defaultdict-read.ts';

test('reads that only look, each of them', () => {
  expectMarkedLines(
    defaultdictRead,
    `
from collections import defaultdict

_visits = defaultdict(list)

def visits_of(user_id):
    return len(_visits[user_id])  # <- finds medium

def view(request):
    for visit in _visits[request.user_id]:  # <- finds high
        print(visit)

class CookieJar:
    def __init__(self):
        self._cookies = defaultdict(dict)

    def update(self, domain, name, cookie):
        self._cookies[domain][name] = cookie

    def filter(self, url):
        for name, cookie in self._cookies[url.host].items():  # <- finds medium
            yield cookie

    def clear(self):
        self._cookies.clear()
`,
  );
});

test('guarded reads, writes, keys that go again, short-lived dicts', () => {
  expectMarkedLines(
    defaultdictRead,
    `
from collections import defaultdict

_a = defaultdict(list)
_b = defaultdict(int)
_c = {}

def guarded(key):
    if key in _a:
        return len(_a[key])
    return 0

def skipped(keys):
    for key in keys:
        if key not in _a:
            continue
        print(len(_a[key]))

def append(key, value):
    _a[key].append(value)

def same_key(key, value):
    if len(_a[key]) < 10:
        _a[key].append(value)

def popped(key):
    if _b[key] > 3:
        return _b.pop(key)

def plain(key):
    return len(_c[key])

def local(keys):
    groups = defaultdict(list)
    return [len(groups[key]) for key in keys]

def constant():
    return len(_a["all"])

class Graph:
    def __init__(self):
        self.edges = defaultdict(set)

    def degree(self, node):
        return len(self.edges[node])  # <- finds low
`,
  );
});

test('the fix reads with get', () => {
  expect(
    fixed(
      defaultdictRead,
      `from collections import defaultdict
_visits = defaultdict(list)
def count(user):
    return len(_visits[user])
`,
    ),
  ).toContain('return len(_visits.get(user, []))');
  expect(
    fixed(
      defaultdictRead,
      `from collections import defaultdict
_visits = defaultdict(lambda: make())
def count(user):
    return len(_visits[user])
`,
    ),
  ).toBeUndefined();
});
