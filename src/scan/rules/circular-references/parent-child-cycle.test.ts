import { expect, test } from 'vitest';
import { expectMarkedLines, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { parentChildCycle } from './parent-child-cycle.ts';

test('children that keep the parent that keeps them', () => {
  expectMarkedLines(
    parentChildCycle,
    `
class Node:
    def __init__(self, name, parent):
        self.parent = parent  # <- finds low

class Tree:
    def __init__(self):
        self.nodes = []
    def add(self, name):
        self.nodes.append(Node(name, self))

class Reader:
    def __init__(self, *, owner):
        self.owner = owner  # <- finds medium
    def __del__(self):
        pass

class Document:
    def __init__(self, path):
        self.file = open(path)
        self.reader = Reader(owner=self)

class Cell:
    def __init__(self, table):
        self.table = table  # <- finds medium

class Table:
    def __init__(self, path):
        self.cells = {}
        self.file = open(path)
    def cell(self, key):
        self.cells[key] = Cell(self)
`,
  );
});

test('objects that store themselves', () => {
  expectMarkedLines(
    parentChildCycle,
    `
class Transaction:
    def __init__(self, parent, request):
        self.request = request
        self._parent = parent or self  # <- finds medium
        self.root = self  # <- finds medium
    def send(self):
        self.request.response = self  # <- finds medium
        self.request.sender = weakref.ref(self)
        self.current.owner = self
        self.request.busy = self
    def done(self):
        self.request.busy = None
    @property
    def current(self):
        return find_current()

class Request:
    def __init__(self):
        self.response = None

def build(node, other):
    node.parent = node
    other.parent = node
`,
  );
});

test('parents made again and again', () => {
  const [finding] = findingsInProject(parentChildCycle, {
    model: `
class Row:
    def __init__(self, page):
        self.page = page
class Page:
    def __init__(self):
        self.row = Row(self)
`,
    web: `
from model import Page
@app.route('/')
def index():
    return Page().text()
`,
  });
  expect(finding?.confidence).toBe('medium');
});

test('weak, broken and one-way references are fine', () => {
  expectMarkedLines(
    parentChildCycle,
    `
import weakref

class Weak:
    def __init__(self, parent):
        self.parent = weakref.ref(parent)

class OneWay:
    def __init__(self, parent):
        self.name = parent.name

class Broken:
    def __init__(self, parent):
        self.upper = parent

class Emptied:
    def __init__(self, parent):
        self.above = parent

class Loose:
    def __init__(self, parent):
        self.over = parent

class Tree:
    def __init__(self):
        self.weak = Weak(self)
        self.one = OneWay(self)
        self.broken = Broken(self)
        self.emptied = []
        self.emptied.append(Emptied(self))
        loose = Loose(self)
        loose.run()
    def __del__(self):
        pass
    def close(self):
        self.broken.upper = None
        self.emptied.clear()
`,
  );
});

test('the fix stores a proxy, where the parent is always given', () => {
  const text = (parameter: string) => `import os

class Child:
    def __init__(self, ${parameter}):
        self.parent = parent  # above

class Parent:
    def __init__(self):
        self.file = open('x')
        self.child = Child(self)
`;
  expect(fixed(parentChildCycle, text('parent'))).toBe(
    text('parent')
      .replace('import os', 'import weakref\nimport os')
      .replace('= parent  #', '= weakref.proxy(parent)  #'),
  );
  expect(fixed(parentChildCycle, text('parent=None'))).toBeUndefined();
});
