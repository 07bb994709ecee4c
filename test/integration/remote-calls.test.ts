// Lines run in real processes by CPython's protocol: tracing on and off; and all that must keep them from running.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { TraceReportSchema } from '../../src/protocol/trace.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { collectGarbage, consentTo, runCall, startTracing } from '../../src/session/remote-calls.ts';
import { type Progress, silentProgress } from '../../src/session/session-options.ts';
import { runTrace } from '../../src/session/trace-session.ts';
import { startAgentTarget } from '../support/agent-target.ts';
import { interpreters } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

const asked = interpreters().filter(({ version: [major, minor] }) => major === 3 && minor >= 14);
const older = interpreters().findLast(({ version: [, minor] }) => minor < 14);
if (asked.length === 0) console.warn('no CPython 3.14 or later here: running lines in processes is not tried');

/** Answers `tracing` with whether it traces, and grows meanwhile. */
const BUSY = `
import sys, threading, time, _tracemalloc
def answer():
    for line in sys.stdin:
        print(_tracemalloc.is_tracing(), _tracemalloc.get_traceback_limit(), flush=True)
threading.Thread(target=answer, daemon=True).start()
print('ready', flush=True)
kept = []
while True:
    kept.append(bytearray(1000))
    time.sleep(0.002)
`;
/** Waits for ever, as a server does to which nobody speaks. */
const IDLE = `
import asyncio, gc, sys
print('ready', flush=True)
asyncio.run(asyncio.Event().wait())
`;
/** Its main thread is in a call outside Python until it gets a line. */
const BLOCKED = `
import sys, _tracemalloc
print('ready', flush=True)
sys.stdin.buffer.raw.read(1)
for _ in range(1000000): pass
print(_tracemalloc.is_tracing(), flush=True)
sys.stdin.buffer.raw.read(1)
`;
const GARBAGE = `
import gc, sys
gc.disable()
class Node: pass
def litter(count):
    for _ in range(count):
        node = Node()
        node.self = node
litter(100)
print('ready', flush=True)
while True: sum(range(1000))
`;

async function says(target: TargetProcess): Promise<string> {
  target.child.stdin!.write('\n');
  return target.nextLine();
}

function leftovers(): string[] {
  return readdirSync('/tmp').filter((name) => /^leakscope-\w{6}$/.test(name) && existsSync(`/tmp/${name}/script.py`));
}

/** Tests that run beside this one have folders of their own, which go too. */
async function expectNoneLeft(before: readonly string[]): Promise<void> {
  const since = leftovers().filter((name) => !before.includes(name));
  await expect.poll(() => since.filter((name) => leftovers().includes(name)), { timeout: 60_000 }).toEqual([]);
}

