import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { taskPerIteration } from './task-per-iteration.ts';

test('tasks started each turn of which all but one are forgotten', () => {
  expectMarkedLines(
    taskPerIteration,
    `
import asyncio
from asyncio import FIRST_COMPLETED, create_task

async def named(app):
    while True:
        a = asyncio.create_task(tick())
        b = asyncio.create_task(app.stopped.wait())
        done, _ = await asyncio.wait([a, b], return_when=asyncio.FIRST_COMPLETED)  # <- finds high

async def inline(queue):
    async for item in queue:
        await asyncio.wait(  # <- finds high
            {create_task(work(item)), asyncio.ensure_future(stop())},
            return_when=FIRST_COMPLETED,
        )

async def late(loop):
    while running():
        task = loop.create_task(poll())
        done, pending = await asyncio.wait([task], timeout=5)  # <- finds high

async def by_state(self):
    while not self.stopped.is_set():
        if self.idle:
            await asyncio.wait(  # <- finds high
                (create_task(self.stopped.wait()), create_task(self.connected.wait())),
                return_when=FIRST_COMPLETED,
            )

async def nested(app):
    async def iterator():
        while True:
            try:
                yield 1
                a = asyncio.create_task(tick())
                tasks = [a, asyncio.create_task(app.stopped.wait())]
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # <- finds high
            except asyncio.CancelledError:
                return
    return iterator()
`,
  );
});

test('tasks that are cancelled, kept or waited for in full are fine', () => {
  expectMarkedLines(
    taskPerIteration,
    `
import asyncio

async def reused(stopped):
    stop = asyncio.create_task(stopped.wait())
    while True:
        tick = asyncio.create_task(asyncio.sleep(1))
        await asyncio.wait([tick, stop], return_when=asyncio.FIRST_COMPLETED)

async def cancelled():
    while True:
        a = asyncio.create_task(f())
        b = asyncio.create_task(g())
        done, pending = await asyncio.wait([a, b], return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

async def cancelled_at_the_end():
    try:
        while True:
            a = asyncio.create_task(f())
            b = asyncio.create_task(g())
            await asyncio.wait([a, b], return_when=asyncio.FIRST_COMPLETED)
    finally:
        a.cancel()

async def carried_on(queue):
    pending = set()
    while True:
        pending.add(asyncio.create_task(queue.get()))
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

async def renewed():
    a = asyncio.create_task(f())
    b = asyncio.create_task(g())
    while True:
        done, _ = await asyncio.wait([a, b], return_when=asyncio.FIRST_COMPLETED)
        if a in done:
            a = asyncio.create_task(f())
        if b in done:
            b = asyncio.create_task(g())

async def on_demand(task=None):
    while True:
        if not task:
            one = asyncio.create_task(f())
            two = asyncio.create_task(f())
        await asyncio.wait([one, two], return_when=asyncio.FIRST_COMPLETED)

async def all_of_them():
    while True:
        a = asyncio.create_task(f())
        b = asyncio.create_task(g())
        await asyncio.wait([a, b])
        await asyncio.wait([a, b], timeout=None)

async def once():
    a = asyncio.create_task(f())
    b = asyncio.create_task(g())
    await asyncio.wait([a, b], return_when=asyncio.FIRST_COMPLETED)
`,
  );
});
