import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { LeakscopeError } from '../base/errors.ts';
import { cancelledBy, signalOf } from './cancellation.ts';
import { type CliContext, createOutcome } from './cli-context.ts';
import { reportFailure, toFailure } from './failure.ts';

interface CaughtContext {
  readonly context: CliContext;
  readonly written: { stdout: string; stderr: string };
}

function catchOutput(columns?: number): CaughtContext {
  const written = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString();
        done();
      },
    });
  const context: CliContext = {
    stdout: into('stdout'),
    stderr: Object.assign(into('stderr'), columns === undefined ? {} : { columns }),
    env: {},
    stdinIsTty: false,
    childCommand: undefined,
    signal: new AbortController().signal,
    outcome: createOutcome(),
  };
  return { context, written };
}

const plain = { json: false, noColour: false, verbose: false };

test('an unexpected exception is E_INTERNAL with what to do; its stack only when asked for', () => {
  const failure = toFailure(new TypeError('x is not a function'));
  const short = catchOutput();
  expect(reportFailure(failure, short.context, plain)).toBe(4);
  expect(short.written.stderr).toContain(
    'error E_INTERNAL: leakscope failed in a way it should not: x is not a function',
  );
  expect(short.written.stderr).not.toContain('failure.test.ts');
  const long = catchOutput();
  reportFailure(failure, long.context, { ...plain, verbose: true });
  expect(long.written.stderr).toContain('failure.test.ts');
});

test('a terminal gets it wrapped, a hint of several lines stays one of several lines', () => {
  const failure = new LeakscopeError(
    'E_PERMISSION',
    'process 4242 does not let us read its memory: it belongs to the user www-data, not to you',
    { hint: 'run leakscope as www-data\nor run leakscope with sudo' },
  );
  const { context, written } = catchOutput(80);
  expect(reportFailure(failure, context, plain)).toBe(3);
  expect(written.stderr).toMatchInlineSnapshot(`
    "error E_PERMISSION: process 4242 does not let us read its memory: it belongs to
                        the user www-data, not to you
    hint: run leakscope as www-data
          or run leakscope with sudo
    "
  `);
});

test('text of a target in a message cannot act on the terminal', () => {
  const { context, written } = catchOutput();
  reportFailure(new LeakscopeError('E_NO_MATCH', 'no type \u001b[2J', { hint: '\u202ethere' }), context, plain);
  expect(written.stderr).toBe('error E_NO_MATCH: no type \\x1b[2J\nhint: \\u202ethere\n');
});

test('under --json the object goes to stdout and stderr stays empty', () => {
  const { context, written } = catchOutput();
  reportFailure(new LeakscopeError('E_NO_MATCH', 'nothing'), context, { ...plain, json: true });
  expect(JSON.parse(written.stdout)).toEqual({
    schema: 'leakscope.error/1',
    error: { code: 'E_NO_MATCH', message: 'nothing' },
  });
  expect(written.stderr).toBe('');
});

test('cancelling remembers its signal, however Node wraps it', async () => {
  const cancellation = new AbortController();
  cancellation.abort(cancelledBy('SIGTERM'));
  expect(signalOf(cancellation.signal)).toBe('SIGTERM');
  const wrapped = new DOMException('aborted', 'AbortError');
  expect(toFailure(wrapped).code).toBe('E_CANCELLED');
  const { setTimeout: delay } = await import('node:timers/promises');
  const failure = await delay(10, undefined, { signal: cancellation.signal }).catch(toFailure);
  expect(failure).toBe(cancellation.signal.reason);
});
