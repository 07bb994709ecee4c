import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { frameStored } from './frame-stored.ts';

test('frames and tracebacks in attributes, module variables and containers', () => {
  expectMarkedLines(
    frameStored,
    `
import inspect, sys

FRAMES = []
SEEN = {}
LAST = None

class Span:
    def __init__(self):
        self.caller = sys._getframe(1)  # <- finds medium
        self.origin = inspect.currentframe().f_back  # <- finds medium
        self.stack = inspect.stack()  # <- finds medium
        self.frame = inspect.stack()[1].frame  # <- finds medium
        self.error = sys.exc_info()  # <- finds medium
        self.traceback = sys.exc_info()[2]  # <- finds medium

def record(key):
    FRAMES.append(sys._getframe())  # <- finds high
    SEEN[key] = sys.exc_info()  # <- finds high

def last():
    global LAST
    LAST = inspect.currentframe()  # <- finds medium

def failed(task, exc):
    _, _, exc.__traceback__ = sys.exc_info()  # <- finds medium
    task.fail(exc)
`,
  );
});

test('locals of the very frame, by how often the function runs', () => {
  expectMarkedLines(
    frameStored,
    `
import inspect, sys

def name():
    frame = inspect.currentframe()  # <- finds low
    return frame.f_code.co_name

@app.route('/')
def handle(request):
    try:
        work()
    except Exception:
        kind, value, tb = sys.exc_info()  # <- finds medium  (value)
        log(kind)
        info = sys.exc_info()  # <- finds medium
`.replace('  (value)', ''),
  );
});

test('what is deleted, rebound, read only or the frame of another is fine', () => {
  expectMarkedLines(
    frameStored,
    `
import inspect, sys

NAMES = []
STACK = []

def read():
    NAMES.append(sys._getframe(1).f_code.co_name)
    line = inspect.stack()[1][2]
    name = sys._getframe().f_code.co_name
    kind = sys.exc_info()[0]
    caller = sys._getframe(1)
    caller = inspect.currentframe().f_back
    entry = inspect.stack()[1]
    print(sys.exc_info())

def pushed():
    STACK.append(sys._getframe())
def popped():
    STACK.pop()

def released():
    frame = inspect.currentframe()
    try:
        return frame.f_lineno
    finally:
        del frame

def walked():
    frame = sys._getframe()
    while frame:
        frame = frame.f_back

def raised():
    info = sys.exc_info()
    raise info

def passed_on():
    return sys.exc_info()

def log(message, exc_info):
    if exc_info is True:
        exc_info = sys.exc_info()
    write(message, exc_info)

class Wrapper(Exception):
    def __init__(self):
        self.__traceback__ = sys.exc_info()[2]

class Debugger:
    def enter(self):
        self.frame = sys._getframe(1)
    def leave(self):
        self.frame = None

class Runner:
    def __enter__(self):
        self.error = sys.exc_info()
    def __exit__(self, *error):
        del self.error
`,
  );
});
