import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { rawFd } from './raw-fd.ts';

test('numbers that a socket is made of, and nothing closes', () => {
  expectMarkedLines(
    rawFd,
    `
import socket

class Listener:
    def __init__(self, address, fd=None):
        if fd is None:
            sock = socket.socket()
        else:
            sock = socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)  # <- finds medium
        self.sock = self.prepared(sock, bound=(fd is not None))
`,
  );
});

test('numbers that are closed, handed on, of others, or duplicated for a while are fine', () => {
  expectMarkedLines(
    rawFd,
    `
import os
import socket

def closed(fd):
    sock = socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)
    os.close(fd)
    return sock

def handed_on(fd, factory):
    sock = socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)
    return factory(sock, fd=fd)

def owned(connection):
    return socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)

def entered(handle):
    with socket.fromfd(handle, socket.AF_INET, socket.SOCK_STREAM) as sock:
        return sock.getpeername()

def made(fd):
    return socket.socket(fileno=fd)

def later(fd):
    def release():
        os.close(fd)
    return socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM), release

STDIN = 0
INHERITED = socket.fromfd(STDIN, socket.AF_INET, socket.SOCK_STREAM)
`,
  );
});
