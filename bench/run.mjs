#!/usr/bin/env node
// Measures leakscope beside its peers on heaps of known size, in one run on one machine, and prints Markdown tables.
//
//   npm run bench -- [--sizes 100k,1m,10m] [--repeat 3] [--python PYTHON] [--pyheap CHECKOUT] [--peers LIST]
//                    [--timeout SECONDS] [--out FILE]
//
// README.md beside this file says what is measured, how, and what the peers need. Every measurement is a process of
// its own (or the target itself, for the peers that run inside); figures are medians of --repeat runs.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { budgets, describeTarget, toolTable } from './tables.mjs';
import { parseSize, startTarget } from './target.mjs';

const BENCH = dirname(fileURLToPath(import.meta.url));
const LEAKSCOPE = [process.execPath, join(BENCH, '..', 'bin', 'leakscope')];
const PEERS = ['guppy3', 'objgraph', 'pyheap'];
/** What the peers need from PyPI; PyHeap itself is not there, only what it imports. */
const PACKAGES = ['guppy3', 'objgraph', 'pyelftools', 'tqdm', 'typing-extensions'];
/** A run of PyHeap on more objects than this takes minutes: once is enough. */
const REPEAT_PYHEAP_UP_TO = 200_000;
const FIND_SECONDS = 10;

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '100k,1m,10m' },
    repeat: { type: 'string', default: '3' },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    pyheap: { type: 'string' },
    peers: { type: 'string', default: PEERS.join(',') },
    timeout: { type: 'string', default: '900' },
    out: { type: 'string' },
  },
});
const REPEAT = Number(options.repeat);
const work = mkdtempSync(join(tmpdir(), 'leakscope-bench-'));

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** A throw-away virtual environment with the peers; without them (no network), the interpreter as it is. */
function preparePython() {
  const folder = join(work, 'venv');
  const made = spawnSync(options.python, ['-m', 'venv', folder], { encoding: 'utf8' });
  if (made.status !== 0) return { python: options.python, missing: `no virtual environment: ${lastLine(made)}` };
  const python = join(folder, 'bin', 'python');
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--prefer-binary', ...PACKAGES];
  const installed = spawnSync(python, pip, { encoding: 'utf8' });
  return { python, missing: installed.status === 0 ? undefined : `pip: ${lastLine(installed)}` };
}

const lastLine = ({ stderr, error }) => (stderr ?? String(error)).trim().split('\n').at(-1).slice(0, 160);

