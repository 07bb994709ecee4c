import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { generatorAbandoned } from './generator-abandoned.ts';

test('finds loops that leave a generator with something open', () => {
  expectMarkedLines(
    generatorAbandoned,
    `
def lines(path):
    with open(path) as f:
        for line in f:
            yield line

class Table:
    async def rows(self):
        async with self.pool.acquire() as connection:
            async for row in connection:
                yield row

    async def first(self):
        async for row in self.rows():
            if row:
                break  # <- finds medium

def first(path):
    for line in lines(path):
        return line  # <- finds low
`,
  );
});

test('says nothing of generators that are used up, closed, or hold nothing', () => {
  expectMarkedLines(
    generatorAbandoned,
    `
import contextlib

def lines(path):
    with open(path) as f:
        for line in f:
            yield line

def eager(path):
    with open(path) as f:
        found = f.readlines()
    for line in found:
        yield line

def locked(self):
    with suppress(OSError):
        yield 1

def user(path):
    for line in lines(path):
        for word in line.split():
            break
    for line in eager(path):
        break
    for line in locked(path):
        break
    with contextlib.closing(lines(path)) as found:
        for line in found:
            break
    for line in lines(path):
        def inner():
            return line
    for line in imported(path):
        break
`,
  );
});
