// Identity, age and size of processes from /proc.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { startCommand, startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { listPids, parseProcessStat, readProcessInfo, readProcessStat, readRss, sameProcess } from './process-info.ts';

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

const READY = `print('ready', flush=True); input()`;

test('a stat line is read whatever the process calls itself', () => {
  const rest = `S 7 ${Array.from({ length: 15 }, (_, i) => i).join(' ')} 3 0 4242 0 0`;
  expect(parseProcessStat(`12 (a) R 1 (b) ${rest}\n`)).toEqual({
    pid: 12,
    comm: 'a) R 1 (b',
    state: 'S',
    parentPid: 7,
    threads: 3,
    startTimeTicks: 4242,
  });
  expect(parseProcessStat(`12 (two\nlines) ${rest}`)?.comm).toBe('two\nlines');
  for (const broken of ['', '12', '12 (x', '12 (x) S 1 2', ') 12 (']) expect(parseProcessStat(broken)).toBeUndefined();
});

test('a process is described', async () => {
  target = await startPython(anyInterpreter().path, READY, { args: ['a word', ''] });
  const info = readProcessInfo(target.pid)!;
  expect(info).toMatchObject({
    pid: target.pid,
    parentPid: process.pid,
    uid: userInfo().uid,
    userName: userInfo().username,
    dumpable: true,
    nsPid: target.pid,
    threads: 1,
  });
  expect(info.argv).toEqual([anyInterpreter().path, '-c', READY, 'a word']);
  expect(info.exe).toBe(anyInterpreter().path);
  expect(info.uptimeSeconds).toBeLessThan(60);
  expect(info.rssBytes).toBeGreaterThan(2 << 20);
  expect(Math.abs(readRss(target.pid)! - info.rssBytes)).toBeLessThan(4 << 20);
  expect(listPids()).toContain(target.pid);
});

test('a name with spaces and parentheses is no trap', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  try {
    const copy = join(folder, 'x) S 1 (y');
    copyFileSync('/bin/sh', copy);
    target = await startCommand([copy, '-c', 'echo ready; read x']);
    expect(readProcessStat(target.pid)).toMatchObject({ comm: 'x) S 1 (y', parentPid: process.pid });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a process is the same only with its start time, and while it lives', async () => {
  target = await startPython(anyInterpreter().path, READY);
  const { startTimeTicks } = readProcessStat(target.pid)!;
  expect(sameProcess(target.pid, startTimeTicks)).toBe(true);
  expect(sameProcess(target.pid, startTimeTicks - 1)).toBe(false);
  // A zombie still has its PID, and no memory.
  const zombie = `kill -9 ${target.pid}; while [ "$(cut -d ' ' -f 3 /proc/${target.pid}/stat)" != Z ]; do :; done`;
  spawnSync('sh', ['-c', zombie]);
  expect(readProcessStat(target.pid)?.state).toBe('Z');
  expect(sameProcess(target.pid, startTimeTicks)).toBe(false);
  await target.stop();
  expect(readProcessInfo(target.pid)).toBeUndefined();
});

test('a process whose main thread ended lives on in its others', async () => {
  target = await startPython(
    anyInterpreter().path,
    `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print('ready', flush=True)
ctypes.CDLL(None).pthread_exit(None)`,
  );
  await expect.poll(() => readProcessStat(target!.pid)?.state).toBe('Z');
  expect(sameProcess(target.pid, readProcessStat(target.pid)!.startTimeTicks)).toBe(true);
});
