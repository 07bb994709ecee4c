import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { addWithoutDiscard } from './add-without-discard.ts';

test('added in any state, removed in one', () => {
  expectMarkedLines(
    addWithoutDiscard,
    `
class Save:
    def __init__(self):
        self.stream = None
        self.active = set()

    def start(self, path):
        self.stream = open(path)

    def tcp_start(self, flow):
        if self.stream:
            self.active.add(flow)

    def request(self, flow):
        self.active.add(flow)  # <- finds medium

    def dns_request(self, flow):
        self.active.add(flow)  # <- finds medium

    def save(self, flow):
        if not self.stream:
            return
        try:
            self.stream.write(flow)
        finally:
            self.active.discard(flow)

    def done(self):
        if self.stream is not None and self.active:
            self.active.clear()
`,
  );
});

test('the same test on both sides, removal without one, a flag that never changes', () => {
  expectMarkedLines(
    addWithoutDiscard,
    `
class Same:
    def __init__(self):
        self.stream = None
        self.active = set()

    def start(self, stream):
        self.stream = stream

    def request(self, flow):
        if self.stream is None:
            return
        self.active.add(flow)

    def response(self, flow):
        if self.stream:
            self.active.discard(flow)

class Unguarded:
    def __init__(self):
        self.stream = None
        self.active = set()

    def start(self, stream):
        self.stream = stream

    def request(self, flow):
        self.active.add(flow)

    def response(self, flow):
        if self.stream:
            self.active.discard(flow)

    def stop(self):
        self.active.clear()

class Chosen:
    def __init__(self, logs):
        self.logs = logs
        self.active = set()

    def request(self, flow):
        self.active.add(flow)

    def response(self, flow):
        if self.logs:
            self.active.discard(flow)

class Behind:
    def __init__(self):
        self.stream = None
        self.active = set()

    def start(self, stream):
        self.stream = stream

    def request(self, flow):
        if self.stream:
            self._note(flow)

    def _note(self, flow):
        self.active.add(flow)

    def response(self, flow):
        if self.stream:
            self.active.discard(flow)

class OfItself:
    def __init__(self):
        self.waiting = []

    def add(self, item):
        self.waiting.append(item)

    def reset(self):
        self.waiting = []

    def take(self):
        if self.waiting:
            return self.waiting.pop()
`,
  );
});