/** Runs a command to its end: `{ seconds, peak_rss_bytes, stdout }`, or `{ error }`. */
function measure(command, { limitBytes = 0, env = {} } = {}) {
  const result = join(work, 'result.json');
  rmSync(result, { force: true });
  const args = [join(BENCH, 'measured.py'), result, options.timeout, String(limitBytes), ...command];
  const ran = spawnSync('python3', args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  if (!existsSync(result)) return { error: lastLine(ran) };
  const { status, ...figures } = JSON.parse(readFileSync(result, 'utf8'));
  if (status === 'timeout') return { error: `more than ${options.timeout} s`, ...figures };
  return { status, ...figures, stdout: ran.stdout, said: lastLine(ran) };
}

function leakscopeJson(args) {
  const run = measure([...LEAKSCOPE, ...args, '--json']);
  if (run.error) return run;
  let report;
  try {
    report = JSON.parse(run.stdout);
  } catch {
    return { error: `leakscope ${args[0]} ended with ${run.status}: ${run.said}` };
  }
  if (report.error) return { error: `${report.error.code}: ${report.error.message}` };
  return { ...run, report };
}

/** Snapshot, then report: what a person waits for from "look now" to printed holders. */
function measureLeakscope(target) {
  const runs = [];
  const heap = join(work, 'bench.heap');
  for (let n = 0; n < REPEAT; n++) {
    const snapshot = leakscopeJson(['snapshot', String(target.pid), '-o', heap]);
    if (snapshot.error) return { error: snapshot.error };
    const report = leakscopeJson(['report', heap]);
    if (report.error) return { error: report.error };
    runs.push({ snapshot, report });
  }
  const { report } = runs[0].snapshot;
  const of = (figure) => median(runs.map(figure));
  return {
    paused_s: of((run) => run.snapshot.report.pause_ms / 1000),
    seconds: of((run) => run.snapshot.seconds + run.report.seconds),
    peak_bytes: of((run) => Math.max(run.snapshot.peak_rss_bytes, run.report.peak_rss_bytes)),
    report_peak_bytes: of((run) => run.report.peak_rss_bytes),
    objects: report.heap.objects,
    references: report.heap.references,
    file_bytes: statSync(heap).size,
    runs: REPEAT,
  };
}

/** `find` on the growing target: what it takes beyond the time it was told to look. */
async function measureFind(target) {
  const growing = target.growSteadily(Math.max(10, Math.round(target.users / 2000)));
  try {
    const find = await leakscopeJsonAsync(['find', String(target.pid), '--for', `${FIND_SECONDS}s`]);
    if (find.error) return find;
    return {
      seconds: find.seconds - FIND_SECONDS,
      peak_bytes: find.peak_rss_bytes,
      pauses_ms: find.report.pauses_ms,
      verdict: find.report.verdict,
    };
  } finally {
    await growing.stop();
  }
}

/** As leakscopeJson, but leaves this process free to feed the target meanwhile. */
async function leakscopeJsonAsync(args) {
  const result = join(work, 'find.json');
  const command = [...LEAKSCOPE, ...args, '--json'];
  const child = spawn('python3', [join(BENCH, 'measured.py'), result, options.timeout, '0', ...command]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  await new Promise((done) => child.once('close', done));
  if (!existsSync(result)) return { error: lastLine({ stderr }) };
  const figures = JSON.parse(readFileSync(result, 'utf8'));
  try {
    const report = JSON.parse(stdout);
    return report.error ? { error: `${report.error.code}: ${report.error.message}` } : { ...figures, report };
  } catch {
    return { error: `leakscope find ended with ${figures.status}: ${lastLine({ stderr })}` };
  }
}

/** guppy3 and objgraph run inside the target, which stands still for as long. */
async function measureInside(target, peer) {
  const runs = [];
  for (let n = 0; n < REPEAT; n++) {
    const answer = await target.ask(peer, Number(options.timeout) * 1000);
    if (answer.error) return { error: answer.error };
    runs.push(answer);
  }
  const of = (key) => median(runs.map((run) => run[key]));
  const seconds = of('holders_s');
  return { paused_s: seconds, seconds, peak_bytes: of('extra_peak_bytes'), census_s: of('census_s'), runs: REPEAT };
}

/** PyHeap from a checkout of its repository: gdb makes the target write a dump, its analyser computes retained sizes. */
function measurePyheap(target, python, objects) {
  if (options.pyheap === undefined) return { error: 'not measured: give --pyheap CHECKOUT' };
  const runs = [];
  const dump = join(work, 'bench.pyheap');
  const limitBytes = Math.round(availableMemory() * 0.8);
  for (let n = 0; n < (objects <= REPEAT_PYHEAP_UP_TO ? REPEAT : 1); n++) {
    // Its analyser keeps results beside the dump: a second run must not find the first one's.
    spawnSync('sh', ['-c', 'rm -f "$0"*', dump]);
    const dumper = join(options.pyheap, 'pyheap', 'src', 'pyheap_dump.py');
    const dumped = measure([python, dumper, '--pid', String(target.pid), '--file', dump, '--str-repr-len', '-1']);
    if (dumped.error || !existsSync(dump)) return { error: `dump: ${dumped.error ?? dumped.said}` };
    const analyse = [python, join(BENCH, 'pyheap_analysis.py'), dump];
    const env = { PYTHONPATH: join(options.pyheap, 'pyheap-ui', 'src') };
    const analysed = measure(analyse, { limitBytes, env });
    if (analysed.error || analysed.status !== 0) {
      const why = analysed.error ?? `ended with ${analysed.status}: ${analysed.said}`;
      return { error: `dumped in ${dumped.seconds.toFixed(1)} s; analysis: ${why}` };
    }
    runs.push({ dumped, analysed });
  }
  const of = (figure) => median(runs.map(figure));
  return {
    paused_s: of((run) => run.dumped.seconds),
    seconds: of((run) => run.dumped.seconds + run.analysed.seconds),
    peak_bytes: of((run) => Math.max(run.dumped.peak_rss_bytes, run.analysed.peak_rss_bytes)),
    runs: runs.length,
  };
}

function availableMemory() {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))[1]) * 1024;
}

async function measureSize(size, { python, missing }) {
  const target = await startTarget(python, size);
  try {
    const peers = new Set(options.peers.split(',').filter(Boolean));
    const facts = { size, objects: target.objects, ...target.memory() };
    const leakscope = measureLeakscope(target);
    const tools = { leakscope };
    for (const peer of ['guppy3', 'objgraph']) {
      if (peers.has(peer)) tools[peer] = missing ? { error: missing } : await measureInside(target, peer);
    }
    if (peers.has('pyheap')) tools.PyHeap = missing ? { error: missing } : measurePyheap(target, python, size);
    // Last, because it is what changes the heap.
    const find = await measureFind(target);
    return { facts, tools, find };
  } finally {
    await target.stop();
  }
}

async function main() {
  if (!existsSync(join(BENCH, '..', 'dist', 'leakscope.js'))) throw new Error('not built: run `npm run build` first');
  const sizes = options.sizes.split(',').map(parseSize);
  const prepared = preparePython();
  const version = spawnSync(prepared.python, ['-V'], { encoding: 'utf8' }).stdout.trim();
  const startUp = median(
    Array.from({ length: 5 }, () => measure([...LEAKSCOPE, '--version'])).map((run) => run.peak_rss_bytes ?? 0),
  );
  const parts = [
    `${version}, Node ${process.versions.node}, ${cpus().length} × ${cpus()[0].model.trim()}; medians of ${REPEAT}`,
  ];
  for (const size of sizes) {
    const result = await measureSize(size, prepared);
    parts.push(describeTarget(result), toolTable(result.tools), budgets(result, startUp));
    console.error(`${size} objects measured`);
  }
  const text = `${parts.join('\n\n')}\n`;
  process.stdout.write(text);
  if (options.out !== undefined) writeFileSync(options.out, text);
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    // The target ends with its standard input.
    rmSync(work, { recursive: true, force: true });
    process.exit(status);
  });
}

try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}
