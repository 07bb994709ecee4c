import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject } from '../../../../test/support/scan-cases.ts';
import { moduleContainerGrows } from './module-container-grows.ts';

test('what requests, messages and endless loops add, and nobody removes', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import asyncio
import collections
import time
from collections import defaultdict, deque
from fastapi import FastAPI

app = FastAPI()
EVENTS = []
LAST_SEEN = {}
SEEN = set()
BY_USER: dict[str, list] = {}
HITS = collections.Counter()
RECENT = deque()
SAMPLES = []

@app.post("/buy/{item}")
async def buy(item: str, user_id: str):
    EVENTS.append(item)  # <- finds high
    SEEN.add((item, user_id))  # <- finds high
    BY_USER.setdefault(user_id, []).append(item)  # <- finds high
    HITS[item] += 1  # <- finds high
    RECENT.append(item)  # <- finds high
    note(user_id)

def note(user):
    LAST_SEEN[user] = "now"  # <- finds high

async def sample():
    while True:
        SAMPLES.append(time.time())  # <- finds high
        await asyncio.sleep(1)
`,
  );
});

test('what keeps arriving: consumers, subscriptions, sockets, hooks of proxies, events of functions as a service', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
A = []
B = {}
C = set()
D = {}

def work(consumer):
    for message in consumer:
        A.append(message.value)  # <- finds high

async def listen(redis):
    async for message in redis.pubsub.listen():
        B[message.channel_key] = message  # <- finds high

def response(flow):
    C.add(flow.request.host)  # <- finds high

def lambda_handler(event, context):
    D[event["id"]] = event  # <- finds high

def read(stream):
    for line in stream:
        print(line)
`,
  );
});

test('a local count starts anew, a text taken out is no list', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
BY_LINE = {}
SUFFIXES = {}

def view(request):
    number = 0
    for line in request.lines:
        number += 1
        BY_LINE[number] = line  # <- finds low
    name = SUFFIXES.get(request.kind)
    name += ".txt"
    return name
`,
  );
});

test('entry points of frameworks run again and again; commands of a command line do not', () => {
  const confidence = (head: string, parameters = 'self, item') =>
    findingsIn(
      moduleContainerGrows,
      `LOG = []\nclass C(${head.startsWith('class ') ? head.slice(6) : ''}):\n` +
        (head.startsWith('@') ? `    ${head}\n` : '') +
        `    def ${head.startsWith('def ') ? head.slice(4) : 'get'}(${parameters}):\n        LOG.append(1)\n`,
    )[0]!.confidence;
  for (const decorator of ['@app.route("/")', '@router.get("/")', '@shared_task', '@dramatiq.actor', '@client.event']) {
    expect([decorator, confidence(decorator)]).toEqual([decorator, 'high']);
  }
  expect(confidence('@bot.command()')).toBe('high');
  expect(confidence('@cli.command()')).toBe('low');
  expect(confidence('def GetUser', 'self, request, context')).toBe('high');
  expect(confidence('def data_received', 'self, data')).toBe('high');
  expect(confidence('class tornado.web.RequestHandler')).toBe('high');
  expect(confidence('class object')).toBe('low');
});

test('one finding for each container, at the place that grows most surely', () => {
  const [finding, ...more] = findingsIn(
    moduleContainerGrows,
    `
LOG = []

def remember(line):
    LOG.append(line)

def view(request):
    LOG.append(request.path)
`,
  );
  expect(more).toEqual([]);
  expect(finding!.evidence.map(({ range, text }) => [range.line, text])).toEqual([
    [2, 'made here'],
    [8, 'grows here too'],
  ]);
});

test('a function nobody is seen to call is listed only', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
EVENTS = []

def remember(event):
    EVENTS.append(event)  # <- finds low
`,
  );
});

test('limits, removals, rebinding and handing on to unknown code', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import weakref
from collections import deque

a = deque(maxlen=10)
b = []
c = {}
d = set()
e = []
f = []
g = weakref.WeakSet()
h = []
i = []

def view(request):
    global e
    a.append(request)
    b.append(request)
    del b[:-100]
    c[request.path] = 1
    if len(c) > 100:
        c.clear()
    d.add(request)
    request.on_close(d.discard)
    e.append(request)
    f.append(request)
    g.add(request)
    h.append(request)
    while len(h) > 10:
        h.pop(0)
    if len(i) < 100:
        i.append(request)

def flush():
    global e
    done, e = e, []
    f[:] = []
`,
  );
});

test('registries, tables filled once, and keys of a short list', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import enum
from typing import Literal

class Color(enum.Enum):
    RED = 1

CONVERTERS = {}
ROUTES = []
BY_NAME = {}
COUNTS = {}
TABLE = {}
KNOWN = set()
SLOTS = {}
HOOKS = []
_loaded = False

def register(name):
    def wrap(fn):
        BY_NAME[name] = fn
        return fn
    return wrap

def handler(fn):
    HOOKS.append(fn)
    return fn

def view(request, color: Color, mode: Literal["a", "b"], debug: bool):
    CONVERTERS[request.name] = request.convert
    ROUTES.append(request.path)
    COUNTS[color] = 1
    COUNTS[mode] = 1
    COUNTS[debug] = 1
    COUNTS[type(request)] = 1
    COUNTS[request.__class__.__name__] = 1
    COUNTS["total"] = 1
    COUNTS[Color.RED] = 1
    SLOTS[hash(request.path) % 16] = 1
    KNOWN.add(request.method)
    load()
    fill()

def load():
    global _loaded
    if _loaded:
        return
    _loaded = True
    for line in open("table.txt"):
        TABLE[line] = 1

def fill():
    if not TABLE:
        for line in open("table.txt"):
            TABLE[line] = 1

class Meta(type):
    def __new__(mcs, name, bases, namespace):
        KNOWN.add(name)
        return super().__new__(mcs, name, bases, namespace)

class Plugin:
    def __init_subclass__(cls, **kwargs):
        KNOWN.add(kwargs["name"])
`,
  );
});

