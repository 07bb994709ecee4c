import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { finalizeCapturesSelf } from './finalize-captures-self.ts';

test('bound methods, the object itself, partials, lambdas and inner functions hold it', () => {
  expectMarkedLines(
    finalizeCapturesSelf,
    `
import weakref
from functools import partial
from weakref import finalize

class Pool:
    def __init__(self, other):
        weakref.finalize(self, self.close)  # <- finds high
        finalize(self, print, self)  # <- finds
        finalize(self, partial(other, self))  # <- finds
        finalize(self, lambda: self.close())  # <- finds
        def stop():
            self.close()
        finalize(self, stop)  # <- finds
    def close(self):
        pass
`,
  );
});

test('what needs only the resource is fine', () => {
  expectMarkedLines(
    finalizeCapturesSelf,
    `
import weakref

class Pool:
    def __init__(self, path, handle):
        self.path = path
        weakref.finalize(self, self._remove, path)
        weakref.finalize(self, print, self.path)
        weakref.finalize(self, handle.close)
        weakref.finalize(handle, self.forget)
        weakref.finalize(self, lambda self: None)
    @staticmethod
    def _remove(path):
        pass
    def forget(self):
        pass
`,
  );
});
