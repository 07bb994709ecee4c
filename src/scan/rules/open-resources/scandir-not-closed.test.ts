import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { scandirNotClosed } from './scandir-not-closed.ts';

test('listings that may be left before their end', () => {
  expectMarkedLines(
    scandirNotClosed,
    `
import os

class Files:
    def ls(self, path):
        return [self.info(entry) for entry in os.scandir(path)]  # <- finds medium

def first(path):
    for entry in os.scandir(path):  # <- finds
        if entry.is_file():
            return entry.name

def walk(path):
    for entry in os.scandir(path):  # <- finds
        yield entry.path

def is_empty(path):
    return not any(os.scandir(path))  # <- finds

def named(path, handle):
    entries = os.scandir(path)  # <- finds
    for entry in entries:
        handle(entry)
`,
  );
});

test('read to the end, entered, closed or returned', () => {
  expectMarkedLines(
    scandirNotClosed,
    `
import os

def names(path):
    return [entry.name for entry in os.scandir(path) if entry.is_file()]

def listed(path):
    for entry in sorted(os.scandir(path), key=str):
        print(open(entry.path).read())

def entered(path, handle):
    with os.scandir(path) as entries:
        for entry in entries:
            handle(entry)

def counted(path):
    found = []
    for entry in os.scandir(path):
        found.append(entry.name)
    return found

def closed(path, handle):
    entries = os.scandir(path)
    try:
        for entry in entries:
            handle(entry)
    finally:
        entries.close()

def given(path):
    return os.scandir(path)
`,
  );
});

test('the loop moves into a with statement', () => {
  expect(
    fixed(scandirNotClosed, 'import os\ndef ls(info, path):\n    return [info(e) for e in os.scandir(path)]\n'),
  ).toBe('import os\ndef ls(info, path):\n    with os.scandir(path) as f:\n        return [info(e) for e in f]\n');
});
