// X06: a frame or traceback that is kept: in an attribute, a container that lives on, or a local of its own frame.

import type { Attribute, Call, Expr, FunctionDef, Node } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { isInside, receiverAround } from '../../lifetimes/receivers.ts';
import type { ReportedFinding, Rule } from '../../rule.ts';
import { callsByName, functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

/** What gives a frame, or something that holds frames, and whether the frame of the caller is among them. */
const SOURCES: Readonly<Record<string, 'frame' | 'frames' | 'exception'>> = {
  'sys._getframe': 'frame',
  'inspect.currentframe': 'frame',
  'inspect.stack': 'frames',
  'inspect.trace': 'frames',
  'inspect.getouterframes': 'frames',
  'inspect.getinnerframes': 'frames',
  'sys.exc_info': 'exception',
};

export const frameStored: Rule = {
  name: 'frame-stored',
  code: 'X06',
  cause: 'circular reference',
  sameAs: [],
  words: ['_getframe', 'currentframe', 'inspect', 'exc_info'],
  doc: {
    what: 'A frame or traceback (`sys._getframe`, `inspect.currentframe`, `inspect.stack`, `sys.exc_info`) that is stored where it outlives the call, or in a local variable of the very frame.',
    why: 'A frame holds all its local variables and the frames of its callers with theirs. Kept in an attribute or container it keeps all of that; kept in a local of its own it is a cycle that only the garbage collector frees.',
    evidence:
      'The result of the call, its traceback or a frame reached from it is assigned, and the variable is not deleted or set to another value. High for containers of the module, medium for its variables and for attributes, low for local variables and medium for these where the function runs again and again.',
    fix: 'Keep what is needed of the frame (file name, line, `traceback.format_exc()`), or `del` the variable in a `finally`.',
    ignore: 'In debuggers and profilers that clear what they keep elsewhere.',
    example: {
      leaks: `
import sys

class Span:
    def __init__(self):
        self.caller = sys._getframe(1)
`,
      fine: `
import sys

class Span:
    def __init__(self):
        self.caller = sys._getframe(1).f_code.co_name
`,
    },
  },
  check(file, report) {
    for (const [name, kind] of Object.entries(SOURCES)) {
      for (const call of callsByName(file).get(name) ?? []) {
        const around = functionAround(file, call);
        if (around === undefined) continue;
        const found = storesOf(call, kind).flatMap(
          ({ target, own }) => findingOf(file, call, target, around, { own, what: kind }) ?? [],
        );
        // Of `type, value, tb` the last says it best.
        if (found.length > 0) report(found.at(-1)!);
      }
    }
  },
};

interface Store {
  readonly target: Expr | Call;
  /** Whether what is stored includes the frame that runs this code. */
  readonly own: boolean;
}

/** Where the result of the call, or what of it holds a frame, is put. */
function storesOf(call: Call, kind: 'frame' | 'frames' | 'exception'): readonly Store[] {
  let value: Expr = call;
  let own = kind === 'exception' ? isWhereCaught(call) : kind === 'frames' || isOwnFrame(call);
  for (let parent = value.parent; parent !== undefined; parent = value.parent) {
    if (parent.kind === 'Attribute' && parent.value === value && kind === 'frame' && parent.attr === 'f_back') {
      own = false;
      value = parent;
    } else if (parent.kind === 'Subscript' && parent.value === value) {
      if (!keepsFrame(parent.slice, kind)) return [];
      own &&= kind === 'exception' || parent.slice.kind === 'Slice';
      value = parent;
      if (parent.parent?.kind === 'Attribute' && parent.parent.attr === 'frame') value = parent.parent;
    } else break;
  }
  const { parent } = value;
  switch (parent?.kind) {
    case 'Assign':
      return parent.targets.flatMap((target) => targetsIn(target, kind)).map((target) => ({ target, own }));
    case 'AnnAssign':
    case 'NamedExpr':
      return [{ target: parent.target, own }];
    case 'Call':
      return isAddition(parent) ? [{ target: parent, own }] : [];
    default:
      return [];
  }
}

function isOwnFrame({ args }: Call): boolean {
  const depth = args[0];
  return depth === undefined || (depth.kind === 'Constant' && depth.value === 0);
}

/** Whether the exception was caught by this very function, so that its traceback begins with the function's frame. */
function isWhereCaught(call: Call): boolean {
  for (let node: Node | undefined = call.parent; node !== undefined; node = node.parent) {
    if (node.kind === 'ExceptHandler') return true;
    if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'Lambda') return false;
  }
  return false;
}

/** `exc_info()[1]` and `[2]`, `stack()[1]`, `stack()[1].frame`, `stack()[1][0]`: not the names and numbers beside them. */
function keepsFrame(index: Expr, kind: 'frame' | 'frames' | 'exception'): boolean {
  if (kind === 'exception') return !(index.kind === 'Constant' && index.value === 0);
  return kind === 'frames';
}

