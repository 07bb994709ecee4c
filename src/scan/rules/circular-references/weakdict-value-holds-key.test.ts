import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { weakdictValueHoldsKey } from './weakdict-value-holds-key.ts';

test('values with the key in them', () => {
  expectMarkedLines(
    weakdictValueHoldsKey,
    `
import functools, weakref
from weakref import WeakKeyDictionary

CACHE = weakref.WeakKeyDictionary()

class Wrapper:
    def __init__(self, name, target):
        self.target = target

class Table:
    def __init__(self):
        self.rows = WeakKeyDictionary()
    def add(self, row):
        self.rows[row] = (1, row)  # <- finds high
        self.rows[row] = {'row': row}  # <- finds
        self.rows[row] = Wrapper('x', row)  # <- finds
        CACHE[row] = lambda: row.value  # <- finds
        CACHE[row] = functools.partial(print, row)  # <- finds
        CACHE[row] = row  # <- finds
    def bind(self, row):
        self.row = row
        self.rows[row] = self  # <- finds
`,
  );
});

test('values without the key, other dictionaries and unknown calls are fine', () => {
  expectMarkedLines(
    weakdictValueHoldsKey,
    `
import weakref

CACHE = weakref.WeakKeyDictionary()
VALUES = weakref.WeakValueDictionary()
PLAIN = {}

class Weak:
    def __init__(self, target):
        self.target = weakref.ref(target)
        self.name = target.name

def add(row, column):
    CACHE[row] = Weak(row)
    CACHE[row] = weakref.ref(row)
    CACHE[row] = unknown(row)
    CACHE[row] = row.value
    CACHE[row] = (column, len(row))
    CACHE[row] = lambda: column
    VALUES[row] = [row]
    PLAIN[row] = [row]
`,
  );
});
