import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { boundCallbackCycle } from './bound-callback-cycle.ts';

test('callbacks of a future that close over it', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
def watch(executor, future, self):
    future.add_done_callback(lambda f: print(future.result()))  # <- finds medium
    job = executor.submit(work)
    def finished(f):
        log(job)
    job.add_done_callback(finished)  # <- finds medium
    future_add_done_callback(future, lambda f: self.add_callback(work, future))  # <- finds medium
`,
  );
});

test('callbacks that use their argument, and those of tasks, are fine', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
import asyncio

JOB = executor.submit(work)
JOB.add_done_callback(lambda f: print(JOB))

def watch(executor, future, other, tasks):
    future.add_done_callback(lambda f: print(f.result()))
    future.add_done_callback(lambda future: print(future.result()))
    future.add_done_callback(lambda f: other.set_result(f.result()))
    future.add_done_callback(tasks.discard)
    future.add_done_callback(print)
    def finished(future):
        log(future)
    future.add_done_callback(finished)
    task = asyncio.create_task(work())
    task.add_done_callback(lambda _: tasks.discard(task))
    tasks.first.add_done_callback(lambda f: print(future))

def accept(self, sockets):
    def loop(f=None):
        if f is not None:
            f.result()
        f = self.accept(sockets)
        f.add_done_callback(loop)
    self.call_soon(loop)
`,
  );
});

test('an object with its own method under a second name', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
class Backend:
    def apply(self, function):
        future = self.client.submit(function)
        future.get = future.result  # <- finds medium
        return future

def patched(response):
    response.read_all = response.read  # <- finds medium
`,
  );
});

test('data, methods of others, classes and names that are deleted are fine', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
import socket

socket.get = socket.send

def copied(job, other):
    job.first = job.second
    job.get = other.result
    job.get = job.result()
    job.fetch = job.read
    del job.fetch

class Reader:
    def __init__(self, file):
        self.file = file
        self.get = self.read
        self.read_line = file.readline
    def read(self):
        pass
`,
  );
});

test('an open file that gets a method of its keeper', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
class OpenFile:
    def __enter__(self):
        f = self.fs.open(self.name)
        files = [f]
        if self.compression:
            f = compress(f)
            files.append(f)
        self.files = files
        f.__fspath__ = self.path_of  # <- finds medium
        return f

    def connect(self):
        sock = socket.create_connection(self.address)
        sock.on_error = self.path_of  # <- finds medium
        self.sock = sock

    def path_of(self):
        return self.name
`,
  );
});

test('what the object does not keep, and what is not opened, is fine', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
class OpenFile:
    def __enter__(self):
        f = self.fs.open(self.name)
        f.path = self.name
        f.path_of = self.path_of
        return f

    def button(self):
        button = Button()
        button.on_click = self.path_of
        self.button = button

    def path_of(self):
        return self.name
`,
  );
});
