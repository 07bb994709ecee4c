import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { tempNotRemoved } from './temp-not-removed.ts';

test('temporary files and directories that nothing removes', () => {
  expectMarkedLines(
    tempNotRemoved,
    `
import os, subprocess
from tempfile import mkdtemp, mkstemp

def build(source):
    directory = mkdtemp()  # <- finds high
    subprocess.run(["make", "-C", source, "O=" + directory])

def join(render):
    directory = mkdtemp()  # <- finds high
    path = os.path.join(directory, "page")
    render(path)

def file(data, load):
    fd, path = mkstemp()  # <- finds high
    os.write(fd, data)
    os.close(fd)
    load(path)
`,
  );
});

test('removed, moved, returned, or given to what takes care of it', () => {
  expectMarkedLines(
    tempNotRemoved,
    `
import atexit, os, shutil
from tempfile import mkdtemp, mkstemp

def removed(render):
    directory = mkdtemp()
    try:
        render(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)

def returned():
    directory = mkdtemp()
    return directory

def part_returned(render):
    directory = mkdtemp()
    path = os.path.join(directory, "page")
    render(path)
    return path

def moved(data, target):
    fd, path = mkstemp()
    with os.fdopen(fd, "wb") as f:
        f.write(data)
    os.replace(path, target)

def at_exit(render):
    directory = mkdtemp()
    atexit.register(shutil.rmtree, directory)
    render(directory)

def in_test(self):
    directory = mkdtemp()
    self.addCleanup(shutil.rmtree, directory)

class Cache:
    def __init__(self):
        self.directory = mkdtemp()

def wrapped(Workspace):
    directory = mkdtemp()
    Workspace(directory).run()
`,
  );
});

test('a finally block removes the directory', () => {
  expect(
    fixed(
      tempNotRemoved,
      'from tempfile import mkdtemp\n\ndef build(make):\n    directory = mkdtemp()\n\n    make(directory)',
    ),
  ).toBe(
    'import shutil\nfrom tempfile import mkdtemp\n\ndef build(make):\n    directory = mkdtemp()\n    try:\n\n        make(directory)\n    finally:\n        shutil.rmtree(directory)\n',
  );
});

test('who is handed a path within the directory looks after it; who is handed a result does not', () => {
  expectMarkedLines(
    tempNotRemoved,
    `
import os
import tempfile
from pathlib import Path

def converted(video, write):
    directory = Path(tempfile.mkdtemp())
    output = directory / f"{video}.mp4"
    write(output)
    return str(output)

def downloaded(directory, key, fetch):
    directory = directory or tempfile.mkdtemp(prefix="bundle-")
    path = Path(directory) / key
    fetch(path)
    return {"path": str(path)}

class Job:
    def start(self):
        directory = tempfile.mkdtemp()
        self.log = os.path.join(directory, "log")

def measured(write):
    directory = tempfile.mkdtemp()  # <- finds
    path = os.path.join(directory, "out")
    write(path)
    return os.path.getsize(path)
`,
  );
});