describe.each(asked)('CPython $label', ({ path }) => {
  test('switches tracing on, looks twice, and switches it off', async () => {
    const target = await startPython(path, BUSY);
    try {
      const before = leftovers();
      const pid = String(target.pid);
      const run = await runLeakscope(['trace', pid, '--start', '--frames', '7', '--for', '2s', '--yes', '--json']);
      expect(run.exitCode, run.stdout).toBe(0);
      const report = v.parse(TraceReportSchema, JSON.parse(run.stdout));
      expect(report.frames).toBe(7);
      expect(report.rows[0]).toMatchObject({ line: 10 });
      expect(report.rows[0]!.bytes_diff).toBeGreaterThan(20_000);
      expect(report.notes.join()).toContain(`leakscope trace ${pid} --stop`);
      expect(await says(target)).toBe('True 7');
      const last = await runLeakscope(['trace', pid, '--stop', '--yes']);
      expect(last.exitCode).toBe(0);
      expect(last.stdout).toContain('tracing is switched off now');
      expect(await says(target)).toBe('False 7');
      await expectNoneLeft(before);
    } finally {
      await target.stop();
    }
  });

  test.each([
    ['a variable', [], { PYTHON_DISABLE_REMOTE_DEBUG: '1' }],
    ['an option', ['-X', 'disable-remote-debug'], {}],
  ])('respects %s that switches it off', async (_, args, env) => {
    const target = await startPython(path, BUSY, { env, interpreterArgs: args });
    try {
      const run = await runLeakscope(['trace', String(target.pid), '--start', '--yes', '--json']);
      expect(run.exitCode).toBe(3);
      expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: 'E_NO_REMOTE_CALLS' } });
      expect(await says(target)).toMatch(/^False/);
    } finally {
      await target.stop();
    }
  });

  test('runs nothing without a yes', async () => {
    const target = await startPython(path, BUSY);
    try {
      const run = await runLeakscope(['trace', String(target.pid), '--start']);
      expect(run.exitCode).toBe(3);
      expect(run.stderr).toContain('E_NO_CONSENT');
      expect(run.stderr).toContain('_tracemalloc.start(10)');
      expect(await says(target)).toMatch(/^False/);
    } finally {
      await target.stop();
    }
  });

  test('an idle server runs it at once', async () => {
    const target = await startPython(path, IDLE);
    const attached = await AttachedTarget.attach(target.pid, new ProblemLog());
    try {
      // Where it sleeps is seen by another read: wait until it is in the call.
      const found = await runCall(attached, startTracing(3), undefined);
      expect(found).toEqual([1]);
    } finally {
      attached.close();
      await target.stop();
    }
  });

  test('collects, and says what was found', async () => {
    const target = await startPython(path, GARBAGE);
    const attached = await AttachedTarget.attach(target.pid, new ProblemLog());
    try {
      const [found, garbageBefore, garbageAfter, wasOff] = await runCall(attached, collectGarbage(), undefined);
      expect(found).toBeGreaterThanOrEqual(100);
      expect([garbageBefore, garbageAfter, wasOff]).toEqual([0, 0, 1]);
    } finally {
      attached.close();
      await target.stop();
    }
  });

  test('takes back what the process does not come to run', async () => {
    const target = await startPython(path, BLOCKED);
    try {
      const run = await runLeakscope(['trace', String(target.pid), '--start', '--yes', '--json']);
      expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: 'E_CALL_NOT_RUN' } });
      expect(run.exitCode).toBe(3);
      // It comes back to Python now, and runs nothing.
      expect(await says(target)).toBe('False');
    } finally {
      await target.stop();
    }
  });

  test('says of a stopped process that it is stopped, and asks it for nothing', async () => {
    const target = await startPython(path, BUSY);
    try {
      target.child.kill('SIGSTOP');
      await expect.poll(() => readFileSync(`/proc/${target.pid}/stat`, 'utf8'), { timeout: 30_000 }).toMatch(/\) T /);
      const run = await runLeakscope(['trace', String(target.pid), '--start', '--yes', '--json']);
      expect(JSON.parse(run.stdout)).toMatchObject({
        error: { code: 'E_CALL_NOT_RUN', message: expect.stringContaining('is stopped') },
      });
      target.child.kill('SIGCONT');
      expect(await says(target)).toMatch(/^False/);
    } finally {
      await target.stop();
    }
  });

  test('a run that is cancelled switches off what it had agreed to switch off, or says that it stays on', async () => {
    const target = await startPython(path, BUSY);
    try {
      for (const stop of [true, false]) {
        const controller = new AbortController();
        const progress = {
          ...silentProgress,
          stage: (name: string) => name.startsWith('watching') && controller.abort(),
        };
        const options = {
          pid: target.pid,
          seconds: 600,
          by: 'line',
          cumulative: false,
          filters: [],
          top: 5,
          tracing: { startFrames: 3, stop, ask: async () => {} },
          signal: controller.signal,
        } as const;
        const run = runTrace(options, progress as Progress);
        await expect(run).rejects.toMatchObject({
          code: 'E_CANCELLED',
          ...(stop ? {} : { hint: expect.stringContaining('goes on tracing') }),
        });
        expect(await says(target)).toMatch(stop ? /^False/ : /^True/);
      }
    } finally {
      await target.stop();
    }
  });

  const asNobody = spawnSync(path, ['-c', ''], { uid: 65534, gid: 65534 });
  test.skipIf(process.geteuid?.() !== 0 || asNobody.status !== 0)(
    'runs as another user, whose file it is',
    async () => {
      const target = await startPython(path, BUSY, { uid: 65534, gid: 65534 });
      try {
        const run = await runLeakscope(['trace', String(target.pid), '--start', '--for', '1s', '--yes', '--stop']);
        expect(run.exitCode, run.stderr).toBe(0);
        expect(await says(target)).toMatch(/^False/);
      } finally {
        await target.stop();
      }
    },
  );
});

test.skipIf(older === undefined)('an older CPython: refused before anybody is asked, with another way', async () => {
  const target = await startPython(older!.path, BUSY);
  const attached = await AttachedTarget.attach(target.pid, new ProblemLog());
  try {
    let wasAsked = false;
    const ask = async () => {
      wasAsked = true;
    };
    await expect(consentTo(attached, [startTracing(10)], ask)).rejects.toMatchObject({
      code: 'E_NO_REMOTE_CALLS',
      hint: expect.stringContaining('-X tracemalloc=10'),
    });
    expect(wasAsked).toBe(false);
  } finally {
    attached.close();
    await target.stop();
  }
});

test.skipIf(older === undefined)('an older CPython with the agent in it: by the agent', async () => {
  const target = await startAgentTarget(older!.path, `start_agent()\n${BUSY}`);
  try {
    const run = await runLeakscope([
      'trace',
      String(target.pid),
      '--start',
      '--frames',
      '4',
      '--for',
      '1s',
      '--yes',
      '--json',
    ]);
    expect(run.exitCode, run.stdout).toBe(0);
    expect(v.parse(TraceReportSchema, JSON.parse(run.stdout)).frames).toBe(4);
    expect(await says(target)).toBe('True 4');
    expect((await runLeakscope(['trace', String(target.pid), '--stop', '--yes'])).exitCode).toBe(0);
    expect(await says(target)).toMatch(/^False/);
  } finally {
    await target.stop();
  }
});

test('--start and --stop are for a process', async () => {
  const run = await runLeakscope(['trace', '--start', '--', 'python3', '-c', '']);
  expect(run.exitCode).toBe(2);
});
