// The agent inside real processes, asked over its socket: its commands, who may ask, and what it makes of bad requests.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readdirSync, symlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askAgent, findAgentSocket } from '../../src/target/agent-socket.ts';
import { type AgentTarget, sendRaw, startAgentTarget } from '../support/agent-target.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

/** Does something all the time, and says how often when it is asked. */
const COUNTING = `
import gc, threading
class Loop:
    def __init__(self): self.me = self
gc.disable()
gc.collect()
loops = [Loop() for _ in range(100)]
loops.clear()
done = 0
def work():
    global done
    while True:
        done += 1
        time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()
start_agent()
print('ready', flush=True)
for line in sys.stdin:
    print(done, flush=True)
`;

/** Interpreters in root's home cannot be run by others. */
const PLAIN_PYTHON = '/usr/bin/python3';

async function progress(target: TargetProcess): Promise<number> {
  target.child.stdin!.write('\n');
  return Number(await target.nextLine());
}

async function expectProgress(target: TargetProcess): Promise<void> {
  const before = await progress(target);
  await expect.poll(() => progress(target), { timeout: 30_000 }).toBeGreaterThan(before);
}

describe.each(interpreters())('the agent in $label', ({ path, version }) => {
  let target: AgentTarget;
  beforeAll(async () => {
    target = await startAgentTarget(path, COUNTING);
  });
  afterAll(() => target?.stop());

  test('says who it is', async () => {
    const status = await askAgent(target.pid, 'status');
    expect(status).toMatchObject({ protocol: 1, pid: target.pid, snapshot_running: false });
    expect(status.python).toMatch(new RegExp(`^CPython ${version.join('\\.')}( free-threaded)?$`));
    expect(findAgentSocket(target.pid)).toBe(`/proc/${target.pid}/root${target.socketPath}`);
  });

  test('controls the collector', async () => {
    expect(await askAgent(target.pid, 'gc.status')).toMatchObject({ enabled: false });
    const collected = await askAgent(target.pid, 'gc.collect');
    // Each of the loops, and before 3.11 its dict.
    expect(collected.collected).toBeGreaterThanOrEqual(100);
    expect(collected).toMatchObject({ generation: 2, uncollectable: 0 });
    expect(await askAgent(target.pid, 'gc.collect', { parameters: { generation: 0 } })).toMatchObject({
      generation: 0,
    });
    expect(await askAgent(target.pid, 'gc.enable')).toMatchObject({ enabled: true });
    expect(await askAgent(target.pid, 'gc.disable')).toMatchObject({ enabled: false });
    const frozen = await askAgent(target.pid, 'gc.freeze');
    expect(frozen.frozen).toBeGreaterThan(1000);
    expect(await askAgent(target.pid, 'gc.unfreeze')).toMatchObject({ frozen: 0 });
  });

  test('controls tracemalloc', async () => {
    expect(await askAgent(target.pid, 'tracemalloc.status')).toEqual({ tracing: false });
    const started = await askAgent(target.pid, 'tracemalloc.start', { parameters: { frames: 7 } });
    expect(started).toMatchObject({ tracing: true, frames: 7, already: false });
    const again = await askAgent(target.pid, 'tracemalloc.start', { parameters: { frames: 3 } });
    expect(again).toMatchObject({ tracing: true, frames: 7, already: true });
    expect(await askAgent(target.pid, 'tracemalloc.stop')).toEqual({ tracing: false, was_tracing: true });
  });

  test('removes its socket when the program ends', async () => {
    const ending = await startAgentTarget(path, `start_agent()\nprint('ready', flush=True)\nsys.stdin.readline()`);
    try {
      expect(readdirSync(ending.folder)).toEqual([`agent-${ending.pid}.sock`]);
      ending.child.stdin!.end('\n');
      await expect.poll(() => readdirSync(ending.folder), { timeout: 30_000 }).toEqual([]);
    } finally {
      await ending.stop();
    }
  });

  test('has an agent in each process that the program forks', async () => {
    const forking = await startAgentTarget(
      path,
      `
start_agent()
child = os.fork()
if child == 0:
    sys.stdin.readline()
    os._exit(0)
print('ready', child, flush=True)
os.wait()
`,
    );
    try {
      const child = Number(forking.firstLine.split(' ')[1]);
      await expect.poll(() => findAgentSocket(child), { timeout: 30_000 }).toBeDefined();
      expect(await askAgent(child, 'ping')).toMatchObject({ pid: child });
      expect(await askAgent(forking.pid, 'ping')).toMatchObject({ pid: forking.pid });
      forking.child.stdin!.end('\n');
    } finally {
      await forking.stop();
    }
  });
});

