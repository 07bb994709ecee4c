import { expect, test } from 'vitest';
import { expectMarkedLines, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { exceptionStored } from './exception-stored.ts';

test('exceptions in containers and variables of the module, and on objects', () => {
  expectMarkedLines(
    exceptionStored,
    `
FAILURES = []
BY_JOB = {}
LAST = None

def handle(job):
    global LAST
    try:
        job.run()
    except ValueError as error:
        FAILURES.append(error)  # <- finds high
        FAILURES.append((job, error))  # <- finds high
        BY_JOB[job.id] = error  # <- finds high
    except Exception as error:
        LAST = error  # <- finds medium

class Worker:
    def __init__(self):
        self.errors = []
        self.error = None
    def run(self):
        try:
            work()
        except Exception as e:
            self.errors.append(e)  # <- finds low
            self.error = e  # <- finds medium
`,
  );
});

test('objects made of an exception', () => {
  expectMarkedLines(
    exceptionStored,
    `
class Monitor:
    def check(self):
        try:
            work()
        except ValueError as error:
            self.state = Description(self.address, error=error)  # <- finds medium
        except TypeError as error:
            sanitize(error)
            self.state = Description(self.address, error=error)
        except OSError as error:
            self.text = str(error)
            self.code = lookup(error)
`,
  );
});

test('a list of an object that is known to live long', () => {
  const found = findingsInProject(exceptionStored, {
    work: `
class Pool:
    def run(self):
        try:
            work()
        except Exception as e:
            self.errors.append(e)
`,
    main: `
from work import Pool
POOL = Pool()
`,
  });
  expect(found.map(({ confidence }) => confidence)).toEqual(['medium']);
});

test('texts, cleared tracebacks, emptied containers, futures and locals are fine', () => {
  expectMarkedLines(
    exceptionStored,
    `
import traceback
TEXTS = []
QUEUE = []
BARE = []

def handle(job):
    errors = []
    last = None
    try:
        job.run()
    except ValueError as error:
        TEXTS.append(str(error))
        TEXTS.append(type(error))
        QUEUE.append(error)
        errors.append(error)
        last = error
        job.error = error
    except TypeError as error:
        BARE.append(error.with_traceback(None))
    except OSError as error:
        traceback.clear_frames(error.__traceback__)
        BARE.append(error)
    return errors

def drain():
    while QUEUE:
        report(QUEUE.pop())

class Task(Future):
    def run(self):
        try:
            work()
        except Exception as e:
            self.error = e

class Reader:
    def read(self):
        try:
            work()
        except Exception as e:
            self.failure = e
    def reset(self):
        self.failure = None
`,
  );
});

test('the fix drops the traceback, unless the exception is used again', () => {
  const text = (rest: string) => `
ERRORS = []
def f():
    try:
        g()
    except Exception as e:
        ERRORS.append(e)
${rest}`;
  expect(fixed(exceptionStored, text(''))).toContain('        ERRORS.append(e.with_traceback(None))\n');
  expect(fixed(exceptionStored, text('        log(e)\n'))).toBeUndefined();
  expect(fixed(exceptionStored, text('        raise\n'))).toBeUndefined();
});
