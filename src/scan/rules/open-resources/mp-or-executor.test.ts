import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn } from '../../../../test/support/scan-cases.ts';
import { mpOrExecutor } from './mp-or-executor.ts';

test('pools and shared memory that nothing shuts down', () => {
  expectMarkedLines(
    mpOrExecutor,
    `
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.shared_memory import SharedMemory

def work(items, f):
    pool = multiprocessing.Pool(4)  # <- finds high
    return pool.map(f, items)

def futures(items, f):
    executor = ThreadPoolExecutor()  # <- finds high
    results = [executor.submit(f, item).result() for item in items]
    return results

def block(name):
    memory = SharedMemory(name)  # <- finds high
    return bytes(memory.buf[:4])
`,
  );
});

test('shut down, entered, kept, or for the whole process', () => {
  expectMarkedLines(
    mpOrExecutor,
    `
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor()

def entered(items, f):
    with ThreadPoolExecutor() as executor:
        return list(executor.map(f, items))

def shut(items, f):
    pool = multiprocessing.Pool(4)
    try:
        return pool.map(f, items)
    finally:
        pool.terminate()

class Server:
    def __init__(self):
        self.pool = ThreadPoolExecutor()

def pending(f):
    executor = ThreadPoolExecutor(1)
    return executor.submit(f)
`,
  );
});

test('a with statement that waits is offered as unsafe', () => {
  const [finding] = findingsIn(mpOrExecutor, mpOrExecutor.doc.example.leaks);
  expect(finding!.fix!.safety).toBe('unsafe');
});
