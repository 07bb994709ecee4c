// What goes wrong around `find`: targets that die, tools that die, files that are damaged. Every failure is told in
// one sentence, nothing is left stopped, nothing hangs.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cancelledBy } from '../../src/cli/cancellation.ts';
import type { FindReport } from '../../src/diagnose/find-report.ts';
import { parseProcessStat, readProcessStat } from '../../src/target/process-info.ts';
import { targetProgram } from '../support/growing-target.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type BundledScript, bundleScript } from '../support/node-script.ts';
import { type CliRun, runLeakscope } from '../support/run-leakscope.ts';
import { startCommand, startPython, type TargetProcess } from '../support/target-process.ts';

const python = anyInterpreter().path;

let leakscope: BundledScript;
let folder: string;
beforeAll(async () => {
  leakscope = await bundleScript(join(import.meta.dirname, '../../src/cli/main.ts'));
  folder = mkdtempSync(join(tmpdir(), 'leakscope-faults-'));
});
afterAll(() => {
  leakscope?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const process of started.splice(0)) await process.stop();
});

async function startGrowing(kind = 'dict', ...args: string[]): Promise<TargetProcess> {
  const target = await startCommand([python, targetProgram('grow.py'), kind, ...args]);
  started.push(target);
  return target;
}

/** Leakscope as a process of its own, to be signalled. */
function startLeakscope(words: readonly string[]): ChildProcess & { output: string; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [leakscope.path, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const tool = Object.assign(child, { output: '', ended: once(child, 'close') });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      tool.output += text;
    });
  }
  started.push({
    stop: async () => {
      child.kill('SIGKILL');
      await tool.ended;
    },
  });
  return tool;
}

function threadStates(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map(
    (thread) => parseProcessStat(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))!.state,
  );
}

async function expectRunsOn(pid: number): Promise<void> {
  await expect.poll(() => threadStates(pid), { timeout: 2000, interval: 20 }).not.toContain('T');
}

function reportOf(run: CliRun): FindReport {
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as FindReport;
}

function expectNoStack(run: CliRun): void {
  expect(run.stdout + run.stderr).not.toMatch(/\n\s+at .*\.(ts|js):\d+|E_INTERNAL|undefined/);
}

describe('a target that ends', () => {
  test('after two snapshots: could not tell, and says why', async () => {
    const target = await startGrowing();
    const running = runLeakscope(['find', `${target.pid}`, '--for', '8s', '--snapshots', '5', '--json']);
    await delay(3500);
    await target.stop();
    const run = await running;
    expectNoStack(run);
    const report = reportOf(run);
    // Two snapshots are no evidence, three (on a quick machine) may be.
    expect(['inconclusive', 'leak', 'suspect']).toContain(report.verdict);
    expect(report.observed_seconds).toBeLessThan(6);
    expect(run.exitCode).toBe(report.verdict === 'inconclusive' ? 3 : report.verdict === 'leak' ? 1 : 0);
    if (report.verdict === 'inconclusive') expect(report.summary).toMatch(/exited/);
  });

  test('during snapshots: an error or what is known, never a crash', async () => {
    for (const wait of [20, 60, 120, 250, 400]) {
      const target = await startGrowing('dict', '--rate', '100000', '--limit', '200000');
      const running = runLeakscope(['find', `${target.pid}`, '--for', '2s', '--json']);
      await delay(wait);
      await target.stop();
      const run = await running;
      expectNoStack(run);
      expect(run.exitCode, run.stdout).toBe(3);
      const answer = JSON.parse(run.stdout) as { verdict?: string; error?: { code: string } };
      if (answer.error === undefined) expect(answer.verdict).toBe('inconclusive');
      else expect(answer.error.code).toMatch(/^E_(TARGET_EXITED|NO_SUCH_PROCESS)$/);
    }
  });

  test('by itself', async () => {
    const target = await startPython(python, 'import time\nprint("ready")\nrows = []\ntime.sleep(6)');
    const run = await runLeakscope(['find', `${target.pid}`, '--for', '30s', '--json']);
    expect(run.exitCode).toBe(3);
    expect(reportOf(run)).toMatchObject({ verdict: 'inconclusive' });
    expect(reportOf(run).summary).toMatch(/the process exited after/);
  });
});

