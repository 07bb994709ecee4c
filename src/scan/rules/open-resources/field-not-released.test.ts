import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { fieldNotReleased } from './field-not-released.ts';

test('finds what the own closing method forgets', () => {
  expectMarkedLines(
    fieldNotReleased,
    `
import mmap, os, socket, tempfile, zmq

class Store:
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)

    def read(self, at):
        data = self.map
        return parse(data, at)

    def close(self):
        if self.file:  # <- finds medium
            self.file.close()
            self.file = None

class Waker:
    def __init__(self):
        self.read_end, self.write_end = os.pipe()

    def close(self):
        os.close(self.read_end)  # <- finds

class Manager:
    context = Instance(zmq.Context)

    def _context_default(self):
        return zmq.Context()

    def shutdown_manager(self):
        self.log.info("going")
        self.cleanup()  # <- finds medium

    def cleanup(self):
        self.session = None

class Owner:
    def __init__(self, address):
        sock = socket.create_connection(address)
        sock.setblocking(False)
        self.sock = sock

    def stop(self):  # <- finds medium
        self.running = False
`,
  );
});

test('says nothing of what is released, handed on, injected or has no closing method', () => {
  expectMarkedLines(
    fieldNotReleased,
    `
import contextlib, os, socket, subprocess, threading

class Injected:
    def __init__(self, sock):
        self.sock = sock

    def close(self):
        pass

class NoEnd:
    def __init__(self, path):
        self.file = open(path)

class ByHelper:
    def __init__(self, path):
        self.helper_file = open(path)

    def close(self):
        quietly_close(self.helper_file)

class ByLoop:
    def __init__(self, path):
        self.left, self.right = socket.socketpair()

    def close(self):
        for each in (self.left, self.right):
            each.close()

class ByName:
    def __init__(self, path):
        self.named = open(path)

    def close(self):
        for name in ("named", "other"):
            getattr(self, name).close()

class ByAlias:
    def __init__(self, path):
        self.aliased = open(path)

    def close(self):
        file = self.aliased
        file.close()

class BySwap:
    def __init__(self, path):
        self.swapped = open(path)

    def close(self):
        file, self.swapped = self.swapped, None
        file.close()

class ByThread:
    def __init__(self, address):
        self.worker_sock = socket.create_connection(address)

    def run(self):
        with self.worker_sock:
            work()

    def stop(self):
        self.stopped = True

class ByStack:
    def __init__(self, path):
        self.stack = contextlib.ExitStack()
        self.stacked = self.stack.enter_context(open(path))

    def close(self):
        self.stack.close()

class Handing:
    def __init__(self, address):
        self.handed = socket.create_connection(address)
        self.server = Server(self.handed)

    def close(self):
        self.server.close()

class Dropping:
    def __init__(self, path):
        self.dropped = open(path)

    def close(self):
        self.dropped = None

class Base:
    def __init__(self, path):
        self.inherited = open(path)

    def close(self):
        pass

class Derived(Base):
    def close(self):
        self.inherited.close()

class Process:
    def __init__(self):
        self.process = subprocess.Popen(["a"])

    def stop(self):
        os.kill(self.process.pid, 15)
`,
  );
});

test('objects of classes that own resources are resources', () => {
  expectMarkedLines(
    fieldNotReleased,
    `
import socket

class Connection:
    def __init__(self, address):
        self.sock = socket.create_connection(address)

    def close(self):
        self.sock.close()

class Client:
    def __init__(self, address):
        self.connection = Connection(address)

    def close(self):  # <- finds medium
        self.open = False
`,
  );
});

const POOL = `
import multiprocessing

class Runner:
    def __init__(self):
        self.log = open("log")
        self.pool = multiprocessing.Pool()

    def close(self):
        # the log last
        self.log.close()
`;

test('high where the resource outlives its last reference and the method ends something', () => {
  expectMarkedLines(fieldNotReleased, POOL.replace('self.log.close()', 'self.log.close()  # <- finds high'));
});

test('the fix releases it at the end of the method', () => {
  expect(fixed(fieldNotReleased, POOL)).toBe(`${POOL}        self.pool.close()\n`);
  expect(fixed(fieldNotReleased, POOL.replaceAll('\n', '\r\n'))).toBe(
    `${POOL}        self.pool.close()\n`.replaceAll('\n', '\r\n'),
  );
  expect(fixed(fieldNotReleased, POOL.trimEnd())).toBe(`${POOL}        self.pool.close()\n`);
  const lazy = POOL.replace('multiprocessing.Pool()', 'None').concat(
    '\n    def pool_now(self):\n        self.pool = multiprocessing.Pool()\n',
  );
  expect(fixed(fieldNotReleased, lazy)).toContain(
    'self.log.close()\n        if self.pool is not None:\n            self.pool.close()\n',
  );
  expect(fixed(fieldNotReleased, POOL.concat('        return True\n'))).toBeUndefined();
});

test('the fix names the function that closes a descriptor as the file imports it', () => {
  const text = `
from os import close, pipe

class Waker:
	def __init__(self):
		self.reader, self.writer = pipe()

	def close(self):
		close(self.reader)  # both
`;
  expect(fixed(fieldNotReleased, text)).toBe(`${text}\t\tclose(self.writer)\n`);
});

test('asynchronous clients are closed only by asynchronous methods', () => {
  const text = `
import aiohttp

class Client:
    def __init__(self):
        self.session = aiohttp.ClientSession()

    async def close(self):
        self.open = False
`;
  expect(fixed(fieldNotReleased, text)).toBe(`${text}        await self.session.close()\n`);
  expect(fixed(fieldNotReleased, text.replace('async def close', 'def close'))).toBeUndefined();
});
