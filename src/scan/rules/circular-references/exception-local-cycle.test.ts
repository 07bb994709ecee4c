import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { exceptionLocalCycle } from './exception-local-cycle.ts';

test('exceptions under a second name when the function ends', () => {
  expectMarkedLines(
    exceptionLocalCycle,
    `
def fetch(url):
    last = None
    for _ in range(3):
        try:
            return download(url)
        except OSError as error:
            last = error  # <- finds low
        except ValueError as error:
            last = error  # <- finds low
    raise last

@app.route('/')
def handle(request):
    failure = None
    try:
        work(request)
    except Exception as error:
        failure = error  # <- finds medium
    return render(failure)
`,
  );
});

test('names that are deleted, set again, or not of this function are fine', () => {
  expectMarkedLines(
    exceptionLocalCycle,
    `
def fetch(url):
    last = None
    try:
        try:
            return download(url)
        except OSError as error:
            last = error
        raise last
    finally:
        del last

def cleared(url):
    try:
        download(url)
    except OSError as error:
        last = error
    report(last)
    last = None

def kept():
    global LAST
    try:
        work()
    except OSError as error:
        LAST = error

def other(error):
    last = error
    try:
        work()
    except OSError as e:
        last = str(e)
        text = error
    return last

try:
    work()
except OSError as error:
    last = error
`,
  );
});
