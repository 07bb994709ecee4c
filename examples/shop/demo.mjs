// The example: starts the shop, sends it visitors, lets `leakscope find` look at it from outside, stops everything.
// Exit status: 0 when find called it a leak (as it is), 1 when it did not, 2 when the example could not be run.
// Environment: PYTHON names the interpreter, FOR how long find looks (20s).
// With --open it runs `leakscope open` instead, until Ctrl-C.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SHOP = dirname(fileURLToPath(import.meta.url));
const LEAKSCOPE = join(SHOP, '..', '..', 'bin', 'leakscope');
const OBSERVE_FOR = process.env.FOR ?? '20s';

const IN_BROWSER = process.argv.includes('--open');

const REQUESTS_PER_SECOND = 200;
const CONNECTIONS = 4;
const TICK_MS = 50;
/** Lets imports and the bounded caches settle before find looks. */
const WARM_UP_MS = 3_000;
const START_TIMEOUT_MS = 20_000;
/** Whatever find does, the example ends. */
const FIND_TIMEOUT_MS = 100_000;

/** Expected ways to fail, told without a stack. */
class DemoError extends Error {}

/** Processes to end when the example ends, however it ends, and the signal for each. */
const running = new Map();

function start(command, args, options) {
  const child = spawn(command, args, options);
  // The shop keeps nothing and may be paused, which delays every other signal; leakscope must stop what it started.
  running.set(child, command === process.execPath ? 'SIGTERM' : 'SIGKILL');
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

function stopEverything() {
  for (const [child, signal] of running) child.kill(signal);
}

/** How a child ended, as a number for an exit status or the name of a signal. */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
    child.once('error', reject);
  });
}

/** Where the default python3 is too old or another implementation, a newer one often stands beside it. */
const PYTHONS = ['python3', ...Array.from({ length: 8 }, (_, back) => `python3.${15 - back}`), 'python'];

