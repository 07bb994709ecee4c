import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, fixed } from '../../../../test/support/scan-cases.ts';
import { threadingMixinNondaemon } from './threadingmixin-nondaemon.ts';

test('threading servers without daemon threads', () => {
  expectMarkedLines(
    threadingMixinNondaemon,
    `
import socketserver
from http.server import HTTPServer
from socketserver import ThreadingMixIn, ThreadingTCPServer as TCP

class A(ThreadingMixIn, HTTPServer):  # <- finds medium
    pass
class B(socketserver.ThreadingUDPServer):  # <- finds
    allow_reuse_address = True
class C(ThreadingMixIn, HTTPServer):  # <- finds
    daemon_threads = False
server = TCP(("", 80), Handler)  # <- finds
`,
  );
});

test('daemon threads, no waiting at the end, and other servers are fine', () => {
  expectMarkedLines(
    threadingMixinNondaemon,
    `
import socketserver
from http.server import ThreadingHTTPServer
from socketserver import ThreadingMixIn, TCPServer

class Base:
    daemon_threads = True
class A(ThreadingMixIn, TCPServer):
    daemon_threads = True
class B(ThreadingMixIn, TCPServer):
    block_on_close = False
class C(Base, ThreadingMixIn, TCPServer):
    pass
class D(ThreadingHTTPServer):
    pass
class E(TCPServer):
    pass
`,
  );
  expectMarkedLines(
    threadingMixinNondaemon,
    `
import socketserver
server = socketserver.ThreadingTCPServer(("", 80), Handler)
server.daemon_threads = True
`,
  );
});

test('what the oldest Python does decides how grave it is', () => {
  const text = 'from socketserver import ThreadingMixIn\nclass A(ThreadingMixIn):\n    pass\n';
  const confidence = (minimumPython: readonly [number, number]) =>
    findingsIn(threadingMixinNondaemon, text, { project: { minimumPython } })[0]!.confidence;
  expect([confidence([2, 7]), confidence([3, 7]), confidence([3, 9]), confidence([3, 10])]).toEqual([
    'high',
    'high',
    'medium',
    'low',
  ]);
});

test('fix: the setting, after the docstring, instead of pass, or before what is there', () => {
  const fix = (text: string) => fixed(threadingMixinNondaemon, `from socketserver import ThreadingMixIn\n${text}`);
  const after = (text: string) => `from socketserver import ThreadingMixIn\n${text}`;
  expect(fix('class A(ThreadingMixIn):\n    """Doc."""\n')).toBe(
    after('class A(ThreadingMixIn):\n    """Doc."""\n\n    daemon_threads = True\n'),
  );
  expect(fix('class A(ThreadingMixIn): pass\n')).toBe(after('class A(ThreadingMixIn): daemon_threads = True\n'));
  expect(fix('class A(ThreadingMixIn):\n\t# why\n\t@property\n\tdef f(self):\n\t\tpass\n')).toBe(
    after('class A(ThreadingMixIn):\n\t# why\n\tdaemon_threads = True\n\n\t@property\n\tdef f(self):\n\t\tpass\n'),
  );
  expect(fix('class A(ThreadingMixIn): x = 1\n')).toBeUndefined();
});
