// Against real commands: starting, finding the Python in them, ending them.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { readProcessStat } from '../target/process-info.ts';
import { familyOf } from './process-family.ts';
import { pythonOfCommand } from './python-of-command.ts';
import { type StartedCommand, startCommand, waitForPython } from './started-command.ts';

const python = anyInterpreter();
const never = new AbortController().signal;
const started: StartedCommand[] = [];

async function start(...words: string[]): Promise<StartedCommand> {
  const command = await startCommand(words, { stdoutToStderr: true });
  started.push(command);
  return command;
}

afterEach(async () => {
  for (const command of started.splice(0)) await command.terminate();
});

test('the command itself is the Python', async () => {
  const command = await start(python.path, '-c', 'import time; time.sleep(60)');
  const found = await waitForPython(command, pythonOfCommand, never);
  expect(found.pid).toBe(command.pid);
  expect(found.python).toContain(`CPython ${python.version[0]}.${python.version[1]}`);
  expect(command.ending()).toBeUndefined();
});

test('a wrapper: its child is the Python', async () => {
  // The second command keeps the shell from replacing itself by the first.
  const command = await start('sh', '-c', `"${python.path}" -c "import time; time.sleep(60)"; true`);
  const found = await waitForPython(command, pythonOfCommand, never);
  expect(found.pid).not.toBe(command.pid);
  expect(familyOf(command.pid).map((member) => member.pid)).toContain(found.pid);
});

test('ending: SIGTERM is enough for most, and the state says how it ended', async () => {
  const command = await start('sleep', '60');
  await command.terminate();
  expect(command.ending()).toBe('signal SIGTERM');
  expect(readProcessStat(command.pid)).toBeUndefined();
  await command.terminate();
});

test('ending a wrapper ends what it started', async () => {
  const command = await start('sh', '-c', `"${python.path}" -c "import time; time.sleep(60)"; true`);
  const found = await waitForPython(command, pythonOfCommand, never);
  await command.terminate();
  expect(isRunning(found.pid)).toBe(false);
});

test('a command that ignores SIGTERM is killed', { timeout: 20_000 }, async () => {
  const command = await start('sh', '-c', "trap '' TERM; while :; do sleep 0.1; done");
  await delay(200);
  await command.terminate();
  expect(command.ending()).toBe('signal SIGKILL');
});

test('a signal is passed on', async () => {
  const command = await start('sleep', '60');
  command.signal('SIGINT');
  for (let i = 0; i < 100 && command.ending() === undefined; i++) await delay(20);
  expect(command.ending()).toBe('signal SIGINT');
});

test('a command that ends before any Python is up', async () => {
  const command = await start('sh', '-c', 'exit 7');
  await expect(waitForPython(command, pythonOfCommand, never)).rejects.toMatchObject({
    code: 'E_COMMAND_FAILED',
    message: 'the command ended (exit status 7) before a Python interpreter was up',
  });
});

test('waiting can be cancelled', async () => {
  const command = await start('sleep', '60');
  const cancellation = new AbortController();
  const waiting = waitForPython(command, pythonOfCommand, cancellation.signal);
  cancellation.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow();
});

function isRunning(pid: number): boolean {
  const stat = readProcessStat(pid);
  return stat !== undefined && stat.state !== 'Z';
}
