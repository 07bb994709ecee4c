import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { taskKeptForever } from './task-kept-forever.ts';

test('tasks, futures and threads that are put in and not taken out', () => {
  expectMarkedLines(
    taskKeptForever,
    `
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

tasks = set()
futures = []
pool = ThreadPoolExecutor()

async def on_message(message):
    task = asyncio.create_task(handle(message))
    tasks.add(task)  # <- finds medium

def view(request):
    futures.append(pool.submit(work, request))  # <- finds high

class Server:
    def __init__(self):
        self.threads = []

    def serve(self):
        while True:
            connection = self.socket.accept()
            thread = threading.Thread(target=self.handle, args=(connection,))
            self.threads.append(thread)  # <- finds high
            thread.start()
`,
  );
});

test('taken out by a callback, by pruning, by gathering; kept by a local', () => {
  expectMarkedLines(
    taskKeptForever,
    `
import asyncio

a = set()
b = []
c = []

async def on_message(message):
    task = asyncio.create_task(handle(message))
    a.add(task)
    task.add_done_callback(a.discard)
    global b
    b = [task for task in b if not task.done()]
    b.append(asyncio.create_task(handle(message)))
    c.append(asyncio.create_task(handle(message)))
    mine = []
    mine.append(asyncio.create_task(handle(message)))

async def stop():
    await asyncio.gather(*c)
    c.clear()

class Pool:
    def __init__(self, limit):
        self._threads = set()
        self._limit = limit

    def submit(self, work):
        count = len(self._threads)
        if count < self._limit:
            self._threads.add(asyncio.create_task(work))
`,
  );
});

test('the fix lets the task take itself out', () => {
  expect(
    fixed(
      taskKeptForever,
      `import asyncio
tasks = set()
def view(request):
    started = asyncio.ensure_future(work(request))
    tasks.add(started)
`,
    ),
  ).toBe(`import asyncio
tasks = set()
def view(request):
    started = asyncio.ensure_future(work(request))
    tasks.add(started)
    started.add_done_callback(tasks.discard)
`);
  expect(
    fixed(
      taskKeptForever,
      `import asyncio
running = []
def view(request):
    running.append(asyncio.create_task(work(request)))
`,
    ),
  ).toBe(`import asyncio
running = []
def view(request):
    task = asyncio.create_task(work(request))
    running.append(task)
    task.add_done_callback(running.remove)
`);
  expect(
    fixed(
      taskKeptForever,
      'import threading\nt = []\ndef view(request):\n    t.append(threading.Thread(target=work))\n',
    ),
  ).toBeUndefined();
});
