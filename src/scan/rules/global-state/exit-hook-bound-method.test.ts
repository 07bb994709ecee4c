import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, fixed } from '../../../../test/support/scan-cases.ts';
import { exitHookBoundMethod } from './exit-hook-bound-method.ts';

test('bound methods, lambdas, partials and inner functions keep the object', () => {
  expectMarkedLines(
    exitHookBoundMethod,
    `
import atexit, os, functools
from threading import _register_atexit

class Exporter:
    def __init__(self):
        atexit.register(self.shutdown)  # <- finds medium
        atexit.register(lambda: self.shutdown())  # <- finds
        atexit.register(functools.partial(print, self))  # <- finds
        atexit.register(print, self)  # <- finds
        os.register_at_fork(after_in_child=self._reset)  # <- finds medium
        _register_atexit(self.shutdown)  # <- finds

        @atexit.register  # <- finds
        def stop():
            self.shutdown()

    def start(self):
        def stop():
            self.shutdown()
        atexit.register(stop)  # <- finds

    def shutdown(self):
        pass
    def _reset(self):
        pass
`,
  );
});

test('objects made in a loop or handler make it certain, one global object makes it a note', () => {
  expectMarkedLines(
    exitHookBoundMethod,
    `
import atexit

class Client:
    def __init__(self):
        atexit.register(self.close)  # <- finds high
    def close(self):
        pass

class Telemetry:
    def __init__(self):
        atexit.register(self.close)  # <- finds low
    def close(self):
        pass

class Registry(metaclass=Singleton):
    def __init__(self):
        atexit.register(self.close)  # <- finds low
    def close(self):
        pass

TELEMETRY = Telemetry()

@app.route('/')
def index():
    return Client().ask()
`,
  );
});

test('hooks that need only the resource, hold weakly or are taken back are fine', () => {
  expectMarkedLines(
    exitHookBoundMethod,
    `
import atexit, os, shutil, weakref

class Exporter:
    def __init__(self, handle):
        self.handle = handle
        self.path = mkdtemp()
        atexit.register(shutil.rmtree, self.path)
        atexit.register(lib.free, self.handle)
        atexit.register(handle.close)
        atexit.register(self.stop, handle)
        weak = weakref.WeakMethod(self.reset)
        os.register_at_fork(after_in_child=lambda: weak()())
        @atexit.register
        def clean():
            shutil.rmtree(handle)
    @staticmethod
    def stop(handle):
        pass
    def reset(self):
        pass

class Journal:
    def __init__(self):
        atexit.register(self.close)
    def close(self):
        atexit.unregister(self.close)

class Plugin:
    @classmethod
    def install(cls):
        atexit.register(cls.remove)
    @classmethod
    def remove(cls):
        pass

def main():
    server = Server()
    atexit.register(server.stop)

atexit.register(print, 'bye')
`,
  );
});

test('a signal handler keeps the last object only, and none once the old handler is back', () => {
  expectMarkedLines(
    exitHookBoundMethod,
    `
import signal

class Worker:
    def run(self):
        signal.signal(signal.SIGTERM, self.stop)  # <- finds low
    def stop(self, number, frame):
        pass

class Timeout:
    def __enter__(self):
        self.old = signal.signal(signal.SIGALRM, self.expire)
    def __exit__(self, *error):
        signal.signal(signal.SIGALRM, self.old)
    def expire(self, number, frame):
        pass
`,
  );
});

test('the fix holds the method weakly, in the style of the file', () => {
  expect(
    fixed(
      exitHookBoundMethod,
      `import atexit\r\n\r\nclass A:\r\n\tdef __init__(self):\r\n\t\tatexit.register(self._close)  # at exit\r\n\tdef _close(self):\r\n\t\tpass\r\n`,
    ),
  ).toBe(
    `import weakref\r\nimport atexit\r\n\r\nclass A:\r\n\tdef __init__(self):\r\n\t\tweak_close = weakref.WeakMethod(self._close)\r\n\r\n\t\tdef close_if_alive():\r\n\t\t\tmethod = weak_close()\r\n\t\t\tif method is not None:\r\n\t\t\t\tmethod()\r\n\r\n\t\tatexit.register(close_if_alive)  # at exit\r\n\tdef _close(self):\r\n\t\tpass\r\n`,
  );
});

test('no fix where more is passed, the value is used, or the line holds more', () => {
  for (const line of [
    'atexit.register(self.close, 1)',
    'hook = atexit.register(self.close)',
    'x = 1; atexit.register(self.close)',
    'weak_close = atexit.register(self.close)',
    'atexit.register(lambda: self.close())',
  ]) {
    const text = `
import atexit
class A:
    def __init__(self):
        ${line}
    def close(self):
        pass
`;
    expect(findingsIn(exitHookBoundMethod, text)).toHaveLength(1);
    expect(fixed(exitHookBoundMethod, text)).toBeUndefined();
  }
});
