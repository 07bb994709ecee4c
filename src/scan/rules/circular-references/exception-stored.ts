// X04: an exception that outlives its `except`, with the traceback and every local variable the frames in it have.

import type { Call, Expr, FunctionDef, Name, Node } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { replaceNode } from '../../edits/edits.ts';
import type { Conditional, Confidence, Fix, Subject } from '../../finding.ts';
import { isInside, isSingleton, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import { isScript } from '../../lifetimes/run-once.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';

export const exceptionStored: Rule = {
  name: 'exception-stored',
  code: 'X04',
  cause: 'circular reference',
  sameAs: [],
  words: ['except'],
  doc: {
    what: 'A caught exception that is stored in an attribute, a variable of the module or a container that outlives the `except`.',
    why: 'An exception refers to its traceback, the traceback to the frames it passed, and these to all their local variables: requests, results, open files, the object whose method caught it. All of that stays as long as the exception, and an exception stored on the object itself makes a cycle.',
    evidence:
      'The name of `except … as name` is stored whole or in an object made of it, and its traceback is not cleared. High for containers of the module that are never emptied, medium for variables of the module, attributes of objects, and lists on objects known to live long, low for other lists.',
    fix: 'Store what is needed: `str(error)`, its type, `traceback.format_exc()`. The fix stores `error.with_traceback(None)`, which is right where nobody raises or logs it later.',
    ignore: 'When the stored exception is raised again soon, as futures do.',
    example: {
      leaks: `
FAILURES = []

def handle(job):
    try:
        job.run()
    except Exception as error:
        FAILURES.append(error)
`,
      fine: `
FAILURES = []

def handle(job):
    try:
        job.run()
    except Exception as error:
        FAILURES.append(repr(error))
`,
    },
  },
  check(file, report) {
    for (const { use, handler, store } of storedExceptions(file)) {
      const around = functionAround(file, use);
      if (around === undefined) continue;
      const kept = keptIn(file, store, around);
      if (kept === undefined || dropsTraceback(file, use, handler)) continue;
      report({
        node: store.statement,
        confidence: isScript(file) ? 'low' : kept.confidence,
        message: `\`${textOf(file, store.holder)}\` keeps the exception with its traceback and all variables of the frames in it`,
        remedy: 'store its text, or the exception `.with_traceback(None)`',
        conditions: kept.conditions,
        ...(kept.subject === undefined ? {} : { subject: kept.subject }),
        fix: () => tracebackFix(file, use, handler),
      });
    }
  },
};

interface StoredException {
  readonly use: Name;
  readonly handler: Node;
  readonly store: Store;
}

interface Store {
  readonly statement: Node;
  /** The attribute, variable or container that has it then. */
  readonly holder: Expr;
  readonly isAdded: boolean;
}

/** Where the exception of an `except … as name` is put, as it is or in a tuple. */
const storedExceptions = oncePerFile((file): readonly StoredException[] => {
  const found: StoredException[] = [];
  for (const handler of handlersOf(file)) {
    for (const use of file.source.names.get(handler.name) ?? []) {
      if (use.ctx !== 'Load' || !isInside(use, handler.node)) continue;
      const store = storeOf(use);
      if (store !== undefined) found.push({ use, handler: handler.node, store });
    }
  }
  return found;
});

function handlersOf(file: ScannedFile): readonly { readonly node: Node; readonly name: string }[] {
  const found: { node: Node; name: string }[] = [];
  for (const scope of file.source.scopes.scopeOf.values()) {
    for (const [name, { definitions }] of scope.bindings) {
      for (const { node } of definitions) if (node.kind === 'ExceptHandler') found.push({ node, name });
    }
  }
  return found;
}

function storeOf(use: Name): Store | undefined {
  let value: Expr = use;
  if (value.parent?.kind === 'Tuple' && value.parent.ctx !== 'Store') value = value.parent;
  value = objectMadeOf(value) ?? value;
  const { parent } = value;
  if (parent?.kind === 'Assign' && parent.value === value) {
    const target = parent.targets[0]!;
    if (target.kind === 'Subscript') return { statement: parent, holder: target.value, isAdded: true };
    if (target.kind === 'Attribute' || target.kind === 'Name')
      return { statement: parent, holder: target, isAdded: false };
  }
  if (parent?.kind === 'Call' && parent.func.kind === 'Attribute' && parent.args.includes(value)) {
    if (!/^(?:append|appendleft|add|insert)$/.test(parent.func.attr)) return undefined;
    return { statement: parent, holder: parent.func.value, isAdded: true };
  }
  return undefined;
}

/** `Description(address, error=e)`: an object that by the name of its class carries the exception on. */
function objectMadeOf(value: Expr): Call | undefined {
  const call = value.parent?.kind === 'keyword' ? value.parent.parent : value.parent;
  if (call?.kind !== 'Call' || call.func === value) return undefined;
  const { func } = call;
  const name = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
  return /^_*[A-Z]\w*[a-z]/.test(name) ? call : undefined;
}

interface Kept {
  readonly confidence: Confidence;
  readonly conditions: readonly Conditional[];
  readonly subject: Subject | undefined;
}

/** What keeps it, if that lives longer than the function. */
function keptIn(file: ScannedFile, { holder, isAdded }: Store, around: FunctionDef): Kept | undefined {
  const { module } = file.source;
  if (holder.kind === 'Name') {
    if (bindingOf(file.source, holder)?.scope.kind !== 'module') return undefined;
    const subject: Subject = { form: 'global', module, name: holder.id };
    const shrinks = isEmptied(file.source.names.get(holder.id) ?? [], undefined);
    if (shrinks) return undefined;
    const condition = { kind: 'global is not shrunk elsewhere', module, name: holder.id } as const;
    return { confidence: isAdded ? 'high' : 'medium', conditions: [{ condition, otherwise: 'low' }], subject };
  }
  if (holder.kind !== 'Attribute' || holder.value.kind !== 'Name') return undefined;
  const receiver = receiverAround(file, holder);
  if (receiver === undefined || receiver.name !== holder.value.id || isFuture(receiver, around)) return undefined;
  if (isEmptied(file.source.attributes.get(holder.attr) ?? [], receiver)) return undefined;
  const className = receiver.cls.qualname;
  const livesLong = { kind: 'lives long', module, className } as const;
  return {
    confidence: isSingleton(receiver.cls) && !isAdded ? 'low' : 'medium',
    conditions: isAdded ? [{ condition: livesLong, otherwise: 'low' }] : [],
    subject: { form: 'instance attribute', module, className, name: holder.attr },
  };
}

/** Futures, results and exceptions are there to carry an exception to whoever asks for it. */
function isFuture({ cls }: Receiver, around: FunctionDef): boolean {
  const bases = cls.node.bases.map((base) => cls.file.text.slice(base.start, base.end)).join(' ');
  return (
    /Future|Result|Promise|Deferred|Exception|Error|Outcome|Response|Thread/.test(`${cls.node.name} ${bases}`) ||
    /^(?:set_exception|fail|reject|__exit__|__aexit__)$/.test(around.name)
  );
}

/** Whether something takes entries out, deletes the variable, or sets it anew, other than where the object is made. */
function isEmptied(
  uses: readonly (Name | (Expr & { readonly kind: 'Attribute' }))[],
  receiver: Receiver | undefined,
): boolean {
  return uses.some((use) => {
    if (receiver !== undefined && !isInside(use, receiver.cls.node)) return false;
    const { parent } = use;
    if (use.ctx === 'Del' || (parent?.kind === 'Subscript' && parent.ctx === 'Del')) return true;
    if (parent?.kind === 'Attribute') return /^(?:clear|pop|popleft|popitem|remove|discard)$/.test(parent.attr);
    if (use.ctx !== 'Store' || (parent?.kind !== 'Assign' && parent?.kind !== 'AnnAssign')) return false;
    return isEmptyValue(parent.value) && isReset(use);
  });
}

function isEmptyValue(value: Expr | undefined): boolean {
  if (value === undefined) return false;
  if (value.kind === 'Constant') return value.value === null;
  if (value.kind === 'List') return value.elts.length === 0;
  return value.kind === 'Dict' && value.keys.length === 0;
}

/** Whether the assignment stands in a function other than the one that makes the object. */
function isReset(use: Node): boolean {
  for (let node = use.parent; node !== undefined; node = node.parent) {
    if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef') return node.name !== '__init__';
  }
  return false;
}

/** Whether the handler drops the traceback: `e.__traceback__ = None`, `clear_frames(…)`, `sanitize(e)`. */
function dropsTraceback(file: ScannedFile, use: Name, handler: Node): boolean {
  const drops = ['__traceback__', 'with_traceback', 'clear_frames'].some((name) =>
    (file.source.attributes.get(name) ?? []).some((attribute) => isInside(attribute, handler)),
  );
  return drops || (file.source.names.get(use.id) ?? []).some((name) => isInside(name, handler) && isCleaned(name));
}

function isCleaned({ parent }: Name): boolean {
  if (parent?.kind !== 'Call' || parent.parent?.kind !== 'Expr') return false;
  const { func } = parent;
  const name = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
  return /saniti[sz]e|clear|strip|clean|without/i.test(name);
}

function tracebackFix(file: ScannedFile, use: Name, handler: Node): Fix | undefined {
  // Whoever uses it after that would miss its traceback: the object is the same.
  const isUsedLater = (file.source.names.get(use.id) ?? []).some(
    (name) => name.start > use.end && isInside(name, handler),
  );
  const isRaisedLater = file.source.text.slice(use.end, handler.end).match(/^\s*raise\s*$/m) !== null;
  if (isUsedLater || isRaisedLater) return undefined;
  return {
    title: 'Store the exception without its traceback',
    safety: 'unsafe',
    edits: [replaceNode(use, `${use.id}.with_traceback(None)`)],
  };
}
