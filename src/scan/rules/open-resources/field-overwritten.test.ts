import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { fieldOverwritten } from './field-overwritten.ts';

test('finds open resources that are forgotten or replaced', () => {
  expectMarkedLines(
    fieldOverwritten,
    `
import os, socket

class Client:
    def __init__(self, address):
        self.address = address
        self.sock = None

    def dial(self):
        self.sock = socket.socket()
        try:
            self.sock.connect(self.address)
        except OSError:
            self.sock = None  # <- finds medium
            raise

    def hang(self):
        self.sock.send(b"Q")
        self.sock = None  # <- finds medium

    def reconnect(self):
        self.sock = socket.create_connection(self.address)  # <- finds medium

class Log:
    def __init__(self, path):
        self.fd = os.open(path, 0)

    def rotate(self, path):
        self.fd = os.open(path, 0)  # <- finds high
`,
  );
});

test('says nothing of what is closed, tested, first opened or of others', () => {
  expectMarkedLines(
    fieldOverwritten,
    `
import socket

class Client:
    def __init__(self, address):
        self.sock = None
        self.sock = socket.create_connection(address)

    def close(self):
        self.sock.send(b"bye")
        self.sock.close()
        self.sock = None

    def quit(self):
        try:
            self.sock.close()
        finally:
            self.sock = None

    def connect(self, address):
        self.sock = socket.create_connection(address)

    def reconnect(self, address):
        self.close()
        self.sock = socket.create_connection(address)

    def reopen(self, address):
        if self.sock is None:
            self.sock = socket.create_connection(address)

    def detach(self):
        sock = self.sock
        self.sock = None
        return sock

    def on_closed(self):
        self.sock.fileno()
        self.sock = None

    def either(self, data):
        if data:
            self.sock.send(data)
        else:
            self.sock = None

class Injected:
    def __init__(self, sock):
        self.other = sock

    def send(self):
        self.other.send(b"")
        self.other = None

class Callers:
    def __init__(self, address):
        self.line = socket.create_connection(address)

    def finish(self):
        self.line.close()
        self._forget()

    def _forget(self):
        self.line.fileno()
        self.line = None
`,
  );
});

test('the fix closes it first', () => {
  const text = fieldOverwritten.doc.example.leaks;
  expect(fixed(fieldOverwritten, text)).toBe(fieldOverwritten.doc.example.fine);
  const crlf = text.replaceAll('\n', '\r\n');
  expect(fixed(fieldOverwritten, crlf)).toBe(fieldOverwritten.doc.example.fine.replaceAll('\n', '\r\n'));
  expect(fixed(fieldOverwritten, text.replace('self.sock = None', 'x = 1; self.sock = None'))).toBeUndefined();
});
