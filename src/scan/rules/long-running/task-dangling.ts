// L05: asyncio tasks that nobody keeps. The edits that keep them are here too.

import { isStatement } from '../../../source/ast-walk.ts';
import type { Call, Expr, ExprStmt, FunctionDef, Module, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf, enclosingFunction } from '../../../source/source-index.ts';
import { inferValues } from '../../../source/type-inference.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart } from '../../edits/edits.ts';
import type { Edit, Fix } from '../../finding.ts';
import { endlessLoop } from '../../lifetimes/endless-loop.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const taskDangling: Rule = {
  name: 'task-dangling',
  code: 'L05',
  cause: 'long-running process',
  sameAs: ['RUF006'],
  words: ['create_task', 'ensure_future'],
  doc: {
    what: '`asyncio.create_task` or `ensure_future` whose result is dropped.',
    why: 'The event loop keeps only weak references to tasks. One that nobody keeps may be collected while it waits, and what it had open is released late or never; one that fails says so only when it is collected. Where each request starts such a task, nothing limits how many wait at a time.',
    evidence:
      'The call is a statement of its own, on `asyncio` or on an event loop, not on a task group. Medium where a request handler, task or consumer comes to run the function, or the task loops without end; else low: what is lost is mostly the task, not memory.',
    fix: 'Keep the task until it is done: in a set, with the set’s `discard` as its callback. The fix does that; it is unsafe, because the task then lives on. An `asyncio.TaskGroup` is better where the function may wait.',
    ignore: 'The task lives as long as the process, and something it waits for keeps it.',
    example: {
      leaks: `
import asyncio

@app.post("/orders")
async def order(request):
    asyncio.create_task(send_mail(request))
    return "ordered"
`,
      fine: `
import asyncio

background_tasks = set()

@app.post("/orders")
async def order(request):
    task = asyncio.create_task(send_mail(request))
    background_tasks.add(task)
    task.add_done_callback(background_tasks.discard)
    return "ordered"
`,
    },
  },
  check(file, report) {
    for (const call of file.source.calls) {
      const statement = call.parent;
      if (statement?.kind !== 'Expr' || !startsTask(file, call)) continue;
      const callee = enclosingFunction(file.source, call);
      if (callee === undefined) continue;
      const loop = endlessLoopOf(file, call);
      report({
        node: call,
        confidence: 'medium',
        message:
          loop === undefined
            ? `nothing keeps the task of \`${textOf(file, call.func)}\`: it may be collected before it is done, and how many wait is unlimited`
            : `nothing keeps the task of \`${textOf(file, call.func)}\`, so nothing can end it, and it never ends by itself`,
        remedy: 'keep the task in a set and discard it when it is done, or use a task group',
        evidence: loop === undefined ? [] : [{ node: loop, text: 'loops without end' }],
        conditions:
          loop !== undefined
            ? []
            : [
                {
                  condition: { kind: 'runs repeatedly', module: file.source.module, qualname: callee.qualname },
                  otherwise: 'low',
                },
              ],
        fix: () => keepInSet(file, call, statement),
      });
    }
  },
};

/** The endless loop of the coroutine that becomes the task, where the file shows it. */
function endlessLoopOf(file: ScannedFile, { args: [coroutine] }: Call): Node | undefined {
  if (coroutine?.kind !== 'Call') return undefined;
  for (const value of inferValues(file.index, file.source, coroutine.func)) {
    if (value.kind === 'function') return endlessLoop(value.function);
  }
  return undefined;
}

function startsTask(file: ScannedFile, call: Call): boolean {
  const name = dottedName(file.source, call.func);
  if (name === 'asyncio.create_task' || name === 'asyncio.ensure_future') return true;
  return call.func.kind === 'Attribute' && call.func.attr === 'create_task' && isLoop(file, call.func.value);
}

/** An event loop, by what it was got from or by its name. */
function isLoop(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind === 'Call') {
    return /^asyncio\.(?:get_event_loop|get_running_loop|new_event_loop)$/.test(
      dottedName(file.source, expr.func) ?? '',
    );
  }
  if (expr.kind === 'Attribute') return /^_?(?:event_)?loop$/.test(expr.attr);
  if (expr.kind !== 'Name') return false;
  const values = (bindingOf(file.source, expr)?.definitions ?? []).flatMap((definition) =>
    definition.kind === 'value' ? [definition.value] : [],
  );
  return values.some((value) => value.kind === 'Call' && isLoop(file, value)) || /^_?(?:event_)?loop$/.test(expr.id);
}

const SET_NAME = 'background_tasks';

function keepInSet(file: ScannedFile, call: Call, statement: ExprStmt): Fix | undefined {
  const { text } = file.source;
  const line = lineStart(text, statement.start);
  const next = nextLineStart(text, statement.end);
  const isAlone =
    text.slice(line, statement.start).trim() === '' && /^[ \t]*(?:#.*)?[\r\n]*$/.test(text.slice(statement.end, next));
  const around = functionAround(file, call);
  if (!isAlone || around === undefined) return undefined;
  const set = setEdits(file);
  const name = freeName(file, around, ['task', 'background_task']);
  if (set === undefined || name === undefined) return undefined;
  const end = lineEndOf(text);
  const indentation = indentationAt(text, statement.start);
  const missing = next === text.length && !/[\r\n]$/.test(text) ? end : '';
  return {
    title: 'Keep the task in a set until it is done',
    safety: 'unsafe',
    edits: [
      { start: statement.start, end: statement.start, text: `${name} = ` },
      {
        start: next,
        end: next,
        text: `${missing}${indentation}${SET_NAME}.add(${name})${end}${indentation}${name}.add_done_callback(${SET_NAME}.discard)${end}`,
      },
      ...set,
    ],
  };
}

/** A name that the function gives no other meaning. */
function freeName(file: ScannedFile, around: FunctionDef, names: readonly string[]): string | undefined {
  return names.find(
    (name) =>
      (file.source.names.get(name) ?? []).every((use) => functionAround(file, use) !== around) &&
      ![...around.args.args, ...around.args.kwonlyargs].some(({ arg }) => arg === name),
  );
}

/** The edits that make the set, after the imports at the top; none where the file has it already. */
function setEdits(file: ScannedFile): readonly Edit[] | undefined {
  const { text } = file.source;
  const known = file.source.scopes.module.bindings.get(SET_NAME);
  if (known !== undefined) {
    const [definition] = known.definitions;
    const isSet =
      definition?.kind === 'value' &&
      definition.value.kind === 'Call' &&
      dottedName(file.source, definition.value.func) === 'builtins.set';
    return isSet ? [] : undefined;
  }
  if (file.source.names.has(SET_NAME)) return undefined;
  const last = lastImport((file.source.scopes.module.node as Module).body);
  if (last === undefined) return undefined;
  const at = nextLineStart(text, last.end);
  const end = lineEndOf(text);
  return [{ start: at, end: at, text: `${end}${SET_NAME} = set()${end}` }];
}

/** The last of the imports that a module begins with. */
function lastImport(body: readonly Node[]): Node | undefined {
  let last: Node | undefined;
  for (const statement of body) {
    if (statement.kind === 'Import' || statement.kind === 'ImportFrom') last = statement;
    else if (last !== undefined && isStatement(statement)) return last;
  }
  return last;
}
