// X02: an object that gives its own methods to an object it keeps, so that each holds the other.

import type { Attribute, Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { isMethodOfClassAround, mentions } from '../../held-objects.ts';
import { isInside, type Receiver, receiverAround } from '../../receivers.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';

/** Makers of objects in C that hold callbacks and a good deal of memory or descriptors beside. */
const NATIVE =
  /^(?:pycurl\.\w+|xml\.parsers\.expat\.ParserCreate|pyexpat\.ParserCreate|expat\.ParserCreate|sqlite3\.connect|OpenSSL\.SSL\.\w+|cffi\.FFI|ctypes\.CFUNCTYPE|pyaudio\.PyAudio|zmq\.\w+|pygit2\.\w+|vlc\.\w+)$/;

/** Methods that end an object's work. */
const CLOSERS: readonly string[] = [
  'close',
  'stop',
  'shutdown',
  'disconnect',
  'release',
  'dispose',
  'terminate',
  'cleanup',
];

export const boundCallbackCycle: Rule = {
  name: 'bound-callback-cycle',
  code: 'X02',
  cause: 'circular reference',
  sameAs: [],
  words: ['self.'],
  doc: {
    what: 'An object that keeps another in an attribute and gives it a bound method, lambda or partial of its own as a callback.',
    why: 'Each holds the other, so reference counting frees neither: what they refer to stays until the garbage collector comes by. Where the kept object is implemented in C and does not take part in garbage collection, it stays for good.',
    evidence:
      'The attribute is assigned a new object, and that call, a method of it or an attribute of it is given a method of the object; the class never sets the attribute to None or deletes it. Medium for objects of C libraries that hold callbacks (curl, expat, OpenSSL, …), low for others.',
    fix: 'Set the attribute to None when the object is closed, or give the callback a weak reference to the object.',
    ignore: 'When few such objects are made, or they live as long as the process.',
    example: {
      leaks: `
import pycurl

class Client:
    def __init__(self):
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timeout)

    def _set_timeout(self, milliseconds):
        self.timeout = milliseconds

    def close(self):
        self._multi.close()
`,
      fine: `
import pycurl

class Client:
    def __init__(self):
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timeout)

    def _set_timeout(self, milliseconds):
        self.timeout = milliseconds

    def close(self):
        self._multi.close()
        self._multi = None
`,
    },
  },
  check(file, report) {
    for (const [attribute, owned] of ownedObjects(file)) {
      const { receiver, made } = owned;
      const given = callbackGiven(file, attribute, owned);
      if (given === undefined || isLetGo(file, attribute, receiver)) continue;
      const closing = closingUse(file, attribute, receiver);
      report({
        node: closing ?? given,
        confidence: isNative(file, made) ? 'medium' : 'low',
        message: `\`${receiver.name}.${attribute.attr}\` and its owner hold each other through \`${textOf(file, given)}\`, also after closing`,
        remedy: `set \`${receiver.name}.${attribute.attr}\` to None when closing`,
        evidence: [{ node: given, text: `holds \`${receiver.name}\`` }],
      });
    }
  },
};

interface Owned {
  readonly receiver: Receiver;
  /** The call that makes the object. */
  readonly made: Call;
}

/** Attributes that methods set to an object they make: `self.x = Maker(…)`. The first such place counts. */
const ownedObjects = oncePerFile((file): ReadonlyMap<Attribute, Owned> => {
  const found = new Map<Attribute, Owned>();
  const known = new Set<string>();
  for (const made of file.source.calls) {
    if (made.parent?.kind !== 'Assign') continue;
    for (const target of made.parent.targets) {
      if (target.kind !== 'Attribute' || target.value.kind !== 'Name') continue;
      const receiver = receiverAround(file, target);
      if (receiver?.name !== target.value.id) continue;
      const key = `${receiver.cls.qualname}.${target.attr}`;
      if (known.has(key)) continue;
      known.add(key);
      found.set(target, { receiver, made });
    }
  }
  return found;
});

/** The first callback over `self` that the object gets: when it is made, from a method of it, or as its attribute. */
function callbackGiven(file: ScannedFile, attribute: Attribute, { receiver, made }: Owned): Expr | undefined {
  const given: Expr[] = [...argumentsOf(made)];
  for (const use of file.source.attributes.get(attribute.attr) ?? []) {
    if (use === attribute || !isInside(use, receiver.cls.node)) continue;
    const member = use.parent;
    if (member?.kind !== 'Attribute' || member.value !== use) continue;
    if (member.ctx === 'Store' && member.parent?.kind === 'Assign') given.push(member.parent.value);
    if (member.parent?.kind === 'Call' && member.parent.func === member) given.push(...argumentsOf(member.parent));
  }
  return given.find((value) => isCallback(file, value, receiver.name));
}

function argumentsOf(call: Call): readonly Expr[] {
  return [...call.args, ...call.keywords.map(({ value }) => value)];
}

/** A bound method, lambda or partial over `self`; `self` alone may be anything. */
function isCallback(file: ScannedFile, value: Expr, self: string): boolean {
  switch (value.kind) {
    case 'Attribute':
      return value.value.kind === 'Name' && value.value.id === self && isMethodOfClassAround(file, value);
    case 'Lambda':
      return mentions(value.body, self);
    case 'Call':
      return dottedName(file.source, value.func) === 'functools.partial' && isCallback(file, value.args[0]!, self);
    default:
      return false;
  }
}

function isNative(file: ScannedFile, made: Call): boolean {
  const name = dottedName(file.source, made.func);
  return name !== undefined && NATIVE.test(name);
}

/** Whether a method other than the one that makes the object sets the attribute to None or deletes it. */
function isLetGo(file: ScannedFile, attribute: Attribute, { cls, method }: Receiver): boolean {
  return (file.source.attributes.get(attribute.attr) ?? []).some((use) => {
    if (!isInside(use, cls.node)) return false;
    if (use.ctx === 'Del') return true;
    if (use.ctx !== 'Store' || use.parent?.kind !== 'Assign' || !isNone(use.parent.value)) return false;
    if (isInside(use, method.node)) return use.start > attribute.start;
    return functionAround(file, use)?.name !== '__init__';
  });
}

function isNone(expr: Expr): boolean {
  return expr.kind === 'Constant' && expr.value === null;
}

/** Where the class ends the object's work without letting it go: the line to add to. */
function closingUse(file: ScannedFile, attribute: Attribute, { cls }: Receiver): Node | undefined {
  const closer = CLOSERS.map((name) => cls.scope.bindings.get(name)?.definitions[0]).find(
    (definition) => definition?.kind === 'function',
  );
  const uses = file.source.attributes.get(attribute.attr) ?? [];
  return closer === undefined ? undefined : uses.filter((use) => isInside(use, closer.node)).at(-1);
}
