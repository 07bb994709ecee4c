// The list of Python processes, with interpreters that are too old, renamed, or in namespaces of their own.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { anyInterpreter, interpreters } from '../../test/support/interpreters.ts';
import { startCommand, startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { ProblemLog } from '../base/problems.ts';
import { processSpace } from './address-space.ts';
import { captureMemory } from './memory-capture.ts';
import { readMemoryMaps } from './memory-maps.ts';
import { listPids, readProcessInfo } from './process-info.ts';
import { openProcessMemory } from './process-memory.ts';
import { findPythonProcess, listPythonProcesses } from './python-processes.ts';
import { requirePythonRuntime } from './unsupported-python.ts';

const READY = `import sys; print('ready'); sys.stdout.flush(); sys.stdin.read()`;

let targets: TargetProcess[] = [];
afterEach(async () => {
  for (const target of targets) await target.stop();
  targets = [];
});

async function started(start: Promise<TargetProcess>): Promise<TargetProcess> {
  const target = await start;
  targets.push(target);
  return target;
}

test('every interpreter is listed with its version, and nothing else is', async () => {
  const expected = new Map<number, string>();
  for (const python of interpreters()) {
    const target = await started(startPython(python.path, READY, { args: ['--secret', 'hunter2'] }));
    expected.set(target.pid, `CPython ${python.label.replace(/ #\d+$/, '').replace(/t$/, ' free-threaded')}`);
  }
  const shell = await started(startCommand(['sh', '-c', 'echo ready; read x', 'python3']));
  const cache = new Map();
  const list = listPythonProcesses(cache);
  const own = list.processes.filter((found) => expected.has(found.pid));
  expect(new Map(own.map((found) => [found.pid, found.python]))).toEqual(expected);
  for (const found of own) {
    expect(found).toMatchObject({
      application: 'python -c …',
      supported: true,
      note: undefined,
      parentPid: process.pid,
    });
    expect(found.rssBytes).toBeGreaterThan(1 << 20);
  }
  expect(list.processes.map((found) => found.pid)).not.toContain(shell.pid);
  expect(list.processes.map((found) => found.pid)).not.toContain(process.pid);
  expect(JSON.stringify(list)).not.toContain('hunter2');
  expect(listPythonProcesses(cache).processes.filter((found) => expected.has(found.pid)).length).toBe(expected.size);
});

const OLD = oldInterpreters();
if (OLD.length === 0) console.log('skipped: no Python older than 3.8 here');

function requireIn(pid: number): void {
  const memory = openProcessMemory(pid);
  try {
    requirePythonRuntime(processSpace(memory, readMemoryMaps(pid)), new ProblemLog());
  } finally {
    memory.close();
  }
}

describe('an interpreter that is too old', () => {
  test.each(OLD)('%s is refused with what works instead', async (version, path) => {
    const target = await started(startPython(path, READY));
    expect(findPythonProcess(target.pid)).toMatchObject({
      python: expect.stringContaining(`CPython ${version}`),
      supported: false,
      note: 'leakscope reads CPython 3.8 and later',
    });
    expect(() => requireIn(target.pid)).toThrow(
      expect.objectContaining({ code: 'E_PYTHON_TOO_OLD', hint: expect.stringContaining('objgraph') }),
    );
  });
});

test('a process without Python is refused', async () => {
  const target = await started(startCommand(['sh', '-c', 'echo ready; read x']));
  expect(findPythonProcess(target.pid)).toBeUndefined();
  expect(() => requireIn(target.pid)).toThrow(expect.objectContaining({ code: 'E_NOT_PYTHON' }));
});

const UNSHARE = ['unshare', '--user', '--map-root-user', '--mount', '--pid', '--fork', '--mount-proc'];
const canUnshare = spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'true']).status === 0;
if (!canUnshare) console.log('skipped: this host does not let us make mount and PID namespaces');

test.skipIf(!canUnshare)('a target in another mount and PID namespace is found through its own root', async () => {
  const python = anyInterpreter();
  const home = spawnSync(python.path, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  try {
    // The executable lies on a file system that only the target's namespace has mounted.
    const inside = `mount -t tmpfs none ${folder} && cp ${python.path} ${folder}/app && exec ${folder}/app -c "$0"`;
    const outer = await started(startCommand([...UNSHARE, 'sh', '-c', inside, READY], { env: { PYTHONHOME: home } }));
    const pid = listPids().find((candidate) => readProcessInfo(candidate)?.parentPid === outer.pid)!;
    expect(existsSync(join(folder, 'app'))).toBe(false);
    expect(readProcessInfo(pid)?.nsPid).toBe(1);
    expect(findPythonProcess(pid)).toMatchObject({ python: `CPython ${python.label}`, supported: true });
    const capture = await captureMemory(pid);
    expect(capture.copiedBytes).toBeGreaterThan(1 << 20);
    capture.close();
    process.kill(pid, 'SIGKILL');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an interpreter under another name is found', async () => {
  const python = anyInterpreter();
  const home = spawnSync(python.path, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  try {
    const copy = join(folder, 'shopd');
    copyFileSync(python.path, copy);
    const target = await started(startCommand([copy, '-c', READY], { env: { PYTHONHOME: home } }));
    expect(findPythonProcess(target.pid)).toMatchObject({ python: `CPython ${python.label}`, application: 'shopd' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Version and path of interpreters before 3.8 that pyenv keeps here. */
function oldInterpreters(): [string, string][] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const names = existsSync(versions) ? readdirSync(versions) : [];
  return names
    .filter((name) => /^(2\.\d+|3\.[0-7])\.\d+$/.test(name))
    .map((name): [string, string] => [name.split('.').slice(0, 2).join('.'), join(versions, name, 'bin', 'python')])
    .filter(([, path]) => existsSync(path));
}
