// What counts as opening a resource, and what becomes of it; calls into extensions; lines that create objects of a type.

import { describe, expect, test } from 'vitest';
import { findCallSites } from './module-calls.ts';
import type { Release, ResourceKind } from './resource-openers.ts';
import { findResourceOpeners } from './resource-openers.ts';
import { createSourceIndex } from './source-index.ts';
import { findTypeCreations } from './type-creations.ts';

function indexOf(text: string) {
  return createSourceIndex([{ path: 'app.py', module: 'app', text }]);
}

describe('release', () => {
  test.each<readonly [string, ResourceKind, Release]>([
    ['open(p)', 'file descriptor', 'not released'],
    ['fd = os.open(p, 0)\n    return fd >= 0', 'file descriptor', 'not released'],
    ['with open(p) as f:\n        f.read()', 'file descriptor', 'with'],
    ['text = open(p).read()', 'file descriptor', 'not released'],
    ['open(p, "w").close()', 'file descriptor', 'released'],
    ['f = open(p)\n    f.read()\n    f.close()', 'file descriptor', 'released'],
    ['f = open(p)\n    return f', 'file descriptor', 'returned'],
    ['return open(p)', 'file descriptor', 'returned'],
    ['r, w = os.pipe()\n    os.close(r)', 'file descriptor', 'not released'],
    ['r, w = os.pipe()\n    os.close(r)\n    os.close(w)', 'file descriptor', 'released'],
    ['HELD.append(open(p))', 'file descriptor', 'stored'],
    ['HELD[p] = open(p)', 'file descriptor', 'stored'],
    ['with contextlib.closing(open(p)) as f:\n        pass', 'file descriptor', 'with'],
    ['f = stack.enter_context(open(p))', 'file descriptor', 'with'],
    ['csv.reader(open(p))', 'file descriptor', 'passed on'],
    ['s = socket.create_connection(p)\n    s.send(b"")', 'socket', 'not released'],
    ['near, far = socket.socketpair()\n    with near, far:\n        pass', 'socket', 'with'],
    ['db = connect(p)\n    return db.execute("x").fetchone()', 'database connection', 'not released'],
    ['with connect(p) as db:\n        pass', 'database connection', 'with'],
    ['t = threading.Thread(target=p)\n    t.start()', 'thread', 'not released'],
    ['t = threading.Thread(target=p)\n    t.start()\n    t.join()', 'thread', 'released'],
    ['threading.Thread(target=p).start()', 'thread', 'not released'],
    ['asyncio.create_task(p())', 'task', 'not released'],
    ['t = asyncio.ensure_future(p())\n    await t', 'task', 'released'],
    ['subprocess.Popen([p])', 'child process', 'not released'],
    ['out = subprocess.Popen([p]).communicate()', 'child process', 'released'],
    ['t = tempfile.NamedTemporaryFile()\n    t.write(b"")', 'temporary file', 'not released'],
    ['m = mmap.mmap(-1, 10)\n    m[0] = 1', 'memory mapping', 'not released'],
    ['s = requests.Session()\n    s.get(p)', 'network session', 'not released'],
  ])('%s', (body, kind, release) => {
    const text = `import asyncio, contextlib, csv, mmap, os, requests, socket, subprocess, tempfile, threading\nfrom sqlite3 import connect\nHELD = []\nasync def opener(p, stack):\n    ${body}\n`;
    const { openers } = findResourceOpeners(indexOf(text));
    expect(openers.map((site) => [site.line, site.kind, site.release])).toEqual([[5, kind, release]]);
  });

  test('an attribute is released when its class closes it', () => {
    const text = `import socket
class Client:
    def __init__(self):
        self.kept = socket.socket()
        self.closed = socket.socket()
    def close(self):
        self.closed.close()
`;
    expect(findResourceOpeners(indexOf(text)).openers.map((site) => [site.line, site.release])).toEqual([
      [4, 'stored'],
      [5, 'released'],
    ]);
  });

  test('what leaks most surely comes first, with the calls that reach it; other kinds stay out', () => {
    const text = `import os, threading
def safe(p):
    with open(p): pass
def leaky(p):
    return os.open(p, 0) > 0
def start():
    threading.Thread(target=leaky).start()
def handle(i):
    safe("x")
    leaky("x")
`;
    const { openers, callers } = findResourceOpeners(indexOf(text), ['file descriptor']);
    expect(openers.map((site) => [site.line, site.operation, site.release])).toEqual([
      [5, 'opens file descriptor', 'not released'],
      [3, 'opens file descriptor', 'with'],
    ]);
    expect(callers.map((site) => site.line)).toEqual([7, 10]);
  });

  test('a library opener counts where the application reaches it', () => {
    const library = (name: string) => `/venv/lib/python3.12/site-packages/${name}/__init__.py`;
    const index = createSourceIndex([
      {
        path: library('wires'),
        module: 'wires',
        text: 'import os\nclass Server:\n    def __init__(self):\n        self.r, self.w = os.pipe()\ndef serve():\n    return Server()\n',
      },
      { path: library('idle'), module: 'idle', text: 'import os\ndef never():\n    os.pipe()\n' },
      { path: 'app.py', module: 'app', text: 'import wires\ndef handle(i):\n    wires.serve()\n' },
    ]);
    const { openers, callers } = findResourceOpeners(index);
    expect(openers.map((site) => [site.path, site.line, site.function])).toEqual([
      [library('wires'), 4, 'Server.__init__'],
    ]);
    expect(callers.map((site) => [site.path, site.line])).toEqual([['app.py', 3]]);
  });
});