/** Of `type, value, tb = sys.exc_info()` the last two hold the traceback. */
function targetsIn(target: Expr, kind: 'frame' | 'frames' | 'exception'): readonly Expr[] {
  if (target.kind !== 'Tuple' && target.kind !== 'List') return [target];
  return kind === 'exception' ? target.elts.slice(1).filter(({ kind }) => kind !== 'Starred') : [];
}

function isAddition(call: Call): boolean {
  return call.func.kind === 'Attribute' && /^(?:append|appendleft|add|insert|put)$/.test(call.func.attr);
}

interface Kept {
  readonly own: boolean;
  readonly what: 'frame' | 'frames' | 'exception';
}

function findingOf(
  file: ScannedFile,
  call: Call,
  target: Expr,
  around: FunctionDef,
  { own, what }: Kept,
): ReportedFinding | undefined {
  const noun = what === 'exception' ? 'traceback' : 'frame';
  const remedy =
    what === 'exception'
      ? 'keep the text of `traceback.format_exc()`, or delete the variable in a `finally`'
      : 'keep the name and line you need, or delete the variable in a `finally`';
  const holder = target.kind === 'Call' && target.func.kind === 'Attribute' ? target.func.value : target;
  const root = rootOf(holder);
  const stays = `keeps a ${noun} with all its local variables`;
  if (isOfModule(file, holder, around)) {
    // A variable keeps the last one only.
    const confidence = target === holder && target.kind === 'Name' ? 'medium' : 'high';
    return { node: call, confidence, message: `\`${textOf(file, holder)}\` ${stays} for good`, remedy };
  }
  if (target.kind === 'Name') {
    if (!own || !endsWithIt(file, target, around)) return undefined;
    const { qualname } = file.source.functionOf.get(around)!;
    return {
      node: call,
      confidence: 'medium',
      message: `\`${target.id}\` holds the ${noun} whose local it is: a cycle at every call of \`${around.name}\``,
      remedy,
      conditions: [{ condition: { kind: 'runs repeatedly', module: file.source.module, qualname }, otherwise: 'low' }],
    };
  }
  if (root === undefined || holder.kind !== 'Attribute' || isClearedLater(file, holder)) return undefined;
  // An exception that takes over the traceback of another is what `raise … from` does.
  if (holder.attr === '__traceback__' && receiverAround(file, holder)?.name === root.id) return undefined;
  return { node: call, confidence: 'medium', message: `\`${textOf(file, holder)}\` ${stays}`, remedy };
}

function rootOf(expr: Expr): (Expr & { readonly kind: 'Name' }) | undefined {
  let root = expr;
  while (root.kind === 'Attribute' || root.kind === 'Subscript') root = root.value;
  return root.kind === 'Name' ? root : undefined;
}

/** A variable of the module that the function sets, or a container of the module that it adds to. */
function isOfModule(file: ScannedFile, holder: Expr, around: FunctionDef): boolean {
  const container = holder.kind === 'Subscript' ? holder.value : holder;
  if (container.kind !== 'Name') return false;
  if (bindingOf(file.source, container)?.scope.kind !== 'module') return false;
  const uses = file.source.names.get(container.id) ?? [];
  const cleared = uses.some(
    ({ parent, ctx }) =>
      ctx === 'Del' ||
      (parent?.kind === 'Attribute' && /^(?:pop|popleft|clear|remove|discard)$/.test(parent.attr)) ||
      (parent?.kind === 'Subscript' && parent.ctx === 'Del') ||
      (parent?.kind === 'Assign' && isNone(parent.value) && functionAround(file, parent) !== undefined),
  );
  return !cleared && (container.ctx === 'Load' || isInside(container, around));
}

/** Whether the variable still holds the frame when the function ends: it is set once, and not deleted. */
function endsWithIt(file: ScannedFile, target: Expr & { readonly kind: 'Name' }, around: FunctionDef): boolean {
  const binding = bindingOf(file.source, target);
  if (binding?.scope.node !== around) return false;
  return !(file.source.names.get(target.id) ?? []).some(
    (name) =>
      name !== target &&
      isInside(name, around) &&
      (name.ctx === 'Del' || (name.ctx === 'Store' && name.start > target.start) || isRaisedOrReturned(name)),
  );
}

/** What leaves with the exception or the result is the caller's business. */
function isRaisedOrReturned({ parent }: Node): boolean {
  return parent?.kind === 'Return' || parent?.kind === 'Raise';
}

/** Whether the class around sets the attribute to None or deletes it, other than where it makes the object. */
function isClearedLater(file: ScannedFile, holder: Attribute): boolean {
  const receiver = receiverAround(file, holder);
  return (file.source.attributes.get(holder.attr) ?? []).some((store) => {
    if (receiver !== undefined && !isInside(store, receiver.cls.node)) return false;
    if (store.ctx === 'Del') return true;
    const isReset = store.ctx === 'Store' && store.parent?.kind === 'Assign' && isNone(store.parent.value);
    return isReset && functionAround(file, store)?.name !== '__init__';
  });
}

function isNone(expr: Expr): boolean {
  return expr.kind === 'Constant' && expr.value === null;
}
