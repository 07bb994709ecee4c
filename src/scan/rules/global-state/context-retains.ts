// G09: exceptions, objects and containers put into a context variable or thread local that nothing resets.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf } from '../../../source/source-index.ts';
import type { Confidence } from '../../finding.ts';
import { isInside, receiverAround } from '../../lifetimes/receivers.ts';
import type { Report, Rule } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const contextRetains: Rule = {
  name: 'context-retains',
  code: 'G09',
  cause: 'global state',
  sameAs: [],
  words: ['ContextVar', 'local('],
  doc: {
    what: 'A function that puts an exception, its own object or a new container into a `ContextVar` or a `threading.local`, and nothing puts the old value back.',
    why: 'A context lives as long as its thread, and every task, timer and callback created in it takes a copy along. What is set stays in all of them: with an exception its traceback and the variables of all its frames.',
    evidence:
      'The variable is a `ContextVar` or `local()` of this file, the value is a caught exception, part of `exc_info`, `self` or a list, dict or set, the token of `set` is dropped, and neither the function nor the file resets it. Medium for exceptions and objects, low for containers.',
    fix: 'Keep the token and call `reset(token)` in a `finally`, or store a `weakref.ref`.',
    ignore: 'When the value is meant to last as long as the thread.',
    example: {
      leaks: `
from contextvars import ContextVar

last_error = ContextVar('last_error', default=None)

def call(work):
    try:
        work()
    except Exception as error:
        last_error.set(error)
`,
      fine: `
import weakref
from contextvars import ContextVar

last_error = ContextVar('last_error', default=None)

def call(work):
    try:
        work()
    except Exception as error:
        last_error.set(weakref.ref(error))
`,
    },
  },
  check(file, report) {
    for (const attribute of file.source.attributes.get('set') ?? []) {
      const call = attribute.parent;
      if (call?.kind !== 'Call' || call.func !== attribute || call.parent?.kind !== 'Expr') continue;
      const [value] = call.args;
      if (value === undefined || !isMadeBy(file, attribute.value, /(?:^|\.)ContextVar$/)) continue;
      checkContextVar(file, call, attribute.value, value, report);
    }
    for (const attributes of file.source.attributes.values()) {
      for (const attribute of attributes) {
        if (attribute.ctx !== 'Store' || attribute.parent?.kind !== 'Assign') continue;
        if (!isMadeBy(file, attribute.value, /^(?:threading|gevent\.local|eventlet\.corolocal)\.local$/)) continue;
        checkThreadLocal(file, attribute, attribute.parent.value, report);
      }
    }
  },
};

function checkContextVar(file: ScannedFile, call: Call, variable: Expr, value: Expr, report: Report): void {
  const around = functionAround(file, call);
  const kept = around === undefined ? undefined : kindOf(file, value);
  if (around === undefined || kept === undefined || isFallback(call)) return;
  const name = lastName(variable);
  const isReset = (attribute: string, region: Node) =>
    (file.source.attributes.get(attribute) ?? []).some(
      (other) => isInside(other, region) && other.parent !== call && lastName(other.value) === name,
    );
  if (isReset('reset', file.source.scopes.module.node) || isReset('set', around)) return;
  const exits = file.source.functions.filter(({ node }) => node.kind !== 'Lambda' && /^__a?exit__$/.test(node.name));
  if (exits.some(({ node }) => isReset('set', node))) return;
  report({
    node: call,
    confidence: kept.confidence,
    message: `\`${name}\` keeps ${kept.what} in this context and in every copy of it that tasks and timers take`,
    remedy: 'keep the token and `reset` it in a `finally`, or store a weak reference',
  });
}

function checkThreadLocal(
  file: ScannedFile,
  attribute: Expr & { readonly kind: 'Attribute' },
  value: Expr,
  report: Report,
): void {
  const around = functionAround(file, attribute);
  const kept = around === undefined ? undefined : kindOf(file, value);
  if (around === undefined || kept === undefined || kept.confidence === 'low') return;
  const others = file.source.attributes.get(attribute.attr) ?? [];
  const isReset = others.some(
    (other) =>
      other !== attribute &&
      (other.ctx === 'Del' || (other.ctx === 'Store' && other.parent?.kind === 'Assign' && isNone(other.parent.value))),
  );
  if (isReset) return;
  report({
    node: attribute.parent!,
    confidence: kept.confidence,
    message: `\`${textOf(file, attribute)}\` keeps ${kept.what} for as long as the thread lives`,
    remedy: 'delete the attribute in a `finally`, or store a weak reference',
  });
}

/** Whether every value the file gives a variable or attribute is made by calling something so named. */
function isMadeBy(file: ScannedFile, variable: Expr, maker: RegExp): boolean {
  const isMaking = (value: Expr | undefined) => {
    if (value?.kind !== 'Call') return false;
    const name = dottedName(file.source, value.func);
    return name !== undefined && maker.test(name);
  };
  if (variable.kind === 'Name') {
    const definitions = bindingOf(file.source, variable)?.definitions ?? [];
    return definitions.some((definition) => definition.kind === 'value' && isMaking(definition.value));
  }
  if (variable.kind !== 'Attribute') return false;
  return (file.source.attributes.get(variable.attr) ?? []).some(
    ({ ctx, parent }) =>
      ctx === 'Store' && (parent?.kind === 'Assign' || parent?.kind === 'AnnAssign') && isMaking(parent.value),
  );
}

interface Retained {
  readonly what: string;
  readonly confidence: Confidence;
}

/** What of weight the value is; undefined for texts, numbers and what is not known. */
function kindOf(file: ScannedFile, stored: Expr): Retained | undefined {
  const value = stored.kind === 'Subscript' ? stored.value : stored;
  switch (value.kind) {
    case 'Name':
      if (receiverAround(file, value)?.name === value.id) return { what: 'the object', confidence: 'medium' };
      return isException(file, value) ? { what: 'an exception with its frames', confidence: 'medium' } : undefined;
    case 'Call':
      return isExceptionInfo(file, value) ? { what: 'an exception with its frames', confidence: 'medium' } : undefined;
    case 'List':
    case 'Dict':
    case 'Set':
      return { what: 'a container', confidence: 'low' };
    default:
      return undefined;
  }
}

/** The name of an `except … as`, or one assigned from `sys.exc_info()` or something called `exc_info`. */
function isException(file: ScannedFile, name: Expr & { readonly kind: 'Name' }): boolean {
  return (bindingOf(file.source, name)?.definitions ?? []).some((definition) => {
    if (definition.node.kind === 'ExceptHandler') return true;
    if (definition.kind !== 'value') return false;
    const { value } = definition;
    const source = value.kind === 'Subscript' ? value.value : value;
    if (source.kind === 'Name') return source.id === 'exc_info';
    return source.kind === 'Call' && isExceptionInfo(file, source);
  });
}

function isExceptionInfo(file: ScannedFile, call: Call): boolean {
  return dottedName(file.source, call.func) === 'sys.exc_info';
}

/** The strong reference that `except TypeError` falls back to where no weak one can be made. */
function isFallback(node: Node): boolean {
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (parent.kind === 'ExceptHandler')
      return parent.type?.kind === 'Name' && parent.type.id === 'TypeError' && parent.name === undefined;
    if (parent.kind === 'FunctionDef' || parent.kind === 'AsyncFunctionDef') return false;
  }
  return false;
}

function lastName(expr: Expr): string {
  return expr.kind === 'Attribute' ? expr.attr : expr.kind === 'Name' ? expr.id : '';
}

function isNone(expr: Expr): boolean {
  return expr.kind === 'Constant' && expr.value === null;
}
