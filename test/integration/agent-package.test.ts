// The agent as a package of Python: a wheel built without a network, installed, and started by the environment.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { AGENT_FOLDER } from '../support/agent-target.ts';
import { type Interpreter, interpreters } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';

const PIP_TIMEOUT_MS = 180_000;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'agent-package-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(command: string, words: readonly string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const clean = { PATH: process.env.PATH ?? '', HOME: work, PIP_CONFIG_FILE: '/dev/null', ...env };
  return spawnSync(command, words, { encoding: 'utf8', cwd: work, env: clean, timeout: PIP_TIMEOUT_MS });
}

/** An interpreter that has pip and can make environments. */
function pipInterpreter(): Interpreter | undefined {
  return interpreters().findLast(
    ({ path, isLauncher }) => !isLauncher && run(path, ['-c', 'import pip, venv, ensurepip']).status === 0,
  );
}

test('is built as a wheel without a network, installs, and starts where the environment says so', ({ skip }) => {
  const interpreter = pipInterpreter();
  if (interpreter === undefined) skip('no interpreter here has pip, venv and ensurepip');
  const { path } = interpreter!;
  const source = join(work, 'source');
  cpSync(AGENT_FOLDER, source, { recursive: true });
  mkdirSync(join(work, 'wheels'));
  const offline = ['--no-index', '--disable-pip-version-check'];
  const built = run(path, ['-m', 'pip', 'wheel', ...offline, '--no-build-isolation', '-w', 'wheels', source]);
  expect(built.status, built.stderr).toBe(0);
  const wheels = readdirSync(join(work, 'wheels'));
  expect(wheels).toEqual([`leakscope_agent-${VERSION}-py3-none-any.whl`]);

  expect(run(path, ['-m', 'venv', 'environment']).status).toBe(0);
  const python = join(work, 'environment', 'bin', 'python');
  const installed = run(python, ['-m', 'pip', 'install', ...offline, join('wheels', wheels[0]!)]);
  expect(installed.status, installed.stderr).toBe(0);
  const checked = run(python, ['-m', 'pip', 'show', '-f', 'leakscope-agent']);
  expect(checked.stdout).toContain(`Version: ${VERSION}`);
  expect(checked.stdout).toContain('leakscope_agent.pth');

  const code = 'import sys; m = sys.modules.get("leakscope_agent"); print(m and m._agent and m._agent.path)';
  expect(run(python, ['-c', code]).stdout).toBe('None\n');
  const sockets = join(work, 'sockets');
  const started = run(python, ['-c', code], { LEAKSCOPE_AGENT: '1', LEAKSCOPE_AGENT_DIR: sockets });
  expect(started.stderr).toBe('');
  expect(started.stdout).toMatch(/\/sockets\/agent-\d+\.sock\n$/);
  // Installed over itself from the source archive's own files: the backend is in it.
  const again = run(python, ['-m', 'pip', 'install', ...offline, '--force-reinstall', source]);
  expect(again.status, again.stderr).toBe(0);
});

test('has the version of the package it belongs to', () => {
  expect(readFileSync(join(AGENT_FOLDER, 'leakscope_agent.py'), 'utf8')).toContain(`\n__version__ = '${VERSION}'\n`);
});

test('is found and copied by leakscope', async () => {
  const where = await runLeakscope(['agent', '--path']);
  expect(where).toMatchObject({ exitCode: 0, stdout: `${join(AGENT_FOLDER, 'leakscope_agent.py')}\n` });
  const copied = await runLeakscope(['agent', '--copy', work]);
  expect(copied.stdout).toBe(`${join(work, 'leakscope_agent.py')}\n`);
  expect(readFileSync(join(work, 'leakscope_agent.py'))).toEqual(
    readFileSync(join(AGENT_FOLDER, 'leakscope_agent.py')),
  );
  const nowhere = await runLeakscope(['agent', '--copy', join(work, 'nowhere')]);
  expect(nowhere).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('E_FILE_WRITE') });
  const wrong = await runLeakscope(['agent', `${process.pid}`, 'exec']);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('cannot be asked for exec') });
  const none = await runLeakscope(['snapshot', `${process.pid}`, '--agent', '-o', join(work, 'x.heap')]);
  expect(none).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('E_NO_AGENT') });
  for (const words of [['--max-pause', '5'], ['--dry-run'], ['--core', 'x']]) {
    const both = await runLeakscope(['snapshot', `${process.pid}`, '--agent', '-o', join(work, 'x.heap'), ...words]);
    expect(both.exitCode, words.join(' ')).toBe(2);
  }
});
