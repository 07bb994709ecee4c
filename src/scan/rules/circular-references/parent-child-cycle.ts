// X01: objects that keep a child which keeps them: neither is freed before the garbage collector comes by.

import type { Attribute, Call, Expr, Name, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { ClassInfo, FunctionInfo } from '../../../source/source-index.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { ancestorsOf, findMethods, inferValues } from '../../../source/type-inference.ts';
import { replaceNode, useOf } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { isInside, isSingleton, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import type { Report, Rule } from '../../rule.ts';
import { oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';
import { selfReferencesOf } from './self-references.ts';

/** Makers of things that should be released as soon as nobody needs them. */
const HANDLES =
  /^(?:builtins\.open|socket\.\w+|subprocess\.Popen|sqlite3\.connect|mmap\.mmap|tempfile\.\w+|threading\.Thread|ssl\.\w+|http\.client\.\w+)$/;

export const parentChildCycle: Rule = {
  name: 'parent-child-cycle',
  code: 'X01',
  cause: 'circular reference',
  sameAs: [],
  words: ['(self', ', self', '=self', '= self', 'or self'],
  doc: {
    what: 'A class that makes a child with `Child(self)` and keeps it, where the child keeps its parent; or an object that stores itself in an attribute of its own or of an object it keeps.',
    why: 'The two hold each other, so the last outside reference going away frees neither. Their memory, and any file, socket or thread they have, stays until the garbage collector comes by, and `__del__` runs that late, too.',
    evidence:
      'Both classes are in this file, the child’s `__init__` (or the one it calls of a base class) stores the parameter the parent is passed as, the parent stores the child, if by way of a local name, and neither ever lets go. Medium where one of the two has `__del__` or an open handle, or where parents are made again and again, low otherwise. Objects that store themselves are medium.',
    fix: 'Let the child hold its parent weakly. The fix stores `weakref.proxy(parent)`, which behaves like the parent as long as that lives; the parent must then be kept by somebody else.',
    ignore: 'When few of them are made, or the parent’s `close` is always called and breaks the cycle elsewhere.',
    example: {
      leaks: `
import socket

class Channel:
    def __init__(self, connection):
        self.connection = connection

class Connection:
    def __init__(self, address):
        self.socket = socket.create_connection(address)
        self.channel = Channel(self)
`,
      fine: `
import socket
import weakref

class Channel:
    def __init__(self, connection):
        self.connection = weakref.proxy(connection)

class Connection:
    def __init__(self, address):
        self.socket = socket.create_connection(address)
        self.channel = Channel(self)
`,
    },
  },
  check(file, report) {
    for (const { target, receiver, through } of selfReferencesOf(file)) {
      const other = through === undefined ? 'itself' : `what \`${textOf(file, through)}\` holds`;
      report({
        node: target.parent!,
        confidence: isSingleton(receiver.cls) ? 'low' : 'medium',
        message: `\`${textOf(file, target)}\` makes a cycle of the \`${receiver.cls.node.name}\` and ${other}, freed by the garbage collector only`,
        remedy: 'store `weakref.ref(self)`, or compute it in a property',
        conditions: [{ condition: { kind: 'is not a singleton', ...classOf(file, receiver) }, otherwise: 'low' }],
      });
    }
    checkChildren(file, report);
  },
};

function checkChildren(file: ScannedFile, report: Report): void {
  const reported = new Set<Attribute>();
  for (const { made, receiver, child } of childrenMade(file)) {
    const backward = backReference(file, made, receiver, child);
    const forward = keptAs(file, made, receiver);
    if (backward === undefined || forward === undefined || reported.has(backward)) continue;
    if (isLetGo(file, backward, receiver) || isLetGo(file, forward, receiver)) continue;
    reported.add(backward);
    const urgent = [receiver.cls, child].some((cls) => hasFinalizer(cls) || keepsHandle(file, cls));
    report({
      node: backward.parent!,
      confidence: 'medium',
      message: `\`${child.node.name}.${backward.attr}\` and \`${receiver.cls.node.name}.${forward.attr}\` keep each other alive until the garbage collector runs`,
      remedy: `store \`weakref.proxy(…)\` in \`${backward.attr}\`, or set one of them to None when closing`,
      evidence: [{ node: made, text: 'the child gets its parent here' }],
      conditions: urgent
        ? []
        : [{ condition: { kind: 'is made repeatedly', ...classOf(file, receiver) }, otherwise: 'low' }],
      fix: () => proxyFix(file, backward),
    });
  }
}

function classOf(file: ScannedFile, { cls }: Receiver) {
  return { module: file.source.module, className: cls.qualname };
}

interface ChildMade {
  readonly made: Call;
  readonly receiver: Receiver;
  readonly child: ClassInfo;
}

/** Calls of this file's classes that pass `self` on. */
function childrenMade(file: ScannedFile): readonly ChildMade[] {
  const found: ChildMade[] = [];
  for (const made of file.source.calls) {
    const { func } = made;
    if (func.kind !== 'Name' || !/^_*[A-Z]/.test(func.id)) continue;
    if (!argumentsOf(made).some(({ value }) => value.kind === 'Name')) continue;
    const receiver = receiverAround(file, made);
    if (receiver === undefined || !argumentsOf(made).some(({ value }) => isReceiver(value, receiver))) continue;
    for (const value of inferValues(file.index, file.source, func)) {
      if (value.kind === 'class') found.push({ made, receiver, child: value.class });
    }
  }
  return found;
}

function argumentsOf(call: Call): readonly { readonly key: number | string | undefined; readonly value: Node }[] {
  return [
    ...call.args.map((value, key) => ({ key, value })),
    ...call.keywords.map(({ arg, value }) => ({ key: arg, value })),
  ];
}

function isReceiver(value: Node, receiver: Receiver): boolean {
  return value.kind === 'Name' && value.id === receiver.name;
}

/** The child's attribute that its `__init__` stores the parent in. */
function backReference(file: ScannedFile, made: Call, receiver: Receiver, child: ClassInfo): Attribute | undefined {
  const { key } = argumentsOf(made).find(({ value }) => isReceiver(value, receiver))!;
  return key === undefined ? undefined : storedArgument(file, child, key, 0);
}

/** Constructors that pass an argument on to those of base classes. */
const MAX_BASES = 4;

/** The attribute that making an object of the class stores the argument in; `key` is its place or its keyword. */
function storedArgument(file: ScannedFile, cls: ClassInfo, key: number | string, depth: number): Attribute | undefined {
  const [init] = findMethods(file.index, cls, '__init__');
  if (init === undefined || depth > MAX_BASES) return undefined;
  const { args } = init.node;
  const positional = [...args.posonlyargs, ...args.args].map(({ arg }) => arg);
  const parameter = typeof key === 'number' ? positional[key + 1] : key;
  if (parameter === undefined) return undefined;
  for (const use of file.source.names.get(parameter) ?? []) {
    if (use.ctx !== 'Load' || !isInside(use, init.node)) continue;
    if (bindingOf(file.source, use)?.definitions.length !== 1) continue;
    const target = storeOf(use);
    if (target?.kind === 'Attribute' && target.value.kind === 'Name' && target.value.id === positional[0])
      return target;
    const stored = storedByBase(file, init, use, depth);
    if (stored !== undefined) return stored;
  }
  return undefined;
}

function storeOf(value: Expr): Expr | undefined {
  const { parent } = value;
  if (parent?.kind === 'Assign') return parent.value === value ? parent.targets[0] : undefined;
  return parent?.kind === 'AnnAssign' && parent.value === value ? parent.target : undefined;
}

/** The same where the parameter is passed on: `super().__init__(parent)`, `Base.__init__(self, parent)`. */
function storedByBase(file: ScannedFile, init: FunctionInfo, use: Name, depth: number): Attribute | undefined {
  const call = use.parent?.kind === 'keyword' ? use.parent.parent : use.parent;
  if (call?.kind !== 'Call' || call.func.kind !== 'Attribute' || call.func.attr !== '__init__') return undefined;
  const { key } = argumentsOf(call).find(({ value }) => value === use) ?? {};
  if (key === undefined || init.class === undefined) return undefined;
  const isBound = call.func.value.kind === 'Call';
  const place = typeof key === 'number' && !isBound ? key - 1 : key;
  for (const base of ancestorsOf(file.index, init.class)) {
    if (base === init.class) continue;
    if (!isBound && call.func.value.kind === 'Name' && call.func.value.id !== base.node.name) continue;
    return storedArgument(file, base, place, depth + 1);
  }
  return undefined;
}

/** The parent's attribute that the child is stored in, or in a container of which it is added, if by way of a local name. */
function keptAs(file: ScannedFile, made: Call, receiver: Receiver): Attribute | undefined {
  const local = storeOf(made);
  if (local?.kind !== 'Name') return holderOf(file, made, receiver);
  const { node } = receiver.method;
  for (const use of file.source.names.get(local.id) ?? []) {
    if (use.ctx !== 'Load' || use.start < made.end || !isInside(use, node)) continue;
    const holder = holderOf(file, use, receiver);
    if (holder !== undefined) return holder;
  }
  return undefined;
}

/** The attribute that the value is assigned to, put in, or added to: `self.x`, `self.x[key]`, `self.x.setdefault(key, [])`. */
function holderOf(file: ScannedFile, value: Expr, receiver: Receiver): Attribute | undefined {
  const { parent } = value;
  const list = parent?.kind === 'Call' ? receiverOf(parent, /^(?:append|add|insert)$/) : undefined;
  const target = list === undefined ? storeOf(value) : assignedValue(file, list);
  const holder =
    target?.kind === 'Subscript'
      ? target.value
      : target?.kind === 'Call'
        ? receiverOf(target, /^(?:setdefault|get)$/)
        : target;
  return holder?.kind === 'Attribute' && isReceiver(holder.value, receiver) ? holder : undefined;
}

/** The object that a method of such a name is called on. */
function receiverOf({ func }: Call, name: RegExp): Expr | undefined {
  return func.kind === 'Attribute' && name.test(func.attr) ? func.value : undefined;
}

/** What a name stands for, where one assignment gives it its value. */
function assignedValue(file: ScannedFile, expr: Expr): Expr {
  const [only, another] = expr.kind === 'Name' ? (bindingOf(file.source, expr)?.definitions ?? []) : [];
  return only?.kind === 'value' && another === undefined ? only.value : expr;
}

/** Whether the file takes something out of the attribute, deletes it or sets it to None. */
function isLetGo(file: ScannedFile, attribute: Attribute, { cls }: Receiver): boolean {
  return (file.source.attributes.get(attribute.attr) ?? []).some(({ ctx, parent }) => {
    if (ctx === 'Del' || (parent?.kind === 'Subscript' && parent.ctx === 'Del')) return true;
    if (parent?.kind === 'Attribute') return /^(?:clear|pop|popleft|remove|discard|popitem)$/.test(parent.attr);
    const value = parent?.kind === 'Assign' && ctx === 'Store' ? parent.value : undefined;
    const isNone = value?.kind === 'Constant' && value.value === null;
    return isNone && receiverAround(file, parent!)?.method.qualname !== `${cls.qualname}.__init__`;
  });
}

function keepsHandle(file: ScannedFile, cls: ClassInfo): boolean {
  return handlesOf(file).some((handle) => isInside(handle, cls.node));
}

function hasFinalizer(cls: ClassInfo): boolean {
  return cls.scope.bindings.has('__del__');
}

/** Calls in this file that open something which ought to be released promptly, and that an attribute keeps. */
const handlesOf = oncePerFile((file): readonly Call[] =>
  file.source.calls.filter((call) => {
    const { parent } = call;
    if (parent?.kind !== 'Assign' || parent.targets[0]?.kind !== 'Attribute') return false;
    const name = dottedName(file.source, call.func);
    return name !== undefined && HANDLES.test(name);
  }),
);

/** Stores a proxy, where the parameter is sure to be an object: it has no default. */
function proxyFix(file: ScannedFile, backward: Attribute): Fix | undefined {
  const assign = backward.parent;
  if (assign?.kind !== 'Assign' || assign.value.kind !== 'Name' || assign.targets.length > 1) return undefined;
  const parameter = bindingOf(file.source, assign.value)?.definitions[0];
  const weakref = useOf(file, 'weakref', 'proxy');
  if (parameter?.kind !== 'parameter' || parameter.default !== undefined || weakref === undefined) return undefined;
  const { value } = assign;
  return {
    title: `Let \`${textOf(file, backward)}\` hold its parent weakly`,
    safety: 'unsafe',
    edits: [...weakref.edits, replaceNode(value, `${weakref.expression}(${textOf(file, value)})`)],
  };
}
