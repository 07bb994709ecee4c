import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { openInline } from './open-inline.ts';

test('files used where they are opened', () => {
  expectMarkedLines(
    openInline,
    `
import csv, json, os
from pathlib import Path
from setuptools import setup

def read(path, parser):
    a = open(path).read()  # <- finds medium
    b = json.load(open(path))  # <- finds
    for line in open(path):  # <- finds
        print(line)
    c = [line for line in open(path)]  # <- finds
    d = sum(1 for line in open(path))  # <- finds
    json.dump(a, open(path, "w"))  # <- finds
    e = dict(csv.reader(open(path)))  # <- finds
    g = Path(path).open().read()  # <- finds
    exec(compile(open(path).read(), path, "exec"))  # <- finds
    h = list(map(str.strip, open(path)))  # <- finds
    os.popen("ls").read()  # <- finds
    open(path, "a")  # <- finds
    rows = csv.reader(open(path))  # <- finds
    for row in rows:
        print(row)
    k = parser(open(path)).records()  # <- finds

setup(
    long_description=open("README").read(),  # <- finds medium
)
`,
  );
});

test('files that are closed, entered, kept or handed on', () => {
  expectMarkedLines(
    openInline,
    `
import csv, gzip, io, os, sys, tarfile, zipfile
from contextlib import closing

def fine(path, parse, stack, files):
    open(path, "w").close()
    with open(path) as f, closing(open(path)) as g:
        pass
    stack.enter_context(open(path))
    files.append(open(path))
    parse(open(path))
    files[path] = open(path)
    sys.stdout = open(path, "w")
    threading.Thread(target=parse, args=(open(path),)).start()
    Reader(open(path)).start()
    get = lambda: open(path)
    return csv.reader(open(path))

def wrapped(data, fp):
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    tarfile.open(fileobj=fp).extractall()
    gzip.GzipFile(fp).read()
    open(sys.stdout.fileno(), "w").write("x")
    os.fdopen(1, "w").write("x")
    return names

class Old:
    def __init__(self, path, f=open("default")):
        self.f = open(path)

def give(path):
    yield open(path)
`,
  );
});

test('own functions that open', () => {
  expectMarkedLines(
    openInline,
    `
def opened(path):
    return open(path)

def read(path):
    return opened(path).read()  # <- finds
`,
  );
});

test('the statement moves into a with statement', () => {
  expect(fixed(openInline, 'def read(path):\n    return open(path, "rb").read().strip()  # all\n')).toBe(
    'def read(path):\n    with open(path, "rb") as f:\n        return f.read().strip()  # all\n',
  );
  expect(fixed(openInline, 'f = 1\nfor line in open("x"):\n\tprint(line)\n')).toBe(
    'f = 1\nwith open("x") as file:\n\tfor line in file:\n\t\tprint(line)\n',
  );
  expect(fixed(openInline, 'import json\n\nsetup(\n    name="x",\n    data=json.load(open(\n        "x")),\n)\n')).toBe(
    'import json\n\nwith open(\n        "x") as f:\n    setup(\n        name="x",\n        data=json.load(f),\n    )\n',
  );
});

test.each([
  ['something else is called before', 'x = first() + open("x").read()'],
  ['it may not run at all', 'x = a or open("x").read()'],
  ['a lambda runs it later', 'x = lambda: open("x").read()'],
  ['it is a condition', 'if open("x").read():\n    pass'],
  ['a string over several lines would change', 'x = """\n""" + open("x").read()'],
])('no fix where %s', (_, text) => {
  expect(fixed(openInline, text)).toBeUndefined();
});

test('a lambda is not looked into', () => {
  expect(findingsIn(openInline, 'x = lambda: open("x").read()')).toEqual([]);
});

test('a class of the file that only reads what it is given', () => {
  expectMarkedLines(
    openInline,
    `
class Rows:
    def __init__(self, source):
        self.rows = source.readlines()

class Stream:
    def __init__(self, source):
        self.source = source

def read(path):
    return Rows(open(path))  # <- finds medium

def stream(path):
    return Stream(open(path))
`,
  );
});

test('a class of another file that only reads what it is given', () => {
  const files = (body: string) => ({
    'shop.rows': `class Rows:\n    def __init__(self, name, source):\n        self.name = name\n        ${body}\n`,
    'shop.main': 'from shop.rows import Rows\n\ndef rows(path):\n    return Rows(path, open(path))\n',
  });
  const linesWhere = (body: string) => findingsInProject(openInline, files(body)).map(({ range }) => range.line);
  expect(linesWhere('self.rows = source.readlines()')).toEqual([4]);
  expect(linesWhere('self.source = source')).toEqual([]);
  expect(linesWhere('source.close()')).toEqual([]);
  expect(linesWhere('self.rows = parse(source)')).toEqual([]);
});
