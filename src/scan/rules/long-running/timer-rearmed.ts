// L10: a method that starts a timer and overwrites the handle of the one before without cancelling it.

import type { Attribute, Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { isGuardedBy } from '../../lifetimes/guards.ts';
import { isInside, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, keywordOf, type ScannedFile, textOf } from '../../scanned-file.ts';

/** Methods that run a callback later and return the handle that cancels it. */
const ARMING: ReadonlySet<string> = new Set(['call_later', 'call_at', 'callLater', 'add_timeout']);

export const timerRearmed: Rule = {
  name: 'timer-rearmed',
  code: 'L10',
  cause: 'long-running process',
  sameAs: [],
  words: ['call_later', 'call_at', 'callLater', 'add_timeout', 'Timer('],
  doc: {
    what: 'A method that stores the handle of a new `call_later` or `threading.Timer` over that of an earlier one, which it does not cancel.',
    why: 'The earlier timer goes on: the event loop keeps its handle, callback and object until its time comes (a `Timer` keeps a thread), and nobody can cancel it any more. Where the method runs often and the delay is long, timers pile up, and each of them fires.',
    evidence:
      'The attribute is assigned in a method other than `__init__`; no test asks whether it is set; the method does not cancel it or call something that does; and the timer’s callback is not the method itself, which runs when the last timer is gone. Medium.',
    fix: 'Cancel the old handle before the new one is stored. The fix adds that.',
    ignore: 'When the method runs once for each object.',
    example: {
      leaks: `
class Session:
    def __init__(self, loop):
        self.loop = loop
        self.timeout = None

    def touch(self):
        self.timeout = self.loop.call_later(3600, self.expire)

    def expire(self):
        self.close()
`,
      fine: `
class Session:
    def __init__(self, loop):
        self.loop = loop
        self.timeout = None

    def touch(self):
        if self.timeout is not None:
            self.timeout.cancel()
        self.timeout = self.loop.call_later(3600, self.expire)

    def expire(self):
        self.close()
`,
    },
  },
  check(file, report) {
    for (const { target, call } of armedTimers(file)) {
      const receiver = receiverAround(file, target);
      if (receiver === undefined || target.value.kind !== 'Name' || target.value.id !== receiver.name) continue;
      const { node } = receiver.method;
      if (node.kind === 'Lambda' || runsOnce(file, receiver, node.name)) continue;
      const reads = (read: string) => read === target.attr;
      if (isGuardedBy(target, reads) || isCancelled(file, target, receiver) || isRearmedByItself(file, call, receiver))
        continue;
      report({
        node: target.parent!,
        confidence: 'medium',
        message: `the timer that \`${textOf(file, target)}\` had before goes on: each call of \`${node.name}\` leaves one more`,
        remedy: 'cancel the earlier timer first',
        fix: () => cancelFix(file, target),
      });
    }
  },
};

/** `self.handle = loop.call_later(…)` and `self.timer = threading.Timer(…)`. */
function armedTimers(file: ScannedFile): readonly { readonly target: Attribute; readonly call: Call }[] {
  return file.source.calls.flatMap((call) => {
    const { func, parent } = call;
    if (parent?.kind !== 'Assign' || parent.targets.length !== 1) return [];
    const target = parent.targets[0]!;
    const arms = func.kind === 'Attribute' && ARMING.has(func.attr);
    if (target.kind !== 'Attribute' || !(arms || dottedName(file.source, func) === 'threading.Timer')) return [];
    return [{ target, call }];
  });
}

/** Whether the method runs once for each object, by its name or those of all methods of the class that call it. */
function runsOnce(file: ScannedFile, { cls }: Receiver, name: string): boolean {
  if (isStart(name)) return true;
  const callers = (file.source.attributes.get(name) ?? [])
    .filter((use) => isInside(use, cls.node) && use.parent?.kind === 'Call' && use.parent.func === use)
    .map((use) => functionAround(file, use)?.name ?? '');
  return callers.length > 0 && callers.every(isStart);
}

/** Methods that run once for each object, or each connection or start of it. */
function isStart(name: string): boolean {
  return /^(?:__\w+__|_*(?:init|initiali[sz]e|setup|set_up|start|open|connect|connection_made|run|main|begin|launch)(?:_\w+)?|_*start\w*)$/.test(
    name,
  );
}

/** Whether the method cancels or clears the old handle, or calls a method of the class that does. */
function isCancelled(file: ScannedFile, target: Attribute, receiver: Receiver): boolean {
  const clearing = (file.source.attributes.get(target.attr) ?? []).flatMap((use) => {
    const isCleared = use.ctx === 'Del' || (use.ctx === 'Load' && isUsed(use));
    return isCleared ? [use] : [];
  });
  if (clearing.some((use) => isInside(use, receiver.method.node) && use.start < target.start)) return true;
  const { bindings } = receiver.cls.scope;
  return file.source.calls.some((call) => {
    if (!isInside(call, receiver.method.node) || call.start >= target.start) return false;
    const name = call.func.kind === 'Attribute' && call.func.value.kind === 'Name' ? call.func.attr : '';
    if (/cancel|stop|clear|remove|reset|disarm/i.test(name)) return true;
    const called = bindings.get(name)?.definitions[0];
    return called?.kind === 'function' && clearing.some((use) => isInside(use, called.node));
  });
}

/** Cancelled, or handed to something that may cancel it: not merely compared. */
function isUsed(use: Attribute): boolean {
  const { parent } = use;
  return (
    parent?.kind === 'Call' ||
    (parent?.kind === 'Attribute' && /cancel|stop|remove|close/i.test(parent.attr)) ||
    parent?.kind === 'Assign'
  );
}

/** Whether the timer's callback is this method, or leads to it: then the last timer has fired. */
function isRearmedByItself(file: ScannedFile, call: Call, receiver: Receiver): boolean {
  const { node } = receiver.method;
  if (node.kind === 'Lambda') return true;
  const callbacks = [...call.args, ...call.keywords.map(({ value }) => value)];
  const names = new Set<string>();
  for (const callback of [...callbacks, keywordOf(call, 'function')]) {
    if (callback?.kind === 'Attribute') names.add(callback.attr);
    else if (callback?.kind === 'Lambda' || callback?.kind === 'Call') return mentionsMethod(file, callback, node.name);
  }
  if (names.has(node.name)) return true;
  return [...names].some((name) => {
    const called = receiver.cls.scope.bindings.get(name)?.definitions[0];
    return called?.kind === 'function' && mentionsMethod(file, called.node, node.name);
  });
}

function mentionsMethod(file: ScannedFile, around: Node, name: string): boolean {
  return (file.source.attributes.get(name) ?? []).some((use) => isInside(use, around));
}

/** Cancels what the attribute holds, before a statement that has its line for itself. Safe to call on a fired timer. */
function cancelFix(file: ScannedFile, target: Attribute): Fix | undefined {
  const statement = target.parent;
  if (statement?.kind !== 'Assign' || !isSetToNoneFirst(file, target)) return undefined;
  const { text } = file.source;
  const indentation = indentationAt(text, statement.start);
  const at = lineStart(text, statement.start);
  if (at + indentation.length !== statement.start) return undefined;
  const end = lineEndOf(text);
  const handle = textOf(file, target);
  return {
    title: 'Cancel the earlier timer',
    safety: 'unsafe',
    edits: [
      {
        start: at,
        end: at,
        text: `${indentation}if ${handle} is not None:${end}${indentation}${indentationUnit(text)}${handle}.cancel()${end}`,
      },
    ],
  };
}

/** Whether the attribute is there, as None, before the first timer. */
function isSetToNoneFirst(file: ScannedFile, target: Attribute): boolean {
  return (file.source.attributes.get(target.attr) ?? []).some(
    ({ ctx, parent }) =>
      ctx === 'Store' && (parent?.kind === 'Assign' || parent?.kind === 'AnnAssign') && isNone(parent.value),
  );
}

function isNone(expr: Expr | undefined): boolean {
  return expr?.kind === 'Constant' && expr.value === null;
}
