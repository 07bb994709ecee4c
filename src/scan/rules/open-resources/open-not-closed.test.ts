import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { checkFile } from '../../check-file.ts';
import { UNKNOWN_PROJECT } from '../../scanned-file.ts';
import { openNotClosed } from './open-not-closed.ts';

test('files that no path closes, by every way of opening them', () => {
  expectMarkedLines(
    openNotClosed,
    `
import codecs, gzip, io, json, os, tarfile, zipfile
from pathlib import Path

def plain(path):
    f = open(path)  # <- finds medium
    return f.read()

def wrapped(path):
    f = io.TextIOWrapper(gzip.open(path))  # <- finds
    return f.read()

def typed(path: Path):
    f = path.open()  # <- finds
    return json.load(f)

def archive(path):
    z = zipfile.ZipFile(path)  # <- finds
    names = z.namelist()
    return names

def aliased(path):
    f = codecs.open(path)  # <- finds
    g = f
    g.readline()

def chosen(path):
    f = open(path) if path else None  # <- finds
    if f:
        print(f.read())

def looped(paths):
    for path in paths:
        f = open(path)  # <- finds
        print(f.read())

def forever(queue):
    while True:
        f = open(queue.get())  # <- finds
        print(f.read())

async def awaited(path):
    import aiofiles
    f = await aiofiles.open(path)  # <- finds
    return await f.read()

f = open("settings")  # <- finds
settings = f.read()
`,
  );
});

test('what is released in any of the known ways', () => {
  expectMarkedLines(
    openNotClosed,
    `
import contextlib, os, sys, atexit
from contextlib import closing, ExitStack, suppress

def entered(path):
    f = open(path)
    with f:
        return f.read()

def wrapped(path):
    with closing(open(path)) as f:
        return f.read()

def stacked(path):
    with ExitStack() as stack:
        f = stack.enter_context(open(path))
        g = open(path)
        stack.callback(g.close)
        return f.read() + g.read()

def optional(path):
    f = None
    try:
        f = open(path)
        return f.read()
    finally:
        if f is not None:
            f.close()

def borrowed(path):
    f = sys.stdin if path is None else open(path)
    data = f.read()
    if f is not sys.stdin:
        f.close()
    return data

def owned(source):
    own = isinstance(source, str)
    if own:
        source = open(source)
    try:
        return source.read()
    finally:
        if own:
            source.close()

def both(a, b):
    f = open(a)
    g = open(b)
    for each in (f, g):
        each.close()

def at_exit(path):
    f = open(path)
    atexit.register(f.close)

def never_left(path):
    f = open(path)
    print(f.read())
    sys.exit()
`,
  );
});

test('what something else becomes responsible for', () => {
  expectMarkedLines(
    openNotClosed,
    `
import csv, subprocess, threading

class Log:
    def __init__(self, path):
        f = open(path)
        self.f = f

    def __enter__(self):
        f = open("x")
        return f

def returned(path):
    f = open(path)
    return f

def returned_in_part(path):
    f = open(path)
    rows = csv.reader(f)
    return rows

def yielded(path):
    f = open(path)
    yield f

def stored(path, files):
    f = open(path)
    files.append(f)

def keyed(path, files):
    f = open(path)
    files[path] = f

def captured(path):
    f = open(path)
    def read():
        return f.read()
    return read

def unknown(path, parse):
    f = open(path)
    return parse(f)

def method(path):
    f = open(path)
    return f.readline

def global_one(path):
    global handle
    handle = open(path)
    handle.read()

def pair(path):
    f = open(path)
    return path, f

def lazily(path):
    f = open(path)
    return (line for line in f)

def descriptor_of_others(fd):
    f = open(fd, closefd=False)
    return f.read()

exported = open("log", "w")
`,
  );
});

test('functions of the file: what they return, borrow, close and keep', () => {
  expectMarkedLines(
    openNotClosed,
    `
def make(path):
    f = open(path)
    return f

def make_more(path):
    return make(path)

def peek(f):
    return f.read(1)

def shut(f):
    f.close()

def keep(f, files=[]):
    files.append(f)

def uses(path):
    f = make_more(path)  # <- finds
    return peek(f)

def closes(path):
    f = make(path)
    shut(f)

def keeps(path):
    f = make(path)
    keep(f)

class Reader:
    def _open(self):
        return open("x")

    def _peek(self, f):
        return self._inner(f)

    def _inner(self, f):
        return f.read()

    def _hook(self, f):
        raise NotImplementedError

    def run(self):
        f = self._open()  # <- finds
        return self._peek(f)

class Child(Reader):
    def run_inherited(self):
        f = self._open()  # <- finds
        return self._peek(f)

    def run_hook(self):
        f = self._open()
        self._hook(f)
`,
  );
});

test('functions of other files only count when they are known to borrow', () => {
  const files = (body: string) => ({
    'app.tools': `def peek(f):\n    ${body}\n`,
    'app.main': `from app.tools import peek\n\ndef run(path):\n    f = open(path)\n    return peek(f)\n`,
  });
  expect(findingsInProject(openNotClosed, files('return f.read()')).map(({ range }) => range.line)).toEqual([4]);
  expect(findingsInProject(openNotClosed, files('f.close()'))).toEqual([]);
  expect(findingsInProject(openNotClosed, files('files.append(f)'))).toEqual([]);
});

