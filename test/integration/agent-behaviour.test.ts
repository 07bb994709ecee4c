// What the agent does to a program while it takes snapshots, and what it does not: it works on, runs none of the
// program's code, keeps no value; by socket, by signal, started in each way.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIELD_NAMES } from '../../src/cpython/edge-visitor.ts';
import { takeAgentSnapshot } from '../../src/session/agent-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { readHeapFile } from '../../src/snapshot/heap-file-io.ts';
import { askAgent } from '../../src/target/agent-socket.ts';
import { AGENT_FOLDER, type AgentTarget, startAgentTarget } from '../support/agent-target.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { nodesOfType } from '../support/type-totals.ts';

const signal = new AbortController().signal;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-behaviour-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that does something all the time, with a heap that takes a while to be walked. */
const BUSY = `
import gc, threading
class Entry:
    def __init__(self, number): self.number = number; self.text = [number]
cache = {}
for i in range(int(os.environ.get('ENTRIES', '100'))): cache[i] = Entry(i)
secret = 'correct-horse-battery-staple'
tokens = {'hunter2-key': 'hunter2-value', 'also secret': 12345678901234567890}
class Config: pass
config = Config()
config.password = 'swordfish-value'
done = 0
def work():
    global done
    while True:
        done += 1
        time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()
start_agent(signal='USR2', output=os.environ.get('OUTPUT'), fork=os.environ.get('FORK') != '0')
print('ready', flush=True)
for line in sys.stdin:
    if line.startswith('grow'):
        for i in range(len(cache), len(cache) + int(line.split()[1])): cache[i] = Entry(i)
    print(done, len(cache), gc.isenabled(), sys.getswitchinterval(), flush=True)
`;

async function tell(target: AgentTarget, line: string): Promise<string[]> {
  target.child.stdin!.write(`${line}\n`);
  return (await target.nextLine()).split(' ');
}

