import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { instanceAttrGrows } from './instance-attr-grows.ts';

const BUS = `class EventBus:
    def __init__(self):
        self.listeners = {}

    def subscribe(self, event, listener):
        self.listeners.setdefault(event, []).append(listener)


bus = EventBus()
`;

test('listeners of a bus that a module keeps, subscribed by requests', () => {
  const server = `
from http.server import BaseHTTPRequestHandler
from events import bus

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        bus.subscribe("changed", lambda: self.path)
`;
  const [finding, ...more] = findingsInProject(instanceAttrGrows, { events: BUS, server });
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    confidence: 'high',
    range: { line: 6 },
    message: '`EventBus.listeners` gains an element at every run of `subscribe`, and nothing is ever taken out',
    subject: { form: 'instance attribute', module: 'events', className: 'EventBus', name: 'listeners' },
  });
  const unsubscribing = `${server}\n    def finish(self):\n        bus.listeners["changed"].clear()\n`;
  expect(findingsInProject(instanceAttrGrows, { events: BUS, server: unsubscribing })).toEqual([]);
});

test('the fix keeps the newest under each key', () => {
  expect(
    fixed(instanceAttrGrows, `${BUS}\ndef view(request):\n    bus.subscribe("changed", request.done)\n`),
  ).toContain(
    `        self.listeners.setdefault(event, []).append(listener)
        del self.listeners[event][:-1000]
`,
  );
});

test('objects that live long by themselves: threads, middleware, endless loops', () => {
  expectMarkedLines(
    instanceAttrGrows,
    `
import threading
from dataclasses import dataclass, field

class Sampler(threading.Thread):
    def __init__(self):
        super().__init__()
        self.samples = []

    def run(self):
        while not self._stop_event.is_set():
            self.samples.append(read())  # <- finds high

class Metrics:
    def __init__(self, app):
        self.app = app
        self.paths = set()

    async def __call__(self, scope, receive, send):
        self.paths.add(scope["path"])  # <- finds high
        await self.app(scope, receive, send)

@dataclass
class Poller:
    seen: dict = field(default_factory=dict)

    async def run(self):
        while True:
            try:
                item = await self.socket.receive()
                self.seen[item.id] = item  # <- finds high
            except OSError:
                continue
`,
  );
});

test('builders, per-object growth, removals in any method', () => {
  expectMarkedLines(
    instanceAttrGrows,
    `
class Builder:
    def __init__(self, lines):
        self.parts = []
        for line in lines:
            self.parts.append(line)

    def add(self, part):
        self.parts.append(part)  # <- finds low

class Pool:
    def __init__(self):
        self.free = []
        self.used = {}
        self.names = {}

    def give(self, connection):
        self.free.append(connection)
        self.used[connection.id] = connection
        self.names["last"] = connection

    def take(self):
        connection = self.free.pop()
        del self.used[connection.id]
        return connection

class Buffer:
    def __init__(self):
        self.lines = []

    def write(self, line):
        self.lines.append(line)

    def flush(self):
        lines, self.lines = self.lines, []
        return lines

pool = Pool()
buffer = Buffer()

def view(request):
    pool.give(request.connection)
    buffer.write(request.line)
`,
  );
});

test('an object made for a request dies with it', () => {
  const [finding] = findingsIn(
    instanceAttrGrows,
    `
class Report:
    def __init__(self):
        self.rows = []

    def add(self, row):
        self.rows.append(row)

def view(request):
    report = Report()
    report.add(request.row)
    return report
`,
  );
  expect(finding!.confidence).toBe('low');
});

test('a subclass in another file that empties it', () => {
  const sub = `
from events import EventBus

class Closing(EventBus):
    def close(self):
        self.listeners.clear()
`;
  const server = 'from events import bus\ndef view(request):\n    bus.subscribe("changed", request.done)\n';
  expect(findingsInProject(instanceAttrGrows, { events: BUS, server })).toHaveLength(1);
  expect(findingsInProject(instanceAttrGrows, { events: BUS, server, sub })).toEqual([]);
});

test('what waits to be done, gone through and kept', () => {
  expectMarkedLines(
    instanceAttrGrows,
    `
class Portal:
    def __init__(self):
        self._on_shutdown = []
        self._waiters = []
        self.pending = []

    def add_shutdown_call(self, call):
        self._on_shutdown.append(call)

    def wait(self, waiter):
        self._waiters.append(waiter)
        self.pending.append(waiter)

    async def shutdown(self):
        for call in self._on_shutdown:  # <- finds medium
            await call()

    def wake(self):
        for waiter in self._waiters:
            waiter.set()
        self._waiters = []
        while self.pending:
            self.pending.pop().set()
`,
  );
});
