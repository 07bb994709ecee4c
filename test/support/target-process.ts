// Starts real Python programs as targets for tests, waits until they say they are ready, and always ends them.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TargetProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** First line the program printed: it is running by then. */
  readonly firstLine: string;
  /** Next line of its output; rejects when it ends first. */
  nextLine(): Promise<string>;
  /** Kills it and waits until it is gone. */
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Options of the interpreter, before `-c`. */
  readonly interpreterArgs?: readonly string[];
  /** User and group to run as. */
  readonly uid?: number;
  readonly gid?: number;
  /** How long to wait for the first line, in milliseconds. */
  readonly timeoutMs?: number;
}

/** Runs `code` with `-c` semantics under `command` and resolves at its first line of output. */
export async function startPython(python: string, code: string, options: TargetOptions = {}): Promise<TargetProcess> {
  return startCommand([python, ...(options.interpreterArgs ?? []), '-c', code, ...(options.args ?? [])], options);
}

/** Runs any command that prints a line when it is ready. */
export async function startCommand(command: readonly string[], options: TargetOptions = {}): Promise<TargetProcess> {
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONUNBUFFERED: '1', ...options.env },
    cwd: options.cwd,
    uid: options.uid,
    gid: options.gid,
  });
  const lines: string[] = [];
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let rest = '';
  let ended: Error | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const line of parts) {
      const waiter = waiting.shift();
      if (waiter === undefined) lines.push(line);
      else waiter.resolve(line);
    }
  });
  const end = (error: Error): void => {
    ended ??= error;
    for (const waiter of waiting.splice(0)) waiter.reject(ended);
  };
  child.once('error', end);
  child.once('close', (code, signal) => end(new Error(`the target ended (${signal ?? code}) before its next line`)));
  const nextLine = (): Promise<string> => {
    const line = lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const closed = once(child, 'exit');
    child.kill('SIGKILL');
    await closed;
  };
  const timer = setTimeout(() => {
    end(new Error(`the target printed nothing in time: ${command.slice(0, 2).join(' ')}`));
    child.kill('SIGKILL');
  }, options.timeoutMs ?? 60_000);
  try {
    const firstLine = await nextLine();
    return { pid: child.pid!, child, firstLine, nextLine, stop };
  } finally {
    clearTimeout(timer);
  }
}
