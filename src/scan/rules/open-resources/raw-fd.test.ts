import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { rawFd } from './raw-fd.ts';

test('descriptor numbers that nothing closes', () => {
  expectMarkedLines(
    rawFd,
    `
import os
import tempfile

def read(path):
    fd = os.open(path, os.O_RDONLY)  # <- finds high
    return os.read(fd, 10)

def pipe():
    r, w = os.pipe()  # <- finds high
    os.write(w, b"x")
    os.close(w)

def name():
    return tempfile.mkstemp()[1]  # <- finds high

def named():
    _, path = tempfile.mkstemp(".txt")  # <- finds high
    return path

def dropped(fd):
    os.dup(fd)  # <- finds high
`,
  );
});

test('closed, made a file or socket of, returned, kept or compared', () => {
  expectMarkedLines(
    rawFd,
    `
import os, socket, subprocess
import tempfile

def closed(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 10)
    finally:
        os.close(fd)

def wrapped(path):
    fd, name = tempfile.mkstemp()
    with os.fdopen(fd, "w") as f:
        f.write("x")
    return name

def opened(path):
    fd = os.open(path, os.O_RDONLY)
    with open(fd) as f:
        return f.read()

def returned():
    r, w = os.pipe()
    return r, w

class Keeper:
    def __init__(self):
        self.fd = os.open("x", os.O_RDONLY)
        self.r, self.w = os.pipe()

def guarded(path):
    fd = -1
    try:
        fd = os.open(path, os.O_RDONLY)
        return os.read(fd, 1)
    finally:
        if fd >= 0:
            os.close(fd)

def replaced(fd):
    os.dup2(fd, 1)
    saved = os.dup(1)
    os.dup2(saved, 1)
    os.close(saved)
`,
  );
});

test('a finally block closes the descriptor', () => {
  expect(
    fixed(
      rawFd,
      `import os

def read(path):
    fd = os.open(path, os.O_RDONLY)
    data = os.read(fd, 10)
    return data
`,
    ),
  ).toBe(`import os

def read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        data = os.read(fd, 10)
    finally:
        os.close(fd)
    return data
`);
});