describe('the agent of a busy program', () => {
  const { path } = anyInterpreter();
  let target: AgentTarget;
  beforeAll(async () => {
    target = await startAgentTarget(path, BUSY, { env: { OUTPUT: folder, ENTRIES: '20000' } });
  });
  afterAll(() => target?.stop());

  test('lets it work on while a snapshot is written, and takes one at a time', async () => {
    const file = join(folder, 'busy.heap');
    const written = askAgent(target.pid, 'snapshot', { parameters: { path: file }, timeoutMs: 300_000 });
    await expect
      .poll(async () => (await askAgent(target.pid, 'status')).snapshot_running, { timeout: 60_000, interval: 1 })
      .toBe(true);
    await expect(askAgent(target.pid, 'snapshot', { parameters: { path: file } })).rejects.toMatchObject({
      code: 'E_AGENT',
      message: `the agent in process ${target.pid} refused: a snapshot is being taken`,
    });
    const [before] = await tell(target, 'how far');
    await expect.poll(async () => Number((await tell(target, 'how far'))[0])).toBeGreaterThan(Number(before));
    expect((await askAgent(target.pid, 'status')).snapshot_running).toBe(true);
    expect(await written).toMatchObject({ file_bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await readHeapFile(file)).meta).toMatchObject({ pid: target.pid, toolVersion: '0.1.0' });
    expect((await askAgent(target.pid, 'status')).last_snapshot).toMatchObject({ objects: expect.any(Number) });
  });

  test('keeps no value', async () => {
    const { graph, meta } = await takeAgentSnapshot(target.pid, { signal }, silentProgress);
    const texts = [
      ...graph.strings,
      ...graph.types.flatMap(({ name, module }) => [name, module]),
      JSON.stringify(meta),
    ];
    expect(texts).toContain('tokens');
    expect(texts).toContain('password');
    for (const value of ['correct-horse', 'hunter2', 'also secret', 'swordfish', '1234567890', 'busy.heap']) {
      expect(texts.filter((text) => text.includes(value))).toEqual([]);
    }
  });

  test('leaves the holder of a leak where diff finds it', async () => {
    const files = [1, 2].map((number) => join(folder, `leak-${number}.heap`));
    for (const file of files) {
      const taken = await runLeakscope(['snapshot', `${target.pid}`, '--agent', '-o', file, '--json']);
      expect(taken.stderr + taken.stdout).toContain('"taken-from-inside"');
      await tell(target, 'grow 3000');
    }
    const diff = await runLeakscope(['diff', ...files]);
    expect(diff.stdout).toMatch(/global cache/);
    expect(diff.stdout).toMatch(/\+3,000\b.*\b(?:\S+\.)?Entry/);
    const json = JSON.parse((await runLeakscope(['diff', ...files, '--json'])).stdout);
    expect(json).toMatchObject({ schema: 'leakscope.diff/1', same_process: true });
    expect(json.problems[0]).toMatchObject({ code: 'taken-from-inside' });
    const why = await runLeakscope(['why', files[1]!, '__main__.Entry']);
    expect(why.stdout).toMatch(/global cache/);
    const report = await runLeakscope(['report', files[1]!, '--verbose']);
    expect(report.stdout).toContain('taken by the agent inside the process');
    for (const format of ['heapsnapshot', 'html']) {
      const exported = await runLeakscope(['export', files[1]!, '--format', format, '-o', join(folder, format)]);
      expect(exported.exitCode, exported.stderr).toBe(0);
    }
  });

  test('writes a snapshot when its signal comes', async () => {
    const isSignals = (name: string): boolean => name.startsWith(`leakscope-${target.pid}-`) && name.endsWith('.heap');
    process.kill(target.pid, 'SIGUSR2');
    await expect.poll(() => readdirSync(folder).filter(isSignals).length, { timeout: 120_000 }).toBe(1);
    const { graph } = await readHeapFile(join(folder, readdirSync(folder).find(isSignals)!));
    expect(nodesOfType(graph, '__main__.Entry').length).toBeGreaterThanOrEqual(20_000);
  });

  test('says what went wrong, leaves nothing behind and goes on', async () => {
    const refusal = (parameters: Record<string, string | number | boolean>) =>
      askAgent(target.pid, 'snapshot', { parameters, timeoutMs: 300_000 }).catch((error: Error) => error.message);
    const nowhere = join(folder, 'no', 'such', 'folder', 'x.heap');
    expect(await refusal({ path: nowhere })).toMatch(/No such file or directory/);
    expect(await refusal({ path: folder })).toMatch(/Is a directory|directory/);
    expect(await refusal({})).toMatch(/either a path or/);
    expect(await refusal({ path: 'a\0b' })).toMatch(/either a path or/);
    expect(await refusal({ path: join(folder, 'late.heap'), timeout_seconds: 0 })).toMatch(/from 1 to/);
    // Its child is ended from outside, as the kernel does where memory runs out.
    const killed = refusal({ path: join(folder, 'killed.heap') });
    await expect.poll(() => childrenOf(target.pid).length, { timeout: 60_000, interval: 1 }).toBe(1);
    process.kill(childrenOf(target.pid)[0]!, 'SIGKILL');
    expect(await killed).toMatch(/ended early/);
    expect(childrenOf(target.pid)).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    const [before] = await tell(target, 'how far');
    await expect.poll(async () => Number((await tell(target, 'how far'))[0])).toBeGreaterThan(Number(before));
  });

  test('sums up traces by line', async () => {
    await expect(askAgent(target.pid, 'tracemalloc.statistics')).rejects.toMatchObject({
      message: expect.stringContaining('not tracing'),
    });
    await askAgent(target.pid, 'tracemalloc.start', { parameters: { frames: 3 } });
    await tell(target, 'grow 1000');
    const statistics = await askAgent(target.pid, 'tracemalloc.statistics', {
      parameters: { group: 'lineno', top: 5 },
      timeoutMs: 300_000,
    });
    await askAgent(target.pid, 'tracemalloc.stop');
    expect(statistics).toMatchObject({ group: 'lineno', rows: expect.any(Array) });
    const rows = statistics.rows as { frames: [string, number][]; bytes: number; blocks: number }[];
    expect(rows.length).toBeLessThanOrEqual(5);
    expect(rows.some(({ frames, blocks }) => frames[0]![0] === '<string>' && blocks >= 1000)).toBe(true);
  });
});

