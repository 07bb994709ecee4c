import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { handleRebound } from './handle-rebound.ts';

test('the name of an open resource gets another value', () => {
  expectMarkedLines(
    handleRebound,
    `
import socket

def two(a, b):
    f = open(a)  # <- finds medium
    print(f.read())
    f = open(b)
    print(f.read())
    f.close()

def last_only(paths):
    for path in paths:
        f = open(path)  # <- finds
        print(f.read())
    f.close()

def forgotten(address):
    s = socket.socket()  # <- finds
    s = None
    s.close()
`,
  );
});

test('closed before, kept under another name, or wrapped', () => {
  expectMarkedLines(
    handleRebound,
    `
import io, ssl

def closed(paths):
    f = None
    for path in paths:
        if f:
            f.close()
        f = open(path)
        print(f.read())
    f.close()

def kept(a, b):
    f = open(a)
    g = f
    f = open(b)
    f.close()
    g.close()

def wrapped(a, context):
    f = open(a, "rb")
    f = io.TextIOWrapper(f)
    f.close()

def stored(paths, files):
    for path in paths:
        f = open(path)
        files.append(f)
    f.close()

def comprehension(paths):
    f = open("x")
    names = [f for f in paths]
    f.close()
    return names
`,
  );
});
