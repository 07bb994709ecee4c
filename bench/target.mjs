// The process under measurement (heap_target.py) as bench/run.mjs sees it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SCRIPT = join(import.meta.dirname, 'heap_target.py');
const GROW_EVERY_MS = 250;

/** `100k`, `1m`, `10m` as a number of objects. */
export function parseSize(text) {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([km]?)$/i.exec(text) ?? [];
  if (digits === undefined) throw new Error(`no size: ${text}; write 100k, 1m, 10m`);
  return Number(digits) * { '': 1, k: 1e3, m: 1e6 }[unit.toLowerCase()];
}

/** Starts a target with about `size` objects and waits until they stand. */
export async function startTarget(python, size) {
  const child = spawn(python, [SCRIPT, String(size)], { stdio: ['pipe', 'pipe', 'inherit'] });
  // Ends with this process, also when that is interrupted: its input closes.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: ready } = await lines.next();
  if (!ready?.startsWith('ready ')) throw new Error(`${python} did not build the heap`);

  /** Answers come in order: after one that did not come in time, none can be told apart any more. */
  let late = false;
  /** Sends one command, returns its answer; `{ error }` when there is none in time. */
  const ask = async (command, timeoutMs = 600_000) => {
    if (late) return { error: 'the target is still busy with an earlier command' };
    child.stdin.write(`${command}\n`);
    let timer;
    const tooLate = new Promise((resolve) => {
      timer = setTimeout(() => {
        late = true;
        resolve({ value: JSON.stringify({ error: `more than ${timeoutMs / 1000} s` }) });
      }, timeoutMs);
    });
    const { value } = await Promise.race([lines.next(), tooLate]);
    clearTimeout(timer);
    return value === undefined ? { error: 'the target ended' } : JSON.parse(value);
  };

  return {
    pid: child.pid,
    objects: Number(ready.split(' ')[1]),
    users: Number(ready.split(' ')[2]),
    ask,
    memory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const of = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)[1]) * 1024;
      return { rss_bytes: of('VmRSS'), anonymous_bytes: of('RssAnon') };
    },
    /** Adds `users` four times a second until stopped. */
    growSteadily(users) {
      let going = true;
      const done = (async () => {
        while (going) {
          await ask(`grow ${users}`);
          await new Promise((resolve) => setTimeout(resolve, GROW_EVERY_MS));
        }
      })();
      return {
        async stop() {
          going = false;
          await done;
        },
      };
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