function findPython() {
  const named = process.env.PYTHON;
  const seen = [];
  for (const executable of named ? [named] : PYTHONS) {
    const { name, suits } = askPython(executable);
    if (suits) return executable;
    if (name !== undefined) seen.push(`${executable} is ${name}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : named ? `PYTHON=${named} does not run` : 'none is on PATH';
  const remedy = named ? 'name another in PYTHON' : 'name one with PYTHON=/path/to/python3 npm start';
  throw new DemoError(`needs CPython 3.8 or later, but ${found}; ${remedy}`);
}

/** What an executable says it is, `PyPy 3.10.14`; no name when it cannot be asked. */
function askPython(executable) {
  const probe = 'import platform, sys; print(platform.python_implementation(), *sys.version_info[:3])';
  const said = spawnSync(executable, ['-c', probe], { encoding: 'utf8', timeout: START_TIMEOUT_MS }).stdout ?? '';
  const [implementation, major, minor, micro] = said.trim().split(' ');
  if (micro === undefined) return { name: undefined, suits: false };
  const suits = implementation === 'CPython' && Number(major) === 3 && Number(minor) >= 8;
  return { name: `${implementation} ${major}.${minor}.${micro}`, suits };
}

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether the kernel (Yama) lets a process look only at those it has started itself. */
function onlyOwnChildren() {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() === '1' && process.getuid() !== 0;
  } catch {
    return false;
  }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Status of one request; 0 when there was no answer. */
function ask(port, path) {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
      response.once('error', () => resolve(0));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(0));
  });
}

async function untilUp(port, service) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await ask(port, '/health')) !== 200) {
    if (service.exitCode !== null || service.signalCode !== null) {
      throw new DemoError(`the shop did not start: it ended with ${service.exitCode ?? service.signalCode}`);
    }
    if (Date.now() > deadline) throw new DemoError(`the shop did not answer within ${START_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Sends new visitors at a steady rate, never more at once than there are connections, until it is stopped. */
function startVisitors(port) {
  const sent = { answered: 0, failed: 0 };
  let visitor = 0;
  let open = 0;
  let due = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // A stall (the shop is paused while it is copied) is not made up for: at most one tick's worth twice over.
    due = Math.min(due + ((now - before) / 1000) * REQUESTS_PER_SECOND, (2 * REQUESTS_PER_SECOND * TICK_MS) / 1000);
    before = now;
    for (; due >= 1 && open < CONNECTIONS * 4; due--) {
      visitor++;
      open++;
      // 1 of 5 visitors looks at the account, the others at one of 400 products.
      const path = visitor % 5 === 0 ? `/users/${visitor}` : `/products/${(visitor * 37) % 400}?user=${visitor}`;
      void ask(port, path).then((status) => {
        open--;
        if (status === 200) sent.answered++;
        else sent.failed++;
      });
    }
  }, TICK_MS);
  return { sent, stop: () => clearInterval(timer) };
}

async function main() {
  if (!existsSync(join(dirname(LEAKSCOPE), '..', 'dist', 'leakscope.js'))) {
    throw new DemoError('leakscope is not built: run `npm run build` first, or `npm start`');
  }
  const python = findPython();
  const port = await freePort();
  const shop = [python, '-m', 'shop', '--port', String(port)];
  const options = { cwd: SHOP, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } };
  const find = ['find', '--for', OBSERVE_FOR];

  // Usually the shop runs already when leakscope comes. Where the kernel forbids that, leakscope starts it.
  const launch = onlyOwnChildren();
  if (launch && IN_BROWSER) {
    throw new DemoError('this kernel lets a process look only at those it has started itself: try it with sudo');
  }
  const service = launch
    ? start(process.execPath, [LEAKSCOPE, ...find, '--', ...shop], { ...options, stdio: 'inherit' })
    : start(shop[0], shop.slice(1), { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
  const serviceEnded = ended(service);
  await Promise.race([untilUp(port, service), serviceEnded.then((how) => failEarly('the shop', how))]);

  const began = performance.now();
  const visitors = startVisitors(port);
  try {
    const where = launch ? 'started by leakscope' : `pid ${service.pid}`;
    console.log(`shop at http://127.0.0.1:${port}, ${where}; about ${REQUESTS_PER_SECOND} new visitors a second`);
    if (launch) return await verdictOf(serviceEnded);
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, WARM_UP_MS)),
      serviceEnded.then((how) => failEarly('the shop', how)),
    ]);
    if (IN_BROWSER) {
      console.log(`$ leakscope open ${service.pid}\n`);
      const viewer = start(process.execPath, [LEAKSCOPE, 'open', String(service.pid)], { stdio: 'inherit' });
      return await Promise.race([ended(viewer).then(Number), serviceEnded.then((how) => failEarly('the shop', how))]);
    }
    console.log(`$ leakscope find ${service.pid} --for ${OBSERVE_FOR}\n`);
    const finder = start(process.execPath, [LEAKSCOPE, ...find, String(service.pid)], { stdio: 'inherit' });
    return await Promise.race([verdictOf(ended(finder)), serviceEnded.then((how) => failEarly('the shop', how))]);
  } finally {
    visitors.stop();
    stopEverything();
    const seconds = (performance.now() - began) / 1000;
    const { answered, failed } = visitors.sent;
    const failures = failed === 0 ? '' : `, ${failed} failed`;
    console.log(`\nshop stopped after ${answered} answered requests in ${seconds.toFixed(0)} s${failures}`);
  }
}

function failEarly(what, how) {
  throw new DemoError(`${what} ended early, with ${how}`);
}

/** The example's exit status from find's: 1 is "a leak", which is what it should say. */
async function verdictOf(finderEnded) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new DemoError('find took too long')), FIND_TIMEOUT_MS);
  });
  const how = await Promise.race([finderEnded, tooLate]).finally(() => clearTimeout(timer));
  if (how === 1) return 0;
  if (how === 0) console.error('find called the shop healthy, which it is not');
  else console.error(`find ended with ${how}, without finding the leak`);
  return 1;
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.once(signal, () => {
    stopEverything();
    process.exit(status);
  });
}
process.once('exit', stopEverything);

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  console.error(`example: ${error.message}`);
  process.exit(2);
}
