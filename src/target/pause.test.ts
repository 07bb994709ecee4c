// The pause and its guarantee, on real processes: every thread stands still, and the target runs on whatever happens.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { type BundledScript, bundleScript } from '../../test/support/node-script.ts';
import { startCommand, startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { openPauseGuard, type PauseGuard } from './pause.ts';
import { listPids, parseProcessStat, readProcessStat } from './process-info.ts';

const python = anyInterpreter().path;

/** Counts in its memory and in twenty threads; prints nothing more. */
const BUSY = `
import threading, time
def work():
    while True: sum(range(10000))
def wait():
    while True: time.sleep(0.01)
for i in range(20): threading.Thread(target=work if i < 2 else wait, daemon=True).start()
print('ready', flush=True)
wait()
`;

let target: TargetProcess | undefined;
let guard: PauseGuard | undefined;
afterEach(async () => {
  guard?.close();
  guard = undefined;
  await target?.stop();
  target = undefined;
});

function threadStates(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map(
    (thread) => parseProcessStat(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))!.state,
  );
}

async function expectRunning(pid: number): Promise<void> {
  await expect.poll(() => threadStates(pid), { timeout: 2000, interval: 20 }).not.toContain('T');
}

async function expectStopped(pid: number): Promise<void> {
  await expect.poll(() => [...new Set(threadStates(pid))], { timeout: 2000, interval: 20 }).toEqual(['T']);
}

/** The watchdog of a guard on `pid`, by the arguments it was started with. */
function watchdogsOf(pid: number): number[] {
  return listPids().filter((candidate) => {
    const text = commandLine(candidate);
    return text.includes(`leakscope-watchdog\0${pid}\0`);
  });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

describe('a pause', () => {
  test('stops every thread and lets all of them go again', async () => {
    target = await startPython(python, BUSY);
    guard = await openPauseGuard(target.pid);
    for (let round = 0; round < 20; round++) {
      guard.pause();
      const states = threadStates(target.pid);
      expect(states).toHaveLength(21);
      expect(new Set(states)).toEqual(new Set(['T']));
      expect(guard.isHeld()).toBe(true);
      guard.resume();
      expect(guard.isHeld()).toBe(false);
      await expectRunning(target.pid);
    }
    expect(guard.wasStopped).toBe(false);
  });

  test('is undone when the guard is closed, and the watchdog goes', async () => {
    target = await startPython(python, BUSY);
    guard = await openPauseGuard(target.pid);
    expect(watchdogsOf(target.pid)).toHaveLength(1);
    guard.pause();
    guard.close();
    await expectRunning(target.pid);
    await expect.poll(() => watchdogsOf(target!.pid), { timeout: 2000 }).toEqual([]);
  });

  test('leaves a target stopped that was stopped before', async () => {
    target = await startPython(python, BUSY);
    target.child.kill('SIGSTOP');
    await expectStopped(target.pid);
    guard = await openPauseGuard(target.pid);
    guard.pause();
    expect([guard.wasStopped, guard.isHeld()]).toEqual([true, true]);
    guard.resume();
    guard.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(readProcessStat(target.pid)?.state).toBe('T');
  });

  test('notices when someone else resumes the target', async () => {
    target = await startPython(python, BUSY);
    guard = await openPauseGuard(target.pid);
    guard.pause();
    process.kill(target.pid, 'SIGCONT');
    await expect.poll(() => guard?.isHeld()).toBe(false);
  });

  test('is refused without a watchdog', async () => {
    target = await startPython(python, BUSY);
    guard = await openPauseGuard(target.pid);
    const [watchdog] = watchdogsOf(target.pid);
    // Killed with no turn of the event loop in between, so that nothing could have told the guard.
    spawnSync('sh', [
      '-c',
      `kill -9 ${watchdog}; while [ -d /proc/${watchdog}/fd ] && ls /proc/${watchdog}/fd/0; do :; done`,
    ]);
    expect(() => guard?.pause()).toThrow(expect.objectContaining({ code: 'E_PAUSE_FAILED' }));
    await expectRunning(target.pid);
  });

  test('of a process that ended says so', async () => {
    target = await startPython(python, BUSY);
    guard = await openPauseGuard(target.pid);
    await target.stop();
    expect(() => guard?.pause()).toThrow(expect.objectContaining({ code: 'E_TARGET_EXITED' }));
    await expect(openPauseGuard(target.pid)).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
  });

  test('of leakscope itself, and of the first process of its own container, is refused', async () => {
    await expect(openPauseGuard(process.pid)).rejects.toMatchObject({ code: 'E_PAUSE_FAILED' });
    await expect(openPauseGuard(1)).rejects.toMatchObject({ code: 'E_PAUSE_FAILED', hint: /--init/ });
  });
});

describe('when leakscope dies inside a pause the target runs on', () => {
  let script: BundledScript;
  beforeAll(async () => {
    script = await bundleScript(fileURLToPath(new URL('../../test/fixtures/node/hold-pause.ts', import.meta.url)));
  });
  afterAll(() => script.remove());

  async function holdPause(how: string, limitSeconds: string[] = []): Promise<TargetProcess> {
    target = await startPython(python, BUSY);
    const tool = await startCommand([process.execPath, script.path, String(target.pid), how, ...limitSeconds]);
    expect(tool.firstLine).toBe('paused');
    return tool;
  }

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGSEGV'] as const)('by %s', async (signal) => {
    for (const how of ['spin', 'idle']) {
      const tool = await holdPause(how);
      await expectStopped(target!.pid);
      const ended = once(tool.child, 'exit');
      tool.child.kill(signal);
      await ended;
      await expectRunning(target!.pid);
      await expect.poll(() => watchdogsOf(target!.pid), { timeout: 2000 }).toEqual([]);
      await target!.stop();
    }
  });

  test.each(['throw', 'exit'])('by %s', async (how) => {
    target = await startPython(python, BUSY);
    const tool = spawn(process.execPath, [script.path, String(target.pid), how], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [code] = await once(tool, 'exit');
    expect(code).toBe(how === 'exit' ? 7 : 1);
    await expectRunning(target.pid);
  });

  test('and when it hangs, after the time limit', async () => {
    const tool = await holdPause('spin', ['1']);
    tool.child.kill('SIGSTOP');
    await expectStopped(target!.pid);
    await expect.poll(() => threadStates(target!.pid), { timeout: 5000 }).not.toContain('T');
    await tool.stop();
  });

  test('and so does its whole process group', async () => {
    target = await startPython(python, BUSY);
    const tool = spawn(process.execPath, [script.path, String(target.pid), 'spin'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(tool.stdout, 'data');
    await expectStopped(target.pid);
    process.kill(-tool.pid!, 'SIGKILL');
    await expectRunning(target.pid);
  });
});
