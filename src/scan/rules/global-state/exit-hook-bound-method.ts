// G06: an exit, fork or signal hook that holds the object whose method registers it.

import type { Call, Expr, FunctionDef, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart, replaceNode, useOf } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { holdsObject } from '../../lifetimes/held-objects.ts';
import { isInside, isSingleton, perObject, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, functionAround, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';

/** Functions that keep a callback until the process ends, and what takes it back again, if anything does. */
const REGISTRARS: Readonly<Record<string, string | undefined>> = {
  'atexit.register': 'unregister',
  'os.register_at_fork': undefined,
  'threading._register_atexit': undefined,
};

export const exitHookBoundMethod: Rule = {
  name: 'exit-hook-bound-method',
  code: 'G06',
  cause: 'global state',
  sameAs: [],
  words: ['atexit', 'register_at_fork', 'signal.signal'],
  doc: {
    what: 'A method that registers a bound method of its object, or a function that uses the object, to run at exit or at a fork.',
    why: '`atexit` and `os.register_at_fork` keep what they are given until the process ends. A bound method keeps its object, so every object that registers itself stays, with all it refers to. For `signal.signal` it is the last one for each signal.',
    evidence:
      'The registered callback is a bound method of the object, or a lambda, partial or inner function that uses it, and the class never calls `atexit.unregister`. High where the project makes objects of the class again and again, medium where that is not known, low where one object is all there is.',
    fix: 'Register a function that needs only the resource, use `weakref.finalize`, or unregister in `close`. The fix registers a function that holds the method weakly: objects freed earlier are then not closed at exit, which is for you to judge.',
    ignore: 'When the process makes one such object and keeps it anyway.',
    example: {
      leaks: `
import atexit

class Journal:
    def __init__(self, path):
        self.file = open(path, 'a')
        atexit.register(self.close)

    def close(self):
        self.file.close()
`,
      fine: `
import weakref

class Journal:
    def __init__(self, path):
        self.file = open(path, 'a')
        self._finalizer = weakref.finalize(self, self.file.close)

    def close(self):
        self._finalizer()
`,
    },
  },
  check(file, report) {
    for (const { node, registrar, callbacks } of registrationsOf(file)) {
      const receiver = receiverAround(file, node);
      if (receiver === undefined) continue;
      const held = callbacks.find((callback) => holdsReceiver(file, callback, receiver));
      if (held === undefined || isTakenBack(file, receiver, registrar)) continue;
      const bounded = registrar === 'signal.signal';
      report({
        node,
        confidence: bounded || isSingleton(receiver.cls) ? 'low' : 'high',
        message: bounded
          ? `\`${registrar}\` keeps \`${receiver.name}\` alive for as long as the handler is set`
          : `\`${registrar}\` keeps every \`${receiver.cls.node.name}\` that runs this until the process ends`,
        remedy: 'register a function that needs only the resource, or hold the method with `weakref.WeakMethod`',
        evidence: [{ node: held, text: `holds \`${receiver.name}\`` }],
        conditions: bounded ? [] : perObject(file, receiver.cls),
        fix: () => (bounded ? undefined : weakMethodFix(file, node, held)),
      });
    }
  },
};

interface Registration {
  /** The call, or the decorator that stands for one. */
  readonly node: Node;
  readonly registrar: string;
  readonly callbacks: readonly Node[];
}

/** Every place that registers something for the end of the process, a fork or a signal. */
const registrationsOf = oncePerFile((file): readonly Registration[] => {
  const found: Registration[] = [];
  for (const registrar of [...Object.keys(REGISTRARS), 'signal.signal']) {
    for (const call of callsByName(file).get(registrar) ?? []) {
      const callbacks = [...call.args, ...call.keywords.map(({ value }) => value)];
      found.push({ node: call, registrar, callbacks });
    }
  }
  for (const { node } of file.source.functions) {
    if (node.kind === 'Lambda') continue;
    for (const decorator of node.decorator_list) {
      const registrar = dottedName(file.source, decorator);
      if (registrar !== undefined && Object.hasOwn(REGISTRARS, registrar)) {
        found.push({ node: decorator, registrar, callbacks: [node] });
      }
    }
  }
  return found;
});

function holdsReceiver(file: ScannedFile, callback: Node, receiver: Receiver): boolean {
  if (callback.kind !== 'FunctionDef' && callback.kind !== 'AsyncFunctionDef') {
    return holdsObject(file, callback as Expr, receiver.name);
  }
  return (file.source.names.get(receiver.name) ?? []).some((name) => isInside(name, callback));
}

/** Whether the class, or the function around, unregisters what it registers. */
function isTakenBack(file: ScannedFile, receiver: Receiver, registrar: string): boolean {
  if (registrar === 'signal.signal') {
    // Setting a handler in more places than one is how the old handler is put back.
    const settings = (callsByName(file).get(registrar) ?? []).filter((call) => isInside(call, receiver.cls.node));
    return settings.some((call) => !holdsObject(file, call.args[1] ?? call, receiver.name));
  }
  const inverse = REGISTRARS[registrar];
  if (inverse === undefined) return false;
  return (file.source.attributes.get(inverse) ?? []).some((attribute) => isInside(attribute, receiver.cls.node));
}

/** Registers a function that holds the method weakly. Only where the whole statement is that registration. */
function weakMethodFix(file: ScannedFile, call: Node, held: Node): Fix | undefined {
  const statement = call.parent;
  if (call.kind !== 'Call' || statement?.kind !== 'Expr' || !isWeakenable(call, held)) return undefined;
  const { text } = file.source;
  const indentation = indentationAt(text, statement.start);
  const startsLine = lineStart(text, statement.start) + indentation.length === statement.start;
  const weakref = useOf(file, 'weakref', 'WeakMethod');
  const weak = `weak_${held.attr.replace(/^_+/, '')}`;
  const hook = `${held.attr.replace(/^_+/, '')}_if_alive`;
  if (!startsLine || weakref === undefined || isTaken(file, call, weak) || isTaken(file, call, hook)) return undefined;
  const unit = indentationUnit(text);
  const end = lineEndOf(text);
  const lines = [
    `${weak} = ${weakref.expression}(${textOf(file, held)})`,
    '',
    `def ${hook}():`,
    `${unit}method = ${weak}()`,
    `${unit}if method is not None:`,
    `${unit}${unit}method()`,
    '',
  ].map((line) => (line === '' ? '' : indentation + line) + end);
  const at = lineStart(text, statement.start);
  return {
    title: `Hold \`${textOf(file, held)}\` weakly`,
    safety: 'unsafe',
    edits: [...weakref.edits, { start: at, end: at, text: lines.join('') }, replaceNode(held, hook)],
  };
}

/** Whether the call passes the bound method alone. */
function isWeakenable(call: Call, held: Node): held is Expr & { readonly kind: 'Attribute' } {
  return held.kind === 'Attribute' && call.args.length + call.keywords.length === 1;
}

function isTaken(file: ScannedFile, node: Node, name: string): boolean {
  const around: FunctionDef | undefined = functionAround(file, node);
  return around === undefined || (file.source.names.get(name) ?? []).some((other) => isInside(other, around));
}