test.each([
  ['that makes warnings errors', 'import warnings\nwarnings.simplefilter("error")'],
  ['that ignores the end of its children', 'import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)'],
  [
    'that collects all its children',
    'import signal\ndef reap(*_):\n    try:\n        while os.waitpid(-1, os.WNOHANG)[0]: pass\n    except ChildProcessError: pass\nsignal.signal(signal.SIGCHLD, reap)',
  ],
  [
    'that has a wake-up descriptor',
    'import asyncio, socket, signal\nends = socket.socketpair()\nfor end in ends: end.setblocking(False)\nsignal.set_wakeup_fd(ends[0].fileno())',
  ],
  ['whose collector is frozen', 'import gc\ngc.freeze()'],
  [
    'with a thread that holds a lock',
    'import logging, threading\nlock = logging.getLogger().handlers or logging.basicConfig() or logging.getLogger().handlers\nthreading.Thread(target=lambda: (lock[0].acquire(), time.sleep(3600)), daemon=True).start()',
  ],
])('serves a program %s', async (_what, setting) => {
  const target = await startAgentTarget(anyInterpreter().path, `${setting}\n${BUSY}`);
  try {
    for (let i = 0; i < 2; i++) {
      const { graph } = await takeAgentSnapshot(target.pid, { signal }, silentProgress);
      expect(nodesOfType(graph, '__main__.Entry').length).toBe(100);
    }
    const [before] = await tell(target, 'how far');
    await expect.poll(async () => Number((await tell(target, 'how far'))[0])).toBeGreaterThan(Number(before));
    expect(childrenOf(target.pid)).toEqual([]);
  } finally {
    await target.stop();
  }
});

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
}

test('pauses the program where it may not fork, and leaves its settings as they were', async () => {
  const target = await startAgentTarget(anyInterpreter().path, BUSY, { env: { FORK: '0' } });
  try {
    expect(await askAgent(target.pid, 'status')).toMatchObject({ snapshots_by: 'pause' });
    const [, , enabled, interval] = await tell(target, 'settings');
    const { graph, meta } = await takeAgentSnapshot(target.pid, { signal }, silentProgress);
    expect(nodesOfType(graph, '__main__.Entry').length).toBe(100);
    expect(meta.pauseMs).toBeGreaterThan(0);
    const after = await tell(target, 'settings');
    expect(after.slice(2)).toEqual([enabled, interval]);
    await expect.poll(async () => Number((await tell(target, 'how far'))[0])).toBeGreaterThan(Number(after[0]));
  } finally {
    await target.stop();
  }
});

const PYPY = ['/usr/bin/pypy3', '/usr/local/bin/pypy3'].find((candidate) => existsSync(candidate));

test('describes PyPy too, as far as PyPy tells', async ({ skip }) => {
  if (PYPY === undefined) skip('no pypy3 here (Debian: apt install pypy3)');
  const target = await startAgentTarget(PYPY!, BUSY);
  try {
    const { graph, meta } = await takeAgentSnapshot(target.pid, { signal }, silentProgress);
    expect(meta.python).toMatch(/^PyPy 7/);
    expect(nodesOfType(graph, '__main__.Entry').length).toBe(100);
    const file = join(folder, 'pypy.heap');
    expect(await runLeakscope(['snapshot', `${target.pid}`, '--agent', '-o', file])).toMatchObject({ exitCode: 0 });
    expect((await runLeakscope(['why', file, '__main__.Entry'])).stdout).toMatch(/global cache/);
    await expect(askAgent(target.pid, 'tracemalloc.start')).rejects.toMatchObject({ code: 'E_AGENT' });
    expect(await askAgent(target.pid, 'gc.collect')).toMatchObject({ uncollectable: 0 });
  } finally {
    await target.stop();
  }
});