describe('what cannot be observed', () => {
  test('no process, no Python', async () => {
    const cases = [
      ['4194304', 'E_NO_SUCH_PROCESS'],
      [`${process.pid}`, 'E_NOT_PYTHON'],
    ] as const;
    for (const [pid, code] of cases) {
      for (const words of [
        ['find', pid, '--for', '2s'],
        ['snapshot', pid, '-o', join(folder, 'x.heap')],
        ['report', pid],
      ]) {
        const run = await runLeakscope(words);
        expect([run.exitCode, run.stdout], words.join(' ')).toEqual([3, '']);
        expect(run.stderr).toContain(`error ${code}: `);
        expectNoStack(run);
      }
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a heap that cannot be copied in the time allowed: said, and the process runs on', async () => {
    const target = await startPython(
      python,
      'import time\nheld = [bytearray(b"x" * 100_000) for _ in range(3000)]\nprint("ready")\ntime.sleep(600)',
    );
    started.push(target);
    const run = await runLeakscope(['find', `${target.pid}`, '--for', '3s', '--max-pause', '1']);
    expect([run.exitCode, run.stdout]).toEqual([3, '']);
    expect(run.stderr).toContain('error E_PAUSE_TOO_LONG: ');
    await expectRunsOn(target.pid);
  });
});

describe('the target after the tool', () => {
  test('a target that was stopped before stays stopped', async () => {
    const target = await startGrowing();
    target.child.kill('SIGSTOP');
    await expect.poll(() => readProcessStat(target.pid)?.state).toBe('T');
    const run = await runLeakscope(['find', `${target.pid}`, '--for', '2s', '--json']);
    expect(reportOf(run).verdict).not.toBe('leak');
    expect(new Set(threadStates(target.pid))).toEqual(new Set(['T']));
    target.child.kill('SIGCONT');
    await expectRunsOn(target.pid);
  });

  test('Ctrl-C at any moment leaves it running', async () => {
    const target = await startGrowing('dict', '--rate', '20000', '--limit', '100000');
    for (const wait of [50, 300, 800, 1500]) {
      const cancellation = new AbortController();
      const running = runLeakscope(['find', `${target.pid}`, '--for', '1h'], { signal: cancellation.signal });
      await delay(wait);
      const at = performance.now();
      cancellation.abort(cancelledBy('SIGINT'));
      const run = await running;
      expect([run.exitCode, run.stdout]).toEqual([3, '']);
      expect(run.stderr).toContain('error E_CANCELLED: ');
      expect(performance.now() - at).toBeLessThan(10_000);
      await expectRunsOn(target.pid);
    }
  });

  test('SIGINT to the tool as a process: it says so and ends', async () => {
    const target = await startGrowing();
    const tool = startLeakscope(['find', `${target.pid}`, '--for', '1h']);
    await expect.poll(() => tool.output, { timeout: 20_000 }).toContain('watching');
    tool.kill('SIGINT');
    await tool.ended;
    expect(tool.exitCode).toBe(3);
    expect(tool.output).toContain('E_CANCELLED');
    await expectRunsOn(target.pid);
  });

  test('kill -9 of the tool: it runs on within 2 seconds', async () => {
    const target = await startPython(
      python,
      'import time\nheld = [bytearray(b"x" * 100_000) for _ in range(3000)]\nprint("ready")\ntime.sleep(600)',
    );
    started.push(target);
    let wasPaused = 0;
    for (let round = 0; round < 4; round++) {
      const tool = startLeakscope(['find', `${target.pid}`, '--for', '10s', '-q']);
      const giveUpAt = performance.now() + 20_000;
      // The moment that matters is inside the pause.
      while (readProcessStat(target.pid)?.state !== 'T' && tool.exitCode === null && performance.now() < giveUpAt) {
        await delay(1);
      }
      if (readProcessStat(target.pid)?.state === 'T') wasPaused++;
      tool.kill('SIGKILL');
      await tool.ended;
      await expectRunsOn(target.pid);
    }
    expect(wasPaused).toBeGreaterThan(0);
  });

  test('two runs on one process at once', async () => {
    const target = await startGrowing();
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const tool = startLeakscope(['find', `${target.pid}`, '--for', '5s', '--json']);
        await tool.ended;
        return { exitCode: tool.exitCode, output: tool.output };
      }),
    );
    for (const run of runs) {
      expect(run.exitCode, run.output).toBe(1);
      expect((JSON.parse(run.output) as FindReport).findings[0]?.holder.path).toContain('global by_number');
    }
    await expectRunsOn(target.pid);
  });
});

describe('a .heap file that is not whole', () => {
  test('report, diff and why name the file and what is wrong', async () => {
    const target = await startGrowing();
    const whole = join(folder, 'whole.heap');
    expect((await runLeakscope(['snapshot', `${target.pid}`, '-o', whole])).exitCode).toBe(0);
    const bytes = readFileSync(whole);
    const broken = join(folder, 'broken.heap');
    const flipped = (at: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 0x55;
      return copy;
    };
    const cases = [
      Buffer.alloc(0),
      bytes.subarray(0, 5),
      bytes.subarray(0, bytes.length >>> 1),
      bytes.subarray(0, bytes.length - 1),
      flipped(2),
      flipped(bytes.length >>> 2),
      flipped(bytes.length >>> 1),
      flipped(bytes.length - 20),
      Buffer.from('{"not": "a heap"}'),
    ];
    for (const [index, content] of cases.entries()) {
      writeFileSync(broken, content);
      for (const words of [
        ['report', broken],
        ['diff', whole, broken],
        ['why', broken, 'dict'],
      ]) {
        const run = await runLeakscope([...words, '-q']);
        expect([run.exitCode, run.stdout], `${words[0]} of case ${index}`).toEqual([3, '']);
        expect(run.stderr, `${words[0]} of case ${index}`).toMatch(/^error E_HEAP_(FILE|VERSION): .*broken\.heap/);
        expectNoStack(run);
      }
    }
  });
});
