// X05: a caught exception that a local variable keeps beyond its `except`: the variable's frame is in its traceback.

import type { ExceptHandler, FunctionDef, Name, Node } from '../../../source/python-ast.ts';
import type { Binding } from '../../../source/scopes.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile } from '../../scanned-file.ts';
import { checkExceptionsOfFrame } from './exception-of-frame.ts';

export const exceptionLocalCycle: Rule = {
  name: 'exception-local-cycle',
  code: 'X05',
  cause: 'circular reference',
  sameAs: [],
  words: ['except', 'isinstance'],
  doc: {
    what: 'A caught exception that is given a second name (`last_error = error`) which still holds it when the function ends; also a result that is raised (`raise response`), and a future made in the function that fails with what the function caught.',
    why: 'Python deletes the name of `except … as error` for a reason: the exception’s traceback refers to the frame, and a local variable of that frame that refers to the exception closes the cycle. Everything in the function’s variables stays until the garbage collector comes by.',
    evidence:
      'The exception of an `except` is assigned to another local name, and the function neither deletes that name nor sets it to something else afterwards. Medium where the function is known to run again and again, low otherwise. A call’s result that `isinstance` finds to be an exception and that is raised from its variable is medium, as is `future.set_exception(error)` in the handler of `error` when the future was made in that function and its variable is not set anew.',
    fix: 'Delete the name in a `finally` (`del last_error`), as the standard library does around `raise last_error`.',
    ignore: 'When the function’s variables are small, or exceptions are rare.',
    example: {
      leaks: `
def download_again(url, attempts, data):
    last_error = None
    for _ in range(attempts):
        try:
            return download(url, data)
        except OSError as error:
            last_error = error
    raise last_error
`,
      fine: `
def download_again(url, attempts, data):
    last_error = None
    try:
        for _ in range(attempts):
            try:
                return download(url, data)
            except OSError as error:
                last_error = error
        raise last_error
    finally:
        del last_error
`,
    },
  },
  check(file, report) {
    checkExceptionsOfFrame(file, report);
    for (const uses of file.source.names.values()) {
      for (const use of uses) {
        const target = secondName(use);
        if (target === undefined || !isHandlersName(file, use)) continue;
        const around = functionAround(file, use);
        const binding = bindingOf(file.source, target);
        if (around === undefined || binding?.scope.node !== around || isReleased(file, target, binding, around))
          continue;
        const { qualname } = file.source.functionOf.get(around)!;
        report({
          node: target.parent!,
          confidence: 'medium',
          message: `\`${target.id}\` and the traceback of its exception hold each other, with all variables of \`${around.name}\``,
          remedy: `\`del ${target.id}\` in a \`finally\``,
          conditions: [
            { condition: { kind: 'runs repeatedly', module: file.source.module, qualname }, otherwise: 'low' },
          ],
        });
      }
    }
  },
};

/** The name on the left of `other = error`. */
function secondName(use: Name): Name | undefined {
  const { parent } = use;
  if (use.ctx !== 'Load' || parent?.kind !== 'Assign' || parent.value !== use || parent.targets.length !== 1) {
    return undefined;
  }
  const target = parent.targets[0]!;
  return target.kind === 'Name' ? target : undefined;
}

/** Whether the name is that of the `except … as name` around it. */
function isHandlersName(file: ScannedFile, use: Name): boolean {
  const handler = handlerAround(use);
  return handler?.name === use.id && bindingOf(file.source, use) !== undefined;
}

function handlerAround(node: Node): ExceptHandler | undefined {
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (parent.kind === 'ExceptHandler') return parent;
    if (parent.kind === 'FunctionDef' || parent.kind === 'AsyncFunctionDef' || parent.kind === 'Lambda')
      return undefined;
  }
  return undefined;
}

/** Whether the name is deleted, set again after, or all it is used for is over when the handler ends. */
function isReleased(file: ScannedFile, target: Name, binding: Binding, around: FunctionDef): boolean {
  if (file.source.scopes.scopeOf.get(around)?.declared.has(target.id) === true) return true;
  return (file.source.names.get(target.id) ?? []).some((other) => {
    if (other === target || !isInside(other, around) || bindingOf(file.source, other) !== binding) return false;
    return other.ctx === 'Del' || (other.ctx === 'Store' && other.start > target.start && !isAnotherHandler(other));
  });
}

/** The same name given to another exception further down releases nothing. */
function isAnotherHandler(store: Name): boolean {
  return handlerAround(store) !== undefined;
}
