import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { taskDangling } from './task-dangling.ts';

test('tasks of asyncio and of loops whose result is dropped', () => {
  expectMarkedLines(
    taskDangling,
    `
import asyncio
from asyncio import ensure_future as later

@app.get("/x")
async def handle(request):
    asyncio.create_task(work())  # <- finds medium
    later(work())  # <- finds medium
    asyncio.get_running_loop().create_task(work())  # <- finds medium
    loop = asyncio.get_event_loop()
    loop.create_task(work())  # <- finds medium
    self.loop.create_task(work())  # <- finds medium

async def main():
    asyncio.create_task(work())  # <- finds low
    asyncio.create_task(purge())  # <- finds medium
    asyncio.create_task(watch())  # <- finds low
async def purge():
    while True:
        await asyncio.sleep(60)
async def watch():
    while True:
        if await asyncio.sleep(60):
            return
`,
  );
});

test('tasks that are kept, awaited or in a group are fine', () => {
  expectMarkedLines(
    taskDangling,
    `
import asyncio
async def handle(request, nursery):
    task = asyncio.create_task(work())
    await asyncio.create_task(work())
    tasks.add(asyncio.create_task(work()))
    asyncio.create_task(work()).add_done_callback(tasks.discard)
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
    nursery.create_task(work())
    return asyncio.ensure_future(work())
`,
  );
});

test('fix: a set that keeps the task until it is done', () => {
  expect(
    fixed(
      taskDangling,
      `"""Doc."""
import asyncio
from app import work

async def handle(request):
    if request:
        asyncio.create_task(
            work(request),
        )  # in the background
    return 1
`,
    ),
  ).toBe(`"""Doc."""
import asyncio
from app import work

background_tasks = set()

async def handle(request):
    if request:
        task = asyncio.create_task(
            work(request),
        )  # in the background
        background_tasks.add(task)
        task.add_done_callback(background_tasks.discard)
    return 1
`);
});

test('fix: the set of the file, and a free name', () => {
  expect(
    fixed(
      taskDangling,
      'import asyncio\r\nbackground_tasks = set()\r\nasync def f(task):\r\n\tasyncio.create_task(task)',
    ),
  ).toBe(
    'import asyncio\r\nbackground_tasks = set()\r\nasync def f(task):\r\n\tbackground_task = asyncio.create_task(task)\r\n\tbackground_tasks.add(background_task)\r\n\tbackground_task.add_done_callback(background_tasks.discard)\r\n',
  );
});

test('no fix where the statement shares its line or the name is taken', () => {
  expect(fixed(taskDangling, 'import asyncio\nasync def f(x): asyncio.create_task(x)\n')).toBeUndefined();
  expect(
    fixed(taskDangling, 'import asyncio\nbackground_tasks = []\nasync def f(x):\n    asyncio.create_task(x)\n'),
  ).toBeUndefined();
});
