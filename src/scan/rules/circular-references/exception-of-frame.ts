// Exceptions that a local variable holds while their traceback holds its frame, without an `except … as` giving them a second
// name: a result that is raised, and a future made here that is given what was caught here. Part of exception-local-cycle.

import type { Call, ExceptHandler, Expr, Name, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { Binding } from '../../../source/scopes.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import type { Report } from '../../rule.ts';
import { functionAround, type ScannedFile } from '../../scanned-file.ts';

export function checkExceptionsOfFrame(file: ScannedFile, report: Report): void {
  for (const call of file.source.calls) {
    checkRaisedResult(file, call, report);
    checkFailedFuture(file, call, report);
  }
}

/** `if isinstance(response, ResponseError): raise response`: the response is a variable of the frame that raises it. */
function checkRaisedResult(file: ScannedFile, call: Call, report: Report): void {
  const { func, args, parent } = call;
  if (func.kind !== 'Name' || func.id !== 'isinstance' || parent?.kind !== 'If') return;
  const [result] = args;
  const raise = parent.test === call ? parent.body.at(-1) : undefined;
  if (result?.kind !== 'Name' || raise?.kind !== 'Raise' || raise.exc?.kind !== 'Name') return;
  if (raise.exc.id !== result.id || !isSetByCall(file, result) || isLetGo(file, result, raise)) return;
  report({
    node: raise,
    confidence: 'medium',
    message: `the exception that \`${result.id}\` holds gets a traceback with this frame, whose variable \`${result.id}\` is`,
    remedy: `raise it in a \`try\` with \`del ${result.id}\` in its \`finally\``,
  });
}

/** `future.set_exception(error)`, or a function of that name, in the handler that caught the error. */
function checkFailedFuture(file: ScannedFile, call: Call, report: Report): void {
  const { func, args } = call;
  const isMethod = func.kind === 'Attribute' && /^set_exc(?:eption|_info)$/.test(func.attr);
  if (!isMethod && !/_set_exc(?:eption|_info)$/.test(lastName(func))) return;
  const [future, error] = isMethod ? [func.value, args[0]] : args;
  const handler = handlerAround(call);
  if (future?.kind !== 'Name' || error === undefined || handler === undefined) return;
  if (!isCaught(file, error, handler) || !isMadeAnew(file, future) || isLetGo(file, future, call)) return;
  report({
    node: call,
    confidence: 'medium',
    message: `\`${future.id}\` gets an exception whose traceback has this frame, and the frame’s variable \`${future.id}\` holds it`,
    remedy: `set \`${future.id}\` to None in a \`finally\` around what returns it`,
  });
}

/** Whether the expression is the exception the handler caught: by its name, or from `sys.exc_info()`. */
function isCaught(file: ScannedFile, error: Expr, handler: ExceptHandler): boolean {
  if (error.kind === 'Name') return error.id === handler.name;
  const call = error.kind === 'Subscript' ? error.value : error.kind === 'Starred' ? error.value : error;
  return call.kind === 'Call' && dottedName(file.source, call.func) === 'sys.exc_info';
}

function handlerAround(node: Node): ExceptHandler | undefined {
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (parent.kind === 'ExceptHandler') return parent;
    if (parent.kind === 'FunctionDef' || parent.kind === 'AsyncFunctionDef' || parent.kind === 'Lambda') break;
  }
  return undefined;
}

/** Whether the function around sets the variable to the result of a call, awaited or not. */
function isSetByCall(file: ScannedFile, name: Name): boolean {
  return (
    localBinding(file, name)?.definitions.some((definition) => {
      if (definition.kind !== 'value') return false;
      const { value } = definition;
      return value.kind === 'Call' || value.kind === 'Await';
    }) === true
  );
}

/** Whether the variable has objects made in this function, or nothing: `Future()`, `loop.create_future()`. */
function isMadeAnew(file: ScannedFile, name: Name): boolean {
  const definitions = localBinding(file, name)?.definitions ?? [];
  return (
    definitions.length > 0 &&
    definitions.every(
      (definition) =>
        definition.kind === 'value' &&
        (isNone(definition.value) ||
          (definition.value.kind === 'Call' && /^(?:create_future|_?[A-Z]\w*)$/.test(lastName(definition.value.func)))),
    )
  );
}

/** The binding of a variable of the function around, not of one further out. */
function localBinding(file: ScannedFile, name: Name): Binding | undefined {
  const binding = bindingOf(file.source, name);
  return binding?.scope.kind === 'function' && binding.scope.node === functionAround(file, name) ? binding : undefined;
}

function isNone(value: Expr): boolean {
  return value.kind === 'Constant' && value.value === null;
}

/** Whether the function deletes the variable, or gives it another value, after the place and before it is left. */
function isLetGo(file: ScannedFile, name: Name, after: Node): boolean {
  const binding = bindingOf(file.source, name);
  const around = functionAround(file, name);
  if (around === undefined) return true;
  const ends = leavesAt(after) ? finallyBlocksAround(after) : [around];
  return (file.source.names.get(name.id) ?? []).some(
    (use) =>
      use.ctx !== 'Load' &&
      use.start > after.start &&
      ends.some((end) => isInside(use, end)) &&
      bindingOf(file.source, use) === binding,
  );
}

/** Whether the function is left at the statement, or by a `return` right after it. */
function leavesAt(node: Node): boolean {
  const statement = node.parent?.kind === 'Expr' ? node.parent : node;
  if (statement.kind === 'Raise') return true;
  const block: readonly Node[] = statement.parent?.kind === 'ExceptHandler' ? statement.parent.body : [];
  return block[block.indexOf(statement) + 1]?.kind === 'Return';
}

/** What still runs when the function is left there. */
function finallyBlocksAround(node: Node): readonly Node[] {
  const found: Node[] = [];
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (parent.kind === 'FunctionDef' || parent.kind === 'AsyncFunctionDef' || parent.kind === 'Lambda') break;
    if (parent.kind === 'Try' || parent.kind === 'TryStar') found.push(...parent.finalbody);
  }
  return found;
}

function lastName(func: Expr): string {
  return func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
}
