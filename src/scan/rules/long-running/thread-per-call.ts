// L09: threads that never end, started by code that runs again and again. Pools need no rule here: they end their workers
// when they are collected, and whether they are shut down is R09's question.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import type { FunctionInfo } from '../../../source/source-index.ts';
import { enclosingFunction } from '../../../source/source-index.ts';
import { findMethods, inferValues } from '../../../source/type-inference.ts';
import type { Condition } from '../../finding.ts';
import { endlessLoop } from '../../lifetimes/endless-loop.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, keywordOf, type ScannedFile } from '../../scanned-file.ts';

export const threadPerCall: Rule = {
  name: 'thread-per-call',
  code: 'L09',
  cause: 'long-running process',
  sameAs: [],
  words: ['Thread'],
  doc: {
    what: 'A thread with an endless loop, started by code that runs again and again.',
    why: 'A thread that never ends keeps its stack, its arguments and everything its loop uses. Started for each request or object, such threads pile up until the process may have no more.',
    evidence:
      'The target of the thread stands in the file and has a `while True` without a way out of it: no `break`, `return` or `raise`. High where the function that starts it is run again and again, or the class whose constructor starts it is made so. Otherwise nothing is said.',
    fix: 'Start the thread once, for all callers, or give its loop an end: an event that it checks and that the owner sets. There is no automatic fix.',
    ignore: 'Something else sees to it that the thread is started once.',
    example: {
      leaks: `
import threading

def poll(feed):
    while True:
        feed.refresh()

@app.route("/feeds")
def watch(feed):
    threading.Thread(target=poll, args=(feed,), daemon=True).start()
`,
      fine: `
import threading

def poll(feed, stopped):
    while not stopped.wait(10):
        feed.refresh()

@app.route("/feeds")
def watch(feed):
    threading.Thread(target=poll, args=(feed, feed.stopped), daemon=True).start()
`,
    },
  },
  check(file, report) {
    for (const call of callsByName(file).get('threading.Thread') ?? []) {
      const starter = enclosingFunction(file.source, call);
      const target = targetOf(file, call);
      const loop = target === undefined ? undefined : endlessLoop(target);
      if (starter === undefined || target === undefined || loop === undefined || isGuarded(call)) continue;
      report({
        node: call,
        confidence: 'high',
        message: `each call of \`${nameOf(starter)}\` starts a thread, and \`${nameOf(target)}\` never ends: threads pile up with all they hold`,
        remedy: 'start one thread for all callers, or give its loop an end',
        evidence: [{ node: loop, text: 'loops without end' }],
        conditions: [{ condition: repetitionOf(file, starter), otherwise: 'drop' }],
      });
    }
  },
};

function nameOf({ node }: FunctionInfo): string {
  return node.kind === 'Lambda' ? '<lambda>' : node.name;
}

function targetOf(file: ScannedFile, call: Call): FunctionInfo | undefined {
  const target: Expr | undefined = keywordOf(call, 'target') ?? call.args[1];
  if (target === undefined) return undefined;
  for (const value of inferValues(file.index, file.source, target)) {
    if (value.kind === 'function') return value.function;
    if (value.kind === 'instance') return findMethods(file.index, value.class, '__call__')[0];
  }
  return undefined;
}

/** Whether a test decides that the thread is started: mostly that there is none yet. */
function isGuarded(call: Call): boolean {
  for (let node = call.parent; node !== undefined; node = node.parent) {
    if (node.kind === 'If') return true;
    if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef') return startsWithGuard(node.body);
  }
  return false;
}

/** `if self._thread is not None: return` before the thread is made. */
function startsWithGuard(body: readonly Node[]): boolean {
  return body.some((statement) => statement.kind === 'If' && statement.body.some(({ kind }) => kind === 'Return'));
}

function repetitionOf(file: ScannedFile, starter: FunctionInfo): Condition {
  const { module } = file.source;
  const { class: cls, node } = starter;
  return cls !== undefined && node.kind !== 'Lambda' && node.name === '__init__'
    ? { kind: 'is made repeatedly', module, className: cls.qualname }
    : { kind: 'runs repeatedly', module, qualname: starter.qualname };
}