describe('the socket', () => {
  const { path } = anyInterpreter();
  let target: AgentTarget;
  beforeAll(async () => {
    target = await startAgentTarget(path, COUNTING);
  });
  afterAll(() => target?.stop());

  test('can be reached by this user alone', () => {
    expect(lstatSync(target.folder).mode & 0o777).toBe(0o700);
    expect(lstatSync(target.socketPath).mode & 0o777).toBe(0o600);
    expect(lstatSync(target.socketPath).isSocket()).toBe(true);
  });

  test('turns away other users, even where the folder lets them in', async ({ skip }) => {
    if (process.getuid?.() !== 0 || !existsSync(PLAIN_PYTHON))
      skip('only root can act as another user, with a Python that all may run');
    const other = await startAgentTarget(path, COUNTING);
    try {
      // As an administrator may do by mistake.
      chmodSync(dirname(other.folder), 0o755);
      chmodSync(other.folder, 0o755);
      chmodSync(other.socketPath, 0o666);
      const ask = `
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b'{"command": "ping"}\\n')
    print(s.recv(100))
except (BrokenPipeError, ConnectionResetError):
    print(b'')
`;
      const askAs = (uid: number) =>
        spawnSync(PLAIN_PYTHON, ['-c', ask, other.socketPath], { uid, encoding: 'utf8', cwd: '/' });
      expect(askAs(0).stdout).toMatch(/"ok": true/);
      expect(askAs(65534)).toMatchObject({ stdout: "b''\n", stderr: '' });
    } finally {
      await other.stop();
    }
  });

  test.each([
    ['no JSON', 'nonsense\n', 'bad_request'],
    ['no object', '[1, 2]\n', 'bad_request'],
    ['no text', Buffer.from([0xff, 0xfe, 0x00, 0x0a]), 'bad_request'],
    ['deeply nested', `${'['.repeat(30_000)}\n`, 'bad_request'],
    ['a line without end', Buffer.alloc(300_000, 0x61), 'too_long'],
    ['an unknown command', '{"command": "exec"}\n', 'unknown_command'],
    ['a command that is no name', '{"command": {"a": 1}}\n', 'unknown_command'],
    ['an absurd number', '{"command": "tracemalloc.start", "frames": 1e99}\n', 'bad_request'],
    ['a number that is none', '{"command": "tracemalloc.start", "frames": true}\n', 'bad_request'],
    ['a negative number', '{"command": "gc.collect", "generation": -1}\n', 'bad_request'],
    ['a wild id', '{"command": "ping", "id": {"x": []}}\n', 'bad_request'],
  ])('answers %s with an error and goes on', async (_what, bytes, code) => {
    const reply = JSON.parse(await sendRaw(target.socketPath, bytes));
    expect(reply).toMatchObject({ ok: false, error: { code } });
    expect(await askAgent(target.pid, 'ping')).toMatchObject({ pid: target.pid });
    await expectProgress(target);
  });

  test('answers several requests of one connection in their order', async () => {
    const replies = await new Promise<string>((resolve, reject) => {
      const socket = createConnection({ path: target.socketPath });
      let received = '';
      socket.on('error', reject);
      socket.setEncoding('utf8').on('data', (text: string) => {
        received += text;
        if (received.split('\n').length > 3) {
          socket.destroy();
          resolve(received);
        }
      });
      socket.write('{"command": "ping", "id": 1}\n{"command": "nothing", "id": "two"}\n{"command": "ping", "id": 3}\n');
    });
    const parsed = replies
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(parsed.map(({ id, ok }) => [id, ok])).toEqual([
      [1, true],
      ['two', false],
      [3, true],
    ]);
  });

  test('serves others while clients that say nothing hang on', async () => {
    const silent = Array.from({ length: 40 }, () => createConnection({ path: target.socketPath }));
    for (const socket of silent) socket.on('error', () => {});
    try {
      // As many as it takes at once wait; those past that are turned away, and so may we be until one is gone.
      silent.slice(0, 30).forEach((socket) => {
        socket.destroy();
      });
      await expect
        .poll(() => askAgent(target.pid, 'ping').catch(() => undefined), { timeout: 60_000 })
        .toMatchObject({ pid: target.pid });
    } finally {
      for (const socket of silent) socket.destroy();
    }
    await expectProgress(target);
  });

  test('is not made in a folder that others can enter or that is a link', async () => {
    const open = await startAgentTarget(
      path,
      `
folder = os.environ['LEAKSCOPE_AGENT_DIR']
os.mkdir(folder)
os.chmod(folder, 0o755)
first = leakscope_agent.start(directory=folder)
leakscope_agent.stop()
os.symlink(folder, folder + '-link')
os.chmod(folder, 0o700)
second = leakscope_agent.start(directory=folder + '-link')
leakscope_agent.stop()
third = leakscope_agent.start(directory=folder)
print(first, second, third, flush=True)
sys.stdin.readline()
`,
    );
    try {
      expect(open.firstLine).toBe(`None None ${open.socketPath}`);
    } finally {
      await open.stop();
    }
  });
});

test('says so where no agent runs', async () => {
  const { path } = anyInterpreter();
  const target = await startPython(path, `import time\nprint('ready', flush=True)\ntime.sleep(600)`);
  try {
    expect(findAgentSocket(target.pid)).toBeUndefined();
    await expect(askAgent(target.pid, 'ping')).rejects.toMatchObject({
      code: 'E_NO_AGENT',
      message: `no leakscope agent runs in process ${target.pid}`,
    });
    await expect(askAgent(2 ** 22 + 1, 'ping')).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
  } finally {
    await target.stop();
  }
});

test('does not talk to what only looks like an agent', async () => {
  const { path } = anyInterpreter();
  // Listens under the right name in a folder that others may write to.
  const target = await startAgentTarget(
    path,
    `
import socket
folder = os.environ['LEAKSCOPE_AGENT_DIR']
os.mkdir(folder)
os.chmod(folder, 0o777)
listener = socket.socket(socket.AF_UNIX)
listener.bind(os.path.join(folder, 'agent-%d.sock' % os.getpid()))
listener.listen()
print('ready', flush=True)
while True:
    connected = listener.accept()[0]
    connected.sendall(b'{"ok": true}')
`,
  );
  try {
    expect(findAgentSocket(target.pid)).toBeUndefined();
    symlinkSync(target.folder, `${target.folder}-link`);
    await expect(askAgent(target.pid, 'ping')).rejects.toMatchObject({ code: 'E_NO_AGENT' });
  } finally {
    await target.stop();
  }
});
