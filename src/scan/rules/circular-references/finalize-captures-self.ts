// X07: weakref.finalize whose callback holds the object it waits for.

import { walk } from '../../../source/ast-walk.ts';
import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, type ScannedFile, textOf } from '../../scanned-file.ts';

export const finalizeCapturesSelf: Rule = {
  name: 'finalize-captures-self',
  code: 'X07',
  cause: 'circular reference',
  sameAs: [],
  words: ['finalize'],
  doc: {
    what: 'A `weakref.finalize` whose callback or arguments hold the very object it waits for.',
    why: '`finalize` keeps its callback and arguments alive until the object dies. If one of them is the object, a bound method of it or a closure over it, the object never dies before the process does, and the callback runs at exit only.',
    evidence:
      'The watched object is a name, and the same name is an argument, the receiver of a bound method, or used in a lambda or inner function given as the callback. Always certain.',
    fix: 'Give `finalize` a function that needs only the resource: a module function or static method, with the handle or path as an argument.',
    ignore: 'Never: the finalizer cannot do its work.',
    example: {
      leaks: `
import weakref

class Buffer:
    def __init__(self, handle):
        self.handle = handle
        self._finalizer = weakref.finalize(self, self.release)

    def release(self):
        self.handle.close()
`,
      fine: `
import weakref

class Buffer:
    def __init__(self, handle):
        self.handle = handle
        self._finalizer = weakref.finalize(self, handle.close)
`,
    },
  },
  check(file, report) {
    for (const call of callsByName(file).get('weakref.finalize') ?? []) {
      const [watched, ...held] = call.args;
      if (watched?.kind !== 'Name') continue;
      const holder = [...held, ...call.keywords.map((keyword) => keyword.value)].find((expr) =>
        holds(file, expr, watched.id),
      );
      if (holder === undefined) continue;
      report({
        node: call,
        confidence: 'high',
        message: `\`${textOf(file, holder)}\` keeps \`${watched.id}\` alive, so the finalizer never runs before exit`,
        remedy: 'pass a function that needs only the resource, not the object',
        evidence: [{ node: holder, text: `holds \`${watched.id}\`` }],
      });
    }
  },
};

/** Whether keeping the value of `expr` keeps the variable's object: the name, its bound methods, closures over it. */
function holds(file: ScannedFile, expr: Expr, name: string): boolean {
  switch (expr.kind) {
    case 'Name':
      return expr.id === name || innerFunctionUses(file, expr, name);
    case 'Attribute':
      return expr.value.kind === 'Name' && expr.value.id === name && isMethodOfClassAround(file, expr);
    case 'Lambda':
      return mentions(expr.body, name) && ![...expr.args.args, ...expr.args.kwonlyargs].some(({ arg }) => arg === name);
    case 'Call':
      return isPartial(expr) && expr.args.some((argument) => holds(file, argument, name));
    default:
      return false;
  }
}

/** `self.release` is a bound method when the class around defines it; `self.path` is an attribute's value. */
function isMethodOfClassAround(file: ScannedFile, attribute: Expr & { readonly kind: 'Attribute' }): boolean {
  for (let node: Node | undefined = attribute.parent; node !== undefined; node = node.parent) {
    if (node.kind !== 'ClassDef') continue;
    const definitions = file.source.classOf.get(node)?.scope.bindings.get(attribute.attr)?.definitions ?? [];
    return definitions.some(
      (definition) => definition.kind === 'function' && file.source.functionOf.get(definition.node)?.role === 'method',
    );
  }
  return false;
}

function innerFunctionUses(file: ScannedFile, callback: Expr & { readonly kind: 'Name' }, name: string): boolean {
  const binding = bindingOf(file.source, callback);
  return (binding?.definitions ?? []).some(
    (definition) =>
      definition.kind === 'function' && binding!.scope.kind === 'function' && mentions(definition.node, name),
  );
}

function isPartial(call: Call): boolean {
  const { func } = call;
  return (func.kind === 'Name' && func.id === 'partial') || (func.kind === 'Attribute' && func.attr === 'partial');
}

function mentions(root: Node, name: string): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.kind === 'Name' && node.id === name && node.ctx === 'Load') found = true;
  });
  return found;
}