test('what the module itself calls while it is imported runs once', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
TABLE = {}

def _add(key, value):
    TABLE[key] = value

_add("a", 1)
_add("b", 2)
`,
  );
});

test('items assigned to a list, and additions to a number in a dict, replace', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
SLOTS = [None] * 16
TOTALS = {"a": 0}
TOTAL = []

def view(request):
    SLOTS[request.n] = request
    TOTALS[request.key] += 1
    files = TOTAL + list(request.files)
    return files
`,
  );
});

test('other files take out, reach the function, or pass constants only', () => {
  const grows = `
STATE = {}

def remember(key):
    STATE[key] = 1
`;
  const confidences = (other: string) =>
    findingsInProject(moduleContainerGrows, { state: grows, other }).map(({ confidence }) => confidence);
  expect(confidences('import state\ndef view(request):\n    state.remember(request.user)\n')).toEqual(['high']);
  expect(confidences('from state import remember\ndef view(request):\n    remember(request.user)\n')).toEqual(['high']);
  expect(confidences('import state\ndef view(request):\n    state.remember("views")\n')).toEqual(['low']);
  expect(confidences('import state\nstate.remember("start")\n')).toEqual(['low']);
  expect(
    confidences(
      'import state\ndef view(request):\n    state.remember(request.user)\n    state.STATE.pop(request.user)\n',
    ),
  ).toEqual([]);
});

test('a route added by hand makes its function a root', () => {
  const [finding] = findingsIn(
    moduleContainerGrows,
    `
PATHS = []

def index(path):
    PATHS.append(path)

def main(app):
    app.add_url_rule("/<path>", view_func=index)
`,
  );
  expect(finding!.confidence).toBe('high');
});

test('an attribute of an unknown object is a callback only where functions are taken', () => {
  const text = (use: string) => `
LOG = []

class Writer:
    def emit_line(self, line):
        LOG.append(line)

def view(request):
    ${use}
`;
  const confidence = (use: string) => findingsIn(moduleContainerGrows, text(use))[0]!.confidence;
  expect(confidence('request.loop.call_later(1, request.writer.emit_line)')).toBe('high');
  expect(confidence('Thread(target=request.writer.emit_line).start()')).toBe('high');
  expect(confidence('print(request.writer.emit_line)')).toBe('low');
});

test('loops that read something to its end are no service', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
LINES = []

def read_all(stream):
    while True:
        line = stream.readline()
        if not line:
            break
        LINES.append(line)  # <- finds low

def numbers(n):
    while True:
        n = n * 2
        LINES.append(n)
`,
  );
});

test('reference counts that are never deleted', () => {
  const [finding] = findingsIn(
    moduleContainerGrows,
    `
from collections import defaultdict

RUNNING = defaultdict(int)

def start(job_id):
    RUNNING[job_id] += 1

def stop(job_id):
    RUNNING[job_id] -= 1
`,
  );
  expect(finding).toMatchObject({
    confidence: 'medium',
    range: { line: 10 },
    message: '`RUNNING` counts each `job_id` up and down, and keeps the entry when it is back at 0',
  });
  expect(finding!.fix).toBeUndefined();
});

test('what a switch of the module turns on, and methods of common names on unknown objects', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import os

BENCH = os.environ.get("BENCH")
SAMPLES = []
STARTED = []

if BENCH:
    def note(request):
        SAMPLES.append(request)

class Server:
    def start(self, port):
        STARTED.append(port)  # <- finds low

def view(request):
    request.timer.start(1)
`,
  );
});

test('tests keep what they like', () => {
  const text = 'SEEN = []\ndef view(request):\n    SEEN.append(request)\n';
  expect(findingsIn(moduleContainerGrows, text, { path: 'tests/test_views.py' })).toEqual([]);
  expect(findingsIn(moduleContainerGrows, text, { path: 'app/latest.py' })).toHaveLength(1);
});

test('modules and numbers of types are few, however often they come', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import sys
from flask import Flask
app = Flask(__name__)
MODULES = set()
NAMES = {}
@app.route("/")
def page(type_num, name):
    module = sys.modules[name]
    MODULES.add(module)
    return NAMES.setdefault(type_num, type_num)
`,
  );
});

test('a forked child that ends itself goes through an endless loop once', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import os
SEEN = []
DONE = []
def serve(listener, work):
    while True:
        job = listener.accept()
        DONE.append(job)  # <- finds
        if os.fork() == 0:
            try:
                begin(job)
            finally:
                os._exit(0)
def begin(job):
    SEEN.append(job)  # <- finds low
`,
  );
});

test('a loop of the module itself that goes on is the program', () => {
  expectMarkedLines(
    moduleContainerGrows,
    `
import time

TICKETS = {}
SETTINGS = {}

def open_ticket(number):
    TICKETS[number] = [number]  # <- finds high

def configure(name):
    SETTINGS[name] = 1

configure("a")
number = 0
while True:
    open_ticket(number)
    number += 1
    time.sleep(0.1)
`,
  );
});
