// Runs the command line inside the test's process, with its streams caught.

import { Writable } from 'node:stream';
import { runCli } from '../../src/cli/program.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Not a terminal, no environment: what a script sees. */
export async function runLeakscope(words: readonly string[], options: CliRunOptions = {}): Promise<CliRun> {
  const stdout = new CaughtStream();
  const stderr = new CaughtStream();
  const exitCode = await runCli(words, {
    stdout,
    stderr,
    env: options.env ?? {},
    stdinIsTty: false,
    signal: options.signal ?? new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

class CaughtStream extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
