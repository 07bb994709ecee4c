// What a growing container is filled with: tasks, locks, or what was computed for a key.

import type { Expr, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../source/source-index.ts';
import { type ScannedFile, textOf } from '../scanned-file.ts';

/** The expression that makes a value: itself, or what the local variable was given. */
export function madeValue(file: ScannedFile, value: Expr | undefined): Expr | undefined {
  if (value?.kind !== 'Name') return value;
  for (const definition of bindingOf(file.source, value)?.definitions ?? []) {
    if (definition.kind === 'value' && definition.value.kind === 'Call') return definition.value;
  }
  return value;
}

const TASK_MAKERS: ReadonlySet<string> = new Set([
  'asyncio.create_task',
  'asyncio.ensure_future',
  'asyncio.run_coroutine_threadsafe',
  'asyncio.Task',
  'threading.Thread',
]);

/** Whether an expression starts a task, future or thread. */
export function isTask(file: ScannedFile, value: Expr | undefined): boolean {
  if (value?.kind !== 'Call') return false;
  const name = dottedName(file.source, value.func);
  if (name !== undefined && TASK_MAKERS.has(name)) return true;
  return value.func.kind === 'Attribute' && /^(?:create_task|ensure_future|submit)$/.test(value.func.attr);
}

const PRIMITIVES =
  /^(?:threading|asyncio|multiprocessing|anyio|trio)\.(?:Lock|RLock|Condition|Event|Semaphore|BoundedSemaphore|Barrier|Queue|CapacityLimiter)$|^queue\.(?:Simple)?Queue$|^_thread\.allocate_lock$/;

/** Whether an expression makes (or, as a factory, is) a lock, an event or a queue. */
export function isPrimitive(file: ScannedFile, value: Expr | undefined): boolean {
  if (value === undefined) return false;
  const type = value.kind === 'Call' ? value.func : value;
  const name = dottedName(file.source, type.kind === 'Lambda' && type.body.kind === 'Call' ? type.body.func : type);
  return name !== undefined && PRIMITIVES.test(name);
}

/** Whether the function reads the container by the same key: `key in C`, `C.get(key)`, `C[key]`. */
export function looksUpFirst(file: ScannedFile, key: Expr, around: FunctionInfo, denoting: ReadonlySet<Expr>): boolean {
  return asks(file, key, around, denoting, () => true);
}

/** Whether the function tests `key in C`. */
export function isTestedFor(file: ScannedFile, key: Expr, around: FunctionInfo, denoting: ReadonlySet<Expr>): boolean {
  return asks(file, key, around, denoting, (expr) => expr.parent?.kind === 'Compare');
}

function asks(
  file: ScannedFile,
  key: Expr,
  around: FunctionInfo,
  denoting: ReadonlySet<Expr>,
  counts: (expr: Expr) => boolean,
): boolean {
  const wanted = textOf(file, key);
  for (const expr of denoting) {
    if (expr.start < around.node.start || expr.end > around.node.end || !counts(expr)) continue;
    const looked = lookedUp(expr);
    if (looked === undefined || textOf(file, looked) !== wanted) continue;
    if (enclosingFunction(file.source, expr) === around) return true;
  }
  return false;
}

/** The key a container is asked for where `expr` denotes it. */
function lookedUp(expr: Expr): Expr | undefined {
  const parent: Node | undefined = expr.parent;
  switch (parent?.kind) {
    case 'Compare':
      return /^(?:In|NotIn)$/.test(parent.ops[0]!) && parent.comparators[0] === expr ? parent.left : undefined;
    case 'Subscript':
      return parent.ctx === 'Load' && parent.value === expr ? parent.slice : undefined;
    case 'Attribute': {
      const call = parent.parent;
      return parent.attr === 'get' && call?.kind === 'Call' && call.func === parent ? call.args[0] : undefined;
    }
    default:
      return undefined;
  }
}

/** `count[key] -= 1`: a reference count, whose entry has no use once it is 0. */
export function isCountdown(node: Node): boolean {
  const { parent } = node;
  return (
    parent?.kind === 'AugAssign' && parent.target === node && parent.op === 'Sub' && parent.value.kind === 'Constant'
  );
}
