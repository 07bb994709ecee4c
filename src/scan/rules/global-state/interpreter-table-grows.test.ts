import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { interpreterTableGrows } from './interpreter-table-grows.ts';

test('a key that is new at every call is certain, and marked where it is made', () => {
  expectMarkedLines(
    interpreterTableGrows,
    `
import importlib.util, linecache, sys, uuid
from sys import modules

def load(path):
    name = stem(path)
    if name in sys.modules:
        name = f"__loader_{id(path)}__"  # <- finds high
    module = make(name)
    sys.modules[name] = module
    return module

def compile_cell(code):
    linecache.cache[f'<cell {uuid.uuid4()}>'] = entry(code)  # <- finds high
    modules.setdefault(str(next(COUNTER)), code)  # <- finds high
`,
  );
});

test('keys that repeat, and entries taken out again, are fine', () => {
  expectMarkedLines(
    interpreterTableGrows,
    `
import hashlib, sys, uuid

sys.modules[str(uuid.uuid4())] = object()

def load(path, name):
    sys.modules[name] = make(name)
    sys.modules[f'loader_{hashlib.sha1(path).hexdigest()}'] = make(name)

def run(path):
    name = f'script_{id(path)}'
    sys.modules[name] = make(name)
    try:
        execute(name)
    finally:
        del sys.modules[name]

class Loader:
    def load(self, path):
        self.name = f'script_{id(path)}'
        sys.modules[self.name + str(id(path))] = path
    def unload(self):
        sys.modules.pop(self.name, None)
`,
  );
});

test('unguarded additions to search paths and hooks, by how often they run', () => {
  expectMarkedLines(
    interpreterTableGrows,
    `
import codecs, gc, sys

def load(folder):
    sys.path.append(folder)  # <- finds medium
    sys.meta_path.insert(0, Finder(folder))  # <- finds medium
    gc.callbacks.append(folder.notice)  # <- finds medium
    codecs.register(lambda name: None)  # <- finds low

@app.route('/run')
def execute(request):
    sys.path.insert(0, request.folder)  # <- finds high

def main():
    sys.path.append('lib')  # <- finds low
`,
  );
});

test('guarded, restored and import-time additions are fine', () => {
  expectMarkedLines(
    interpreterTableGrows,
    `
import sys
from contextlib import contextmanager

sys.path.insert(0, '.')

def once(folder):
    if folder not in sys.path:
        sys.path.append(folder)

def early(folder):
    if folder in sys.path:
        return
    sys.path.append(folder)

def flagged(finder):
    global _installed
    if _installed:
        return
    sys.meta_path.append(finder)
    _installed = True

@contextmanager
def extended(folder):
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)

def replaced(folder):
    old = sys.path[:]
    sys.path.append(folder)
    sys.path[:] = old

class Path:
    def __enter__(self):
        sys.path.append(self.folder)
    def __exit__(self, *error):
        sys.path.pop()

def other(path):
    path.append(1)
`,
  );
});

test('warning filters pile up only where their text varies', () => {
  expectMarkedLines(
    interpreterTableGrows,
    `
import re, warnings

def check(name, category):
    warnings.filterwarnings('ignore', message=f'{name} is old')  # <- finds medium
    warnings.filterwarnings('ignore', re.escape(name))  # <- finds medium
    warnings.filterwarnings('ignore', message='old')
    warnings.simplefilter('ignore', category)
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message=f'{name} is old')
`,
  );
});

test('the fix looks first', () => {
  expect(
    fixed(interpreterTableGrows, `import sys\n\ndef f(x):\n    sys.path.insert(0, x.folder)  # first\n    return x\n`),
  ).toBe(
    `import sys\n\ndef f(x):\n    if x.folder not in sys.path:\n        sys.path.insert(0, x.folder)  # first\n    return x\n`,
  );
  for (const line of ['sys.path.append(make())', 'a = 1; sys.path.append(x)', 'sys.path.append(\n        x)']) {
    expect(fixed(interpreterTableGrows, `import sys\n\ndef f(x):\n    ${line}\n`)).toBeUndefined();
  }
});