test('functions of other files only open when they are known to return what they opened', () => {
  const files = (body: string) => ({
    'app.db': `import sqlite3\nfrom functools import cache\n\n${body}\n`,
    'app.store': 'from .db import connect\n\ndef connect_again():\n    return connect()\n',
    'app.main':
      'from app.store import connect_again\n\ndef count():\n    conn = connect_again()\n    return conn.execute("x").fetchone()\n',
  });
  expect(
    findingsInProject(openNotClosed, files('def connect():\n    return sqlite3.connect("x")')).map(
      ({ message }) => message,
    ),
  ).toEqual(['`conn` holds a resource that is never closed']);
  expect(findingsInProject(openNotClosed, files('@cache\ndef connect():\n    return sqlite3.connect("x")'))).toEqual(
    [],
  );
  expect(findingsInProject(openNotClosed, files('POOL = []\ndef connect():\n    return POOL.pop()'))).toEqual([]);
});

test('the file moves into a with statement together with what uses it', () => {
  expect(
    fixed(
      openNotClosed,
      `
def load(path):
    # the settings
    f = open(path,
             encoding="utf-8")  # read only
    data = f.read()

    # tidy
    if data:
        data = data.strip()
        f.seek(0)
    return data
`,
    ),
  ).toBe(`
def load(path):
    # the settings
    with open(path,
             encoding="utf-8") as f:  # read only
        data = f.read()

        # tidy
        if data:
            data = data.strip()
            f.seek(0)
    return data
`);
  expect(fixed(openNotClosed, 'def load(path):\r\n\tf = open(path)\r\n\treturn f.read()\r\n')).toBe(
    'def load(path):\r\n\twith open(path) as f:\r\n\t\treturn f.read()\r\n',
  );
});

test.each([
  ['a string over several lines would change', 'f = open(path)\n    x = """a\nb""" + f.read()\n    return x'],
  ['it is opened in one block and used in another', 'if path:\n        f = open(path)\n    print(f.read())'],
  [
    'a temporary file would go too early',
    'from tempfile import NamedTemporaryFile\n    f = NamedTemporaryFile()\n    name = f.name\n    print(name)',
  ],
  ['its descriptor may be used later', 'import os\n    f = open(path)\n    fd = f.fileno()\n    os.read(fd, 1)'],
  ['statements share the line', 'f = open(path); print(f.read())'],
  [
    'a reader over it is used later',
    'import csv\n    f = open(path)\n    rows = csv.reader(f)\n    print(1)\n    for row in rows:\n        pass\n    f = None',
  ],
])('no fix where %s', (_, body) => {
  const text = `def load(path):\n    ${body}\n`;
  expect(findingsIn(openNotClosed, text).length).toBe(1);
  expect(fixed(openNotClosed, text)).toBeUndefined();
});

test('hostile input ends quickly', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `    f${i} = open(p)\n    f${i}.read()`).join('\n');
  const branches = Array.from({ length: 3000 }, (_, i) => `    if p == ${i}: f.read()`).join('\n');
  const aliases = Array.from({ length: 200 }, (_, i) => `    a${i + 1} = a${i}`).join('\n');
  const chain = Array.from({ length: 500 }, (_, i) => `def f${i}(x): f${i + 1}(x)`).join('\n');
  const started = performance.now();
  for (const text of [
    `def g(p):\n${many}`,
    `def g(p):\n    f = open(p)\n${branches}`,
    `def g(p):\n    a0 = open(p)\n${aliases}`,
    `${chain}\ndef g(p):\n    x = open(p)\n    f0(x)`,
    `def g(p):\n    f = open(p)\n    x = ${'('.repeat(60)}f${')'.repeat(60)}`,
  ]) {
    checkFile({ path: 'app.py', module: 'app', text }, [openNotClosed], { project: UNKNOWN_PROJECT, withFixes: false });
  }
  expect(performance.now() - started).toBeLessThan(20_000);
}, 30_000);

test('a file passed to a class of the same file that only reads it', () => {
  expectMarkedLines(
    openNotClosed,
    `
class Analyzer:
    def __init__(self, source, name, decoded=False):
        self.name = name
        self.encoding = detect_encoding(source.readline)
        source.seek(0)
        self.code = source.read()

    @classmethod
    def for_file(cls, path):
        source = open(path)  # <- finds medium
        return cls(source, path)

class Derived(Analyzer):
    pass

def analyze(path):
    source = open(path)  # <- finds medium
    return Derived(name=path, source=source)
`,
  );
});

test('a class that keeps, closes or hands on its file, or may be another', () => {
  expectMarkedLines(
    openNotClosed,
    `
class Keeper:
    def __init__(self, source):
        self.source = source

class Closer:
    def __init__(self, source):
        self.text = source.read()
        source.close()

class Outer(Unknown):
    def __init__(self, source):
        super().__init__(source)

class Bare(Unknown):
    pass

def make(path, cls):
    a = open(path)
    b = open(path)
    c = open(path)
    d = open(path)
    e = open(path)
    return Keeper(a), Closer(b), Outer(c), Bare(d), cls(e)
`,
  );
});
