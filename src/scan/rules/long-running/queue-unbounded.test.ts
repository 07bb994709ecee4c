import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { queueUnbounded } from './queue-unbounded.ts';

test('queues without a limit that requests and loops fill', () => {
  expectMarkedLines(
    queueUnbounded,
    `
import asyncio
import queue

jobs = queue.Queue()  # <- finds medium
idle = queue.Queue()  # <- finds low

def view(request):
    jobs.put(request)

def submit(job):
    idle.put(job)

def work():
    while True:
        jobs.get().run()
        idle.get().run()

class Reader:
    def __init__(self):
        self.lines = asyncio.Queue(maxsize=0)  # <- finds medium

    async def run(self):
        while True:
            self.lines.put_nowait(await self.stream.readline())
`,
  );
});

test('limited queues, local ones, and such as nothing is put into', () => {
  expectMarkedLines(
    queueUnbounded,
    `
import queue

a = queue.Queue(100)
b = queue.Queue(maxsize=LIMIT)
c = queue.Queue()

def view(request):
    a.put(request)
    b.put(request)
    mine = queue.Queue()
    mine.put(request)
    return c.get()
`,
  );
});

test('the fix gives a limit', () => {
  expect(fixed(queueUnbounded, 'import queue\njobs = queue.Queue()\ndef view(request):\n    jobs.put(request)\n')).toBe(
    'import queue\njobs = queue.Queue(maxsize=1000)\ndef view(request):\n    jobs.put(request)\n',
  );
  expect(
    fixed(queueUnbounded, 'import queue\njobs = queue.SimpleQueue()\ndef view(request):\n    jobs.put(request)\n'),
  ).toBeUndefined();
});
