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

test('parents that a base class stores, children kept by way of a name', () => {
  expectMarkedLines(
    parentChildCycle,
    `
class Base:
    def __init__(self, handler):
        self.handler = handler  # <- finds medium

class Protocol(Base):
    def __init__(self, handler, mask=False):
        Base.__init__(self, handler)
        self.mask = mask

class Socket:
    def __init__(self, path):
        self.file = open(path)
        protocol = Protocol(self)
        self.protocol = protocol

class Widget:
    def __init__(self, *, owner):
        self.owner: object = owner  # <- finds medium

class Button(Widget):
    def __init__(self, text, owner):
        super().__init__(owner=owner)

class Label(Button):
    pass

class Window:
    def __init__(self, path):
        self.file = open(path)
        self.parts = {}
    def add(self, name):
        label = Label('text', self)
        label.show()
        self.parts.setdefault(name, []).append(label)

class Fixture:
    def __init__(self, manager):
        self.manager = manager  # <- finds medium

class Manager:
    def __init__(self):
        self.fixtures = {}
        self.file = open('x')
    def register(self, name):
        fixture = Fixture(self)
        known = self.fixtures.setdefault(name, [])
        known.append(fixture)
`,
  );
});

test('bases that do not store it, and names kept elsewhere, are fine', () => {
  expectMarkedLines(
    parentChildCycle,
    `
class Base:
    def __init__(self, handler):
        self.name = handler.name

class Protocol(Base):
    def __init__(self, handler):
        Base.__init__(self, handler)

class Other(Unknown):
    def __init__(self, handler):
        super().__init__(handler)

class Loop(Base):
    def __init__(self, handler):
        Loop.__init__(self, handler)

class Child:
    def __init__(self, parent):
        self.parent = parent

class Socket:
    def __init__(self, path, elsewhere):
        self.file = open(path)
        self.protocol = Protocol(self)
        self.other = Other(self)
        self.loop = Loop(self)
        child = Child(self)
        elsewhere.append(child)
        self.name = child.name
        children = [1]
        children.append(child)
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