describe('calls into a module', () => {
  test('through aliases, objects it made, subscripts, and arguments; what runs once only when nothing else does', () => {
    const text = `import fastjson as fj
from fastjson import loads
import pandas
TABLE = pandas.DataFrame()
DECODER = fj.Decoder()
def a(x):
    return fj.dumps(x)
def b(x):
    return loads(x)
def c(x):
    message = DECODER.decode(x)
    return message.body.copy()
def d(x):
    return DECODER[x], len(x)
def e(x):
    return hasattr(DECODER, "x")
def unrelated(x):
    return TABLE.to_json(), x.dumps()
`;
    expect(findCallSites(indexOf(text), { moduleRoot: 'fastjson' }).map((site) => [site.line, site.operation])).toEqual(
      [
        [7, 'call'],
        [9, 'call'],
        [11, 'method call'],
        [12, 'method call'],
        [14, 'subscript'],
        [16, 'passed to a call'],
      ],
    );
    expect(findCallSites(indexOf(text), { moduleRoot: 'pandas' }).map((site) => site.line)).toEqual([18]);
  });

  test('what objects of the module make in turn, where their types cannot be told', () => {
    const app = `
import lib
LINK = lib.connect("x").open()
ROW = LINK.run("select")[0]
def handle(n):
    with LINK.begin() as work:
        work.run(n)
    return hasattr(ROW, "name"), other(n)
`;
    const index = createSourceIndex([
      { path: 'app.py', module: 'app', text: app },
      { path: '/x/site-packages/lib/__init__.py', module: 'lib', text: 'def connect(name):\n    return made[name]\n' },
      { path: '/x/site-packages/user/__init__.py', module: 'user', text: 'import lib\ndef f():\n    lib.connect(1)\n' },
    ]);
    expect(findCallSites(index, { moduleRoot: 'lib' }).map((site) => site.line)).toEqual([6, 7, 8]);
  });

  test('a global of one file used in another', () => {
    const index = createSourceIndex([
      { path: 'setup.py', module: 'setup', text: 'import codec\nENCODER = codec.Encoder()\n' },
      { path: 'app.py', module: 'app', text: 'import setup\ndef handle(x):\n    return setup.ENCODER.run(x)\n' },
    ]);
    expect(findCallSites(index, { moduleRoot: 'codec' }).map((site) => [site.path, site.line])).toEqual([
      ['app.py', 3],
    ]);
  });
});

describe('creations', () => {
  test.each<readonly [string, readonly string[], readonly number[]]>([
    ['a class of the program', ['app.Page'], [11]],
    ['a class of a library, imported under another name', ['threading.Thread'], [12]],
    ['a connection, by its factory', ['sqlite3.Connection'], [13]],
    ['a task, by its factories', ['_asyncio.Task'], [14, 15]],
    ['classes made at run time', ['type'], [16, 17, 18]],
    ['builtin containers say nothing', ['dict', 'builtins.list', 'function'], []],
    ['a class nobody knows', ['app.Missing', 'nowhere.Missing'], []],
  ])('%s', (_, types, lines) => {
    const text = `import asyncio, sqlite3
from threading import Thread as Worker
from collections import namedtuple
class Page:
    pass
class Subpage(Page):
    pass
FIRST = Page()
ROW = namedtuple("ROW", "a b")
def make(i, loop):
    page = Page()
    worker = Worker(target=make)
    link = sqlite3.connect(":memory:")
    asyncio.create_task(make())
    loop.create_task(make())
    cls = type("C", (Page,), {})
    pair = namedtuple("Pair", "a b")
    class Local: pass
    return {}, []
`;
    expect(findTypeCreations(indexOf(text), types).map((site) => site.line)).toEqual(lines);
  });
});
