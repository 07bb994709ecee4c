// L03: a loop that starts several tasks each time round, waits for the first of them, and forgets the others.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { decidingTests } from '../../lifetimes/guards.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, functionAround, keywordOf, loopAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const taskPerIteration: Rule = {
  name: 'task-per-iteration',
  code: 'L03',
  cause: 'long-running process',
  sameAs: [],
  words: ['FIRST_COMPLETED', 'FIRST_EXCEPTION', 'timeout'],
  doc: {
    what: 'A loop that creates tasks, waits with `asyncio.wait` until the first is done or a time is over, and neither cancels the others nor waits for them again.',
    why: '`asyncio.wait` leaves the pending tasks running. Each time round the loop starts new ones beside them: a task that waits for an event that seldom comes is there once for every turn of the loop, with its coroutine and all it refers to.',
    evidence:
      'Two or more tasks are created without condition in the body of the loop and waited for with `return_when=FIRST_COMPLETED` (or one, with a `timeout`), and the function cancels nothing and does nothing with the pending set. High where the tasks are created in the loop that waits.',
    fix: 'Create the task that outlives a turn before the loop and again only when it is done; or cancel what is pending before the next turn.',
    ignore: 'When the other tasks are sure to end soon by themselves.',
    example: {
      leaks: `
import asyncio

async def heartbeat(stopped, send):
    while True:
        await send('alive')
        tick = asyncio.create_task(asyncio.sleep(15))
        stop = asyncio.create_task(stopped.wait())
        done, _ = await asyncio.wait([tick, stop], return_when=asyncio.FIRST_COMPLETED)
        if stop in done:
            return
`,
      fine: `
import asyncio

async def heartbeat(stopped, send):
    stop = asyncio.create_task(stopped.wait())
    while True:
        await send('alive')
        tick = asyncio.create_task(asyncio.sleep(15))
        done, _ = await asyncio.wait([tick, stop], return_when=asyncio.FIRST_COMPLETED)
        if stop in done:
            return
`,
    },
  },
  check(file, report) {
    for (const wait of callsByName(file).get('asyncio.wait') ?? []) {
      const loop = loopAround(wait);
      const waited = wait.args[0] ?? keywordOf(wait, 'fs');
      const least = tasksLeftBehindFrom(file, wait);
      if (loop === undefined || waited === undefined || least === undefined) continue;
      const created = tasksOf(file, waited).filter((task) => isStartedEachTurn(task, wait, loop));
      if (created.length < least || isLookedAfter(file, wait, loop)) continue;
      report({
        node: wait,
        confidence: 'high',
        message: `each turn of the loop starts \`${short(file, created.at(-1)!)}\` and forgets what \`asyncio.wait\` leaves pending`,
        remedy: 'create the longer task before the loop, or cancel what is pending before the next turn',
        evidence: created.map((node) => ({ node, text: 'is started each turn' })),
      });
    }
  },
};

/** How many tasks of one turn it takes for one to be left; undefined where the call waits for all of them. */
function tasksLeftBehindFrom(file: ScannedFile, wait: Call): number | undefined {
  const timeout = keywordOf(wait, 'timeout') ?? wait.args[1];
  if (timeout !== undefined && !(timeout.kind === 'Constant' && timeout.value === null)) return 1;
  const until = keywordOf(wait, 'return_when') ?? wait.args[2];
  const name = until === undefined ? undefined : dottedName(file.source, until);
  return name !== undefined && /(?:^|\.)FIRST_(?:COMPLETED|EXCEPTION)$/.test(name) ? 2 : undefined;
}

/** The calls that create the tasks waited for: in a display, `[a, create_task(f())]`, or a local name for one. */
function tasksOf(file: ScannedFile, waited: Expr): readonly Call[] {
  const display = onlyValue(file, waited) ?? waited;
  if (display.kind !== 'List' && display.kind !== 'Set' && display.kind !== 'Tuple') return taskOf(file, display);
  return display.elts.flatMap((element) => taskOf(file, element));
}

function taskOf(file: ScannedFile, element: Expr): readonly Call[] {
  const value = onlyValue(file, element) ?? element;
  return value.kind === 'Call' && isTaskCreation(file, value) ? [value] : [];
}

/** What a local name stands for. One that other statements give other values may be a task of an earlier turn. */
function onlyValue(file: ScannedFile, name: Expr): Expr | undefined {
  const binding = name.kind === 'Name' ? bindingOf(file.source, name) : undefined;
  if (binding?.scope.kind !== 'function' || binding.definitions.length !== 1) return undefined;
  const [definition] = binding.definitions;
  return definition?.kind === 'value' ? definition.value : undefined;
}

function isTaskCreation(file: ScannedFile, call: Call): boolean {
  const name = dottedName(file.source, call.func);
  if (name !== undefined && /^asyncio\.(?:create_task|ensure_future)$/.test(name)) return true;
  return (
    call.func.kind === 'Attribute' && call.func.attr === 'create_task' && !/group|tg/i.test(textOf(file, call.func))
  );
}

/** Whether each time the loop waits it has started the task anew: no test decides about it that does not about both. */
function isStartedEachTurn(task: Call, wait: Call, loop: Node): boolean {
  if (loopAround(task) !== loop) return false;
  const shared = decidingTests(wait);
  return decidingTests(task).every((test) => shared.includes(test));
}

/** Whether the function cancels or awaits something else of the tasks, or uses the set of pending ones. */
function isLookedAfter(file: ScannedFile, wait: Call, loop: Node): boolean {
  const around = functionAround(file, wait);
  if (around === undefined) return true;
  const cancels = (file.source.attributes.get('cancel') ?? []).some(
    (attribute) => isInside(attribute, around) && (isInside(attribute, loop) || attribute.start > loop.end),
  );
  if (cancels || (callsByName(file).get('asyncio.gather') ?? []).some((call) => isInside(call, loop))) return true;
  const pending = pendingName(wait);
  return pending !== undefined && isRead(file, pending, around);
}

/** The name that `done, pending = await asyncio.wait(…)` gives to the tasks that are left. */
function pendingName(wait: Call): (Expr & { readonly kind: 'Name' }) | undefined {
  const assign = wait.parent?.kind === 'Await' ? wait.parent.parent : undefined;
  const target = assign?.kind === 'Assign' ? assign.targets[0] : undefined;
  const pending = target?.kind === 'Tuple' ? target.elts[1] : undefined;
  return pending?.kind === 'Name' ? pending : undefined;
}

function isRead(file: ScannedFile, target: Expr & { readonly kind: 'Name' }, around: Node): boolean {
  return (file.source.names.get(target.id) ?? []).some((name) => name.ctx === 'Load' && isInside(name, around));
}

function short(file: ScannedFile, call: Call): string {
  const text = textOf(file, call).replace(/\s+/g, ' ');
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
