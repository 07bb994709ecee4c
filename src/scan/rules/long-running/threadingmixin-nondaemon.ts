// L11: threading servers that keep a list of the threads of all requests.

import type { ClassDef, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { ClassInfo } from '../../../source/source-index.ts';
import { ancestorsOf } from '../../../source/type-inference.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart, replaceNode } from '../../edits/edits.ts';
import type { Confidence, Fix } from '../../finding.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, type ScannedFile } from '../../scanned-file.ts';

/** Classes that start a thread for each request and keep the threads that are no daemons. */
const THREADING =
  /(?:^|\.)(?:socketserver|SocketServer)\.(?:ThreadingMixIn|Threading(?:TCP|UDP|UnixStream|UnixDatagram)Server)$/;
/** Either of these set to the value ends the keeping. */
const SETTINGS: ReadonlyMap<string, boolean> = new Map([
  ['daemon_threads', true],
  ['block_on_close', false],
]);

export const threadingMixinNondaemon: Rule = {
  name: 'threadingmixin-nondaemon',
  code: 'L11',
  cause: 'long-running process',
  sameAs: [],
  words: ['socketserver', 'SocketServer'],
  doc: {
    what: 'A server on `socketserver.ThreadingMixIn` whose threads are not daemons.',
    why: 'Since Python 3.7 such a server remembers the thread of every request, to wait for all of them when it is closed. Python 3.7, and the first releases of 3.8 and 3.9, never forget one: the list grows with every request. Later releases drop ended threads whenever a new one starts, so that only threads that still run, and clients that keep a connection open, hold memory.',
    evidence:
      'A class with `ThreadingMixIn` among its bases, or a threading server made directly, and neither `daemon_threads = True` nor `block_on_close = False` in the class, its bases in this file, or on the server. High where the project supports Python 3.7 or older, medium before 3.10, else low.',
    fix: 'Set `daemon_threads = True`, as `http.server.ThreadingHTTPServer` does. The fix inserts it; it is unsafe, because requests under way are then cut off when the process exits.',
    ignore: 'The process has to wait for its requests when it ends, and runs on Python 3.10 or newer.',
    example: {
      leaks: `
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer

class ThreadingServer(ThreadingMixIn, WSGIServer):
    """Serves each request in a thread."""
`,
      fine: `
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer

class ThreadingServer(ThreadingMixIn, WSGIServer):
    """Serves each request in a thread."""

    daemon_threads = True
`,
    },
  },
  check(file, report) {
    if (isSetOnServer(file)) return;
    const remedy = 'set `daemon_threads = True` in the class';
    for (const cls of file.source.classes) {
      const base = cls.node.bases.find((expr) => THREADING.test(dottedName(file.source, expr) ?? ''));
      if (base === undefined || isSetInClass(file, cls)) continue;
      report({
        node: cls.node,
        confidence: confidenceFor(file),
        message: `\`${cls.node.name}\` remembers the thread of every request until it is closed, as its threads are not daemons`,
        remedy,
        evidence: [{ node: base, text: 'keeps the threads' }],
        fix: () => insertSetting(file, cls.node),
      });
    }
    for (const [name, calls] of callsByName(file)) {
      if (!THREADING.test(name) || name.endsWith('MixIn')) continue;
      for (const call of calls) {
        report({
          node: call,
          confidence: confidenceFor(file),
          message:
            'the server remembers the thread of every request until it is closed, as its threads are not daemons',
          remedy: 'set `daemon_threads = True` on the server or in a class of its own',
        });
      }
    }
  },
};

function confidenceFor(file: ScannedFile): Confidence {
  const [major, minor] = file.project.minimumPython;
  if (major < 3 || minor <= 7) return 'high';
  return minor < 10 ? 'medium' : 'low';
}

/** Whether the file sets one of the attributes on some object: `server.daemon_threads = True`. */
function isSetOnServer(file: ScannedFile): boolean {
  return [...SETTINGS.keys()].some((name) =>
    (file.source.attributes.get(name) ?? []).some(({ ctx }) => ctx === 'Store'),
  );
}

function isSetInClass(file: ScannedFile, cls: ClassInfo): boolean {
  return ancestorsOf(file.index, cls).some((ancestor) =>
    [...SETTINGS].some(([name, wanted]) =>
      (ancestor.scope.bindings.get(name)?.definitions ?? []).some(
        (definition) =>
          definition.kind !== 'value' || definition.value.kind !== 'Constant' || definition.value.value === wanted,
      ),
    ),
  );
}

function insertSetting(file: ScannedFile, node: ClassDef): Fix | undefined {
  const { text } = file.source;
  const title = 'Make the threads of the server daemons';
  const setting = 'daemon_threads = True';
  const [first, second] = node.body as readonly Node[];
  if (first === undefined) return undefined;
  const placeholder = node.body.find(({ kind }) => kind === 'Pass');
  if (placeholder !== undefined) return { title, safety: 'unsafe', edits: [replaceNode(placeholder, setting)] };
  if (text.slice(lineStart(text, first.start), first.start).trim() !== '') return undefined;
  const isDocumented =
    first.kind === 'Expr' && first.value.kind === 'Constant' && typeof first.value.value === 'string';
  const indentation = indentationAt(text, first.start);
  const end = lineEndOf(text);
  if (!isDocumented) {
    const at = lineStart(
      text,
      'decorator_list' in first ? (first.decorator_list[0]?.start ?? first.start) : first.start,
    );
    return { title, safety: 'unsafe', edits: [{ start: at, end: at, text: `${indentation}${setting}${end}${end}` }] };
  }
  const at = nextLineStart(text, first.end);
  if (second !== undefined && second.start < at) return undefined;
  const missing = at === text.length && !/[\r\n]$/.test(text) ? end : '';
  return {
    title,
    safety: 'unsafe',
    edits: [{ start: at, end: at, text: `${missing}${end}${indentation}${setting}${end}` }],
  };
}
