import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, fixed } from '../../../../test/support/scan-cases.ts';
import { classAttrGrows } from './class-attr-grows.ts';

test('objects that put themselves, or something of theirs, into the class', () => {
  expectMarkedLines(
    classAttrGrows,
    `
class Session:
    _all = set()  # <- finds medium

    def __init__(self, user):
        Session._all.add(self)

class Provider:
    _readers = []  # <- finds medium

    def __init__(self, readers):
        self._own = readers
        for reader in self._own:
            self._readers.append(reader)

class Observed:
    _observers = []  # <- finds medium

    def bind_to(self, callback):
        self._observers.append(callback)
`,
  );
});

test('certain where a request reaches it', () => {
  const [finding] = findingsIn(
    classAttrGrows,
    `
class Session:
    _all = set()

    def __init__(self, user):
        self._all.add(self)

def view(request):
    return Session(request.user)
`,
  );
  expect(finding).toMatchObject({
    confidence: 'high',
    message: '`Session._all` is shared by the whole class and keeps every object that is made: none is ever freed',
    subject: { form: 'class attribute', module: 'app', className: 'Session', name: '_all' },
  });
});

test('own containers, weak ones, registries of classes, constants made at import', () => {
  expectMarkedLines(
    classAttrGrows,
    `
import weakref
from dataclasses import dataclass
from pydantic import BaseModel

class Own:
    items = []

    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)

class Weak:
    _all = weakref.WeakSet()

    def __init__(self):
        self._all.add(self)

class Plugin:
    known = {}

    def __init_subclass__(cls):
        cls.known[cls.__name__] = cls

class Registry:
    _commands = {}

    @classmethod
    def register(cls, name, command):
        cls._commands[name] = command

class Model(BaseModel):
    items: list = []

    def add(self, item):
        self.items.append(item)

class Removed:
    _all = []

    def __init__(self):
        self._all.append(self)

    def close(self):
        self._all.remove(self)

class Singleton:
    _instances = {}

    def __new__(cls):
        cls._instances[cls] = object.__new__(cls)
        return cls._instances[cls]
`,
  );
});

test('objects that the module makes as its constants are few', () => {
  expectMarkedLines(
    classAttrGrows,
    `
class Level:
    _all = []  # <- finds low

    def __init__(self, name):
        self._all.append(self)

LOW = Level("low")
HIGH = Level("high")
`,
  );
});

test('the fix holds objects weakly, or gives each its own', () => {
  expect(
    fixed(
      classAttrGrows,
      `class Session:
    _all = set()

    def __init__(self):
        self._all.add(self)
`,
    ),
  ).toBe(`import weakref

class Session:
    _all = weakref.WeakSet()

    def __init__(self):
        self._all.add(self)
`);
  expect(
    fixed(
      classAttrGrows,
      `class Cart:
    items = []
    limit = 10

    def __init__(self, user):
        """Empty."""
        self.user = user

    def add(self, item):
        self.items.append(item)
`,
    ),
  ).toBe(`class Cart:
    limit = 10

    def __init__(self, user):
        """Empty."""
        self.items = []
        self.user = user

    def add(self, item):
        self.items.append(item)
`);
});

test('no fix where a comment would be lost', () => {
  const text =
    'class A:\n    x = []  # why\n    def __init__(self):\n        pass\n    def add(self, y):\n        self.x.append(y)\n';
  expect(fixed(classAttrGrows, text)).toBeUndefined();
});

test('no fix where others use the attribute of the class, or objects cannot be held weakly', () => {
  expect(
    fixed(
      classAttrGrows,
      `class Cart:
    items = []

    def __init__(self):
        self.open = True

    def add(self, item):
        self.items.append(item)

def total():
    return len(Cart.items)
`,
    ),
  ).toBeUndefined();
  expect(
    fixed(
      classAttrGrows,
      `class Session:
    __slots__ = ("user",)
    _all = set()

    def __init__(self):
        self._all.add(self)
`,
    ),
  ).toBeUndefined();
});
