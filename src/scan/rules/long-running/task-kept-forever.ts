// L04: tasks, futures and threads put into a list or set that is never emptied.

import { statementOf } from '../../../source/ast-walk.ts';
import type { Expr } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { replaceNode } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { insertAfter, insertBefore } from '../../growth/container-fixes.ts';
import { type GrowingContainer, growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { madeValue } from '../../growth/growth-kind.ts';
import type { Rule } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

export const taskKeptForever: Rule = {
  name: 'task-kept-forever',
  code: 'L04',
  cause: 'long-running process',
  sameAs: [],
  words: ['create_task', 'ensure_future', 'submit', 'run_coroutine_threadsafe', 'Thread', 'Task'],
  doc: {
    what: 'Tasks, futures or threads that are put into a container which lives on, and are not taken out when they are done.',
    why: 'A finished task keeps its result or its exception, and with the exception the frames it passed through. Kept in a list, all of that stays.',
    evidence:
      'What is added is made by `create_task`, `ensure_future`, `submit` or `Thread(…)`; the container is a module variable, a class attribute or an attribute of a long-lived object; nothing removes from it, and no `add_done_callback` does. Certain when it is reached again and again; otherwise likely.',
    fix: 'Take the task out when it is done: `task.add_done_callback(tasks.discard)`. The unsafe fix adds that line.',
    ignore: 'When the tasks are a fixed few, started once.',
    example: {
      leaks: `
import asyncio

tasks = set()

async def on_message(message):
    task = asyncio.create_task(handle(message))
    tasks.add(task)
`,
      fine: `
import asyncio

tasks = set()

async def on_message(message):
    task = asyncio.create_task(handle(message))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      const { family, container } = growing;
      if (family !== 'task') continue;
      report(
        growthFinding(file, growing, {
          message: `\`${container.label}\` keeps every task that was ever started, with its result`,
          remedy: 'take each out when it is done: `task.add_done_callback(tasks.discard)`',
          isTelling: true,
          fix: () => discardWhenDone(file, growing),
        }),
      );
    }
  },
};

/** Lets the task take itself out; a thread tells nobody when it ends. */
function discardWhenDone(file: ScannedFile, { container, growth, others }: GrowingContainer): Fix | undefined {
  const { node, value, entry } = growth;
  if (others.length > 0 || entry || value === undefined || node.kind !== 'Call' || isThread(file, value))
    return undefined;
  if (node.func.kind !== 'Attribute' || (container.kind !== 'set' && container.kind !== 'list')) return undefined;
  const remover = `${textOf(file, node.func.value)}.${container.kind === 'set' ? 'discard' : 'remove'}`;
  const title = 'Take the task out when it is done';
  if (value.kind === 'Name') {
    const callback = insertAfter(file, node, [`${value.id}.add_done_callback(${remover})`]);
    return callback && { title, safety: 'unsafe', edits: [callback] };
  }
  // Made where it is added: it needs a name to be spoken to.
  if (value.kind !== 'Call' || growth.function.scope.bindings.has(TASK_NAME) || file.source.names.has(TASK_NAME)) {
    return undefined;
  }
  const made = insertBefore(file, statementOf(node), `${TASK_NAME} = ${textOf(file, value)}`);
  const callback = insertAfter(file, node, [`${TASK_NAME}.add_done_callback(${remover})`]);
  return made && callback && { title, safety: 'unsafe', edits: [made, replaceNode(value, TASK_NAME), callback] };
}

const TASK_NAME = 'task';

function isThread(file: ScannedFile, value: Expr): boolean {
  const made = madeValue(file, value);
  return made?.kind !== 'Call' || dottedName(file.source, made.func) === 'threading.Thread';
}
