import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { exceptionLocalCycle } from './exception-local-cycle.ts';

test('a result that is raised from the variable that holds it', () => {
  expectMarkedLines(
    exceptionLocalCycle,
    `
class Connection:
    def read(self):
        response = self.parser.read()
        if isinstance(response, ResponseError):
            raise response  # <- finds medium
        return response

async def gathered(job):
    result = await job.outcome()
    if isinstance(result, (OSError, ValueError)):
        log(result)
        raise result from None  # <- finds medium
    return result
`,
  );
});

test('results that are let go, not raised, or not of the function are fine', () => {
  expectMarkedLines(
    exceptionLocalCycle,
    `
def released(parser):
    response = parser.read()
    if isinstance(response, ResponseError):
        try:
            raise response
        finally:
            del response
    return response

def around(parser):
    try:
        response = parser.read()
        if isinstance(response, ResponseError):
            raise response
        return response
    finally:
        response = None

def wrapped(parser):
    response = parser.read()
    if isinstance(response, ResponseError):
        raise RuntimeError(response)
    if not isinstance(response, dict):
        raise response
    return response

def checked(error):
    if isinstance(error, OSError):
        raise error

def nothing(parser):
    response = parser.read()
    return isinstance(response, ResponseError)

def caught():
    try:
        work()
    except Exception as error:
        if isinstance(error, OSError):
            raise error
`,
  );
});

test('a future made here that fails with what is caught here', () => {
  expectMarkedLines(
    exceptionLocalCycle,
    `
import sys
from concurrent.futures import Future

def started(work):
    future = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)  # <- finds medium
    return future

def wrapper(function, loop):
    future = loop.create_future()
    try:
        result = function()
    except Exception:
        future_set_exc_info(future, sys.exc_info())  # <- finds medium
        return future
    future.set_result(result)
    try:
        return future
    finally:
        future = None
`,
  );
});

test('futures of others, let go, or failing with something else are fine', () => {
  expectMarkedLines(
    exceptionLocalCycle,
    `
import sys

def released(work):
    future = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    try:
        return future
    finally:
        del future

def left(work):
    future = Future()
    try:
        try:
            work()
        except Exception as error:
            future.set_exception(error)
            return future
    finally:
        future = None

def handed(future, work):
    try:
        work()
    except Exception as error:
        future.set_exception(error)

def other(work, jobs):
    future = Future()
    job = jobs.get()
    try:
        work()
    except Exception as error:
        future.set_exception(RuntimeError('no'))
        job.set_exception(error)
        self.future.set_exception(error)
    return future

def outside(error):
    future = Future()
    future.set_exception(error)
    return future

def inner(work):
    future = Future()
    def run():
        try:
            work()
        except Exception as error:
            future.set_exception(error)
    start(run)
    return future
`,
  );
});
