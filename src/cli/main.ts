// Entry of the `leakscope` executable: connects the program to this process.

import { cancelledBy } from './cancellation.ts';
import { type CliEnvironment, runCli } from './program.ts';

const cancellation = new AbortController();

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second time is meant: end at once. A paused target is resumed by its watchdog.
    if (cancellation.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    cancellation.abort(cancelledBy(name));
  });
}

// `leakscope ps | head -1` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const environment: CliEnvironment = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  stdinIsTty: process.stdin.isTTY,
  signal: cancellation.signal,
};

// Not process.exit: a pipe may still hold part of the answer.
process.exitCode = await runCli(process.argv.slice(2), environment);