test.each(interpreters())('runs no code of the program in $label', async ({ path }) => {
  const file = join(folder, `touched-${path.replaceAll('/', '_')}`);
  const target = await startAgentTarget(
    path,
    `
def touched(*_args, **_options):
    descriptor = os.open(${JSON.stringify(file)}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, ('%s\\n' % sys._getframe(1).f_lineno).encode())
    os.close(descriptor)
    raise RuntimeError('no')
NAMES = '__getattribute__ __getattr__ __sizeof__ __len__ __iter__ __eq__ __hash__ __bool__ __repr__ __str__ __dir__'.split()
NAMES += '__getitem__ __contains__ __reduce__ __reduce_ex__ __instancecheck__ __subclasscheck__ __del__ keys items'.split()
members = {name: touched for name in NAMES}
members['__class__'] = property(touched)
members['__dict__'] = property(touched)
members['__name__'] = property(touched)
class Meta(type):
    pass
for name in '__getattribute__ __instancecheck__ __subclasscheck__ __eq__ __hash__ __subclasses__ mro'.split():
    pass
kinds = [type('Hostile' + base.__name__.title(), (base,), dict(members)) for base in (object, list, dict, set, tuple, str, int, Exception)]
keep = [kind.__new__(kind) for kind in kinds]
namespace = {}
list.append(keep[1], [1])
dict.__setitem__(keep[2], 'key', [2])
class Lazy:
    @property
    def value(self): touched()
lazy = Lazy()
lazy.other = [3]
def annotated(x: touched) -> int: pass
start_agent()
print('ready', flush=True)
sys.stdin.readline()
os._exit(0)
`,
  );
  try {
    const { graph, meta } = await takeAgentSnapshot(target.pid, { signal }, silentProgress);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe('');
    expect(graph.types.filter(({ name }) => name.startsWith('Hostile')).length).toBe(8);
    expect(meta.problems?.map(({ code }) => code)).toEqual(['taken-from-inside']);
  } finally {
    await target.stop();
  }
});

test('begins its strings with the names of fields that the reader knows by number', () => {
  const code = 'import json, leakscope_agent; print(json.dumps(leakscope_agent._FIELDS))';
  const run = spawnSync(anyInterpreter().path, ['-c', code], { encoding: 'utf8', env: { PYTHONPATH: AGENT_FOLDER } });
  expect(JSON.parse(run.stdout)).toEqual(FIELD_NAMES);
});

describe('started in front of a program', () => {
  const { path } = anyInterpreter();
  const PROGRAM = `import json, sys, leakscope_agent
print(json.dumps([__name__, sys.argv[1:], sys.path[0], leakscope_agent.start() is not None, sys.modules['__main__'].__dict__ is globals()]))`;
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'agent-start-'));
    mkdirSync(join(home, 'program'));
    writeFileSync(join(home, 'program', 'app.py'), PROGRAM);
    writeFileSync(join(home, 'program', 'sitecustomize.py'), `import builtins; builtins.hidden_one_ran = True`);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function run(words: readonly string[], env: Record<string, string> = {}, folderOfRun = home) {
    return spawnSync(path, words, {
      encoding: 'utf8',
      cwd: folderOfRun,
      env: { PYTHONPATH: AGENT_FOLDER, LEAKSCOPE_AGENT_DIR: join(home, 'sockets'), ...env },
    });
  }

  test('as a script', () => {
    const done = run(['-m', 'leakscope_agent', 'program/app.py', 'one', '--two']);
    expect(done.stderr).toBe('');
    expect(JSON.parse(done.stdout)).toEqual(['__main__', ['one', '--two'], join(home, 'program'), true, true]);
    expect(readdirSync(join(home, 'sockets'))).toEqual([]);
  });

  test('as a module', () => {
    const done = run(['-m', 'leakscope_agent', '-m', 'app', 'one'], {}, join(home, 'program'));
    expect(done.stderr).toBe('');
    expect(JSON.parse(done.stdout).slice(0, 4)).toEqual(['__main__', ['one'], join(home, 'program'), true]);
  });

  test('says how it is used', () => {
    expect(run(['-m', 'leakscope_agent'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^usage/),
    });
  });

  test('by the environment, with the sitecustomize that is there', () => {
    const code = 'import builtins, sys; print(sys.modules["leakscope_agent"]._agent.path, builtins.hidden_one_ran)';
    const PYTHONPATH = `${join(AGENT_FOLDER, 'autostart')}:${join(home, 'program')}`;
    const started = run(['-c', code], { PYTHONPATH, LEAKSCOPE_AGENT: '1' });
    expect(started.stderr).toBe('');
    expect(started.stdout).toMatch(/\/sockets\/agent-\d+\.sock True\n$/);
    const plain = run(['-c', 'import sys; print("leakscope_agent" in sys.modules)'], { PYTHONPATH });
    expect(plain.stdout).toBe('False\n');
  });
});
