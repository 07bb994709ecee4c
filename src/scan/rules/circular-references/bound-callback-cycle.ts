// X02: an object that gives its own methods to an object it keeps, so that each holds the other.

import type { Attribute, Call, Expr, Name, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { holdsObject, isMethodOfClassAround, mentions } from '../../lifetimes/held-objects.ts';
import { isInside, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import type { Report, Rule } from '../../rule.ts';
import { functionAround, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';
import { checkCallbacksOnOwnObject } from './callback-on-own-object.ts';

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
  doc: {
    what: 'An object that keeps another in an attribute and gives it a bound method, lambda or partial of its own as a callback.',
    why: 'Each holds the other, so reference counting frees neither: what they refer to stays until the garbage collector comes by. Where the kept object is implemented in C and does not take part in garbage collection, it stays for good.',
    evidence:
      'The attribute is assigned a new object, and that call, a method of it or an attribute of it is given a method of the object; the class never sets the attribute to None or deletes it. Also a method replaced on the object by a wrapper of this file that calls the bound method; a future whose callback names that future instead of using its argument (tasks of asyncio drop their callbacks and are left out); an object given its own `read`, `result`, `close` or the like under a second name; and an open file or connection that gets a method of the object that keeps it. Medium for these and for objects of C libraries that hold callbacks (curl, expat, OpenSSL, …), low for others.',
    fix: 'Set the attribute to None when the object is closed, or give the callback a weak reference to the object.',
    ignore: 'When few such objects are made, or they live as long as the program does.',
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
    checkWrappedMethods(file, report);
    checkCallbacksOnOwnObject(file, report);
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

/** Methods replaced on the object by a wrapper that calls them: `self.run = wrap(self.run)`. */
function checkWrappedMethods(file: ScannedFile, report: Report): void {
  for (const call of file.source.calls) {
    const target = call.parent?.kind === 'Assign' ? call.parent.targets[0] : undefined;
    if (target?.kind !== 'Attribute' || call.func.kind !== 'Name' || !isOfObject(file, target)) continue;
    const text = textOf(file, target);
    const position = call.args.findIndex(
      (argument) => argument.kind === 'Attribute' && textOf(file, argument) === text,
    );
    if (position < 0 || isSetElsewhere(file, target) || !wrapsParameter(file, call.func, position)) continue;
    report({
      node: call.parent!,
      confidence: 'medium',
      message: `the wrapper in \`${text}\` holds the bound method it calls, and thereby the object that holds the wrapper`,
      remedy: 'wrap the function (`.__func__`) and pass the object at the call, or patch the class',
    });
  }
}

/** Whether the attribute is set on an object held by a local variable: classes and modules are patched for good. */
function isOfObject(file: ScannedFile, { value }: Attribute): boolean {
  if (value.kind !== 'Name' || /^_*[A-Z]|cls|class|module/.test(value.id)) return false;
  const binding = bindingOf(file.source, value);
  if (binding === undefined || binding.scope.kind !== 'function') return false;
  return binding.definitions.every(({ kind }) => kind === 'parameter' || kind === 'value');
}

/** Whether the attribute is a variable of objects rather than a method of theirs. */
function isSetElsewhere(file: ScannedFile, target: Attribute): boolean {
  return (file.source.attributes.get(target.attr) ?? []).some((use) => use !== target && use.ctx === 'Store');
}

/** Whether the function of this file returns an inner function that calls what it is passed at that place. */
function wrapsParameter(file: ScannedFile, func: Name, position: number): boolean {
  const definition = bindingOf(file.source, func)?.definitions[0];
  if (definition?.kind !== 'function') return false;
  const { node } = definition;
  const parameter = [...node.args.posonlyargs, ...node.args.args][position]?.arg;
  return (file.source.names.get(parameter ?? '') ?? []).some((name) => {
    const { parent } = name;
    if (!isInside(name, node) || parent?.kind !== 'Call' || parent.func !== name) return false;
    return functionAround(file, name) !== node;
  });
}

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
      return dottedName(file.source, value.func) === 'functools.partial' && holdsObject(file, value, self);
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
