#!/usr/bin/env node
// What looking at a traced program costs it: `leakscope trace -- CMD` from outside, beside the same two looks taken inside
// by tracemalloc's own snapshots. The program does a fixed amount of work; all figures are of one run on one machine.
//
//   node bench/traced-run.mjs [--blocks 200000] [--rounds 150] [--frames 5] [--repeat 3] [--python PYTHON]

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const BENCH = dirname(fileURLToPath(import.meta.url));
const LEAKSCOPE = join(BENCH, '..', 'bin', 'leakscope');
const POLL_MS = 20;

const { values: options } = parseArgs({
  options: {
    blocks: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '150' },
    frames: { type: 'string', default: '5' },
    repeat: { type: 'string', default: '3' },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
  },
});
const work = mkdtempSync(join(tmpdir(), 'leakscope-bench-'));
const result = join(work, 'result.json');
const program = (place) => [
  options.python,
  join(BENCH, 'traced_run.py'),
  result,
  options.blocks,
  options.rounds,
  place,
];

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function readResult() {
  const figures = JSON.parse(readFileSync(result, 'utf8'));
  rmSync(result);
  return figures;
}

/** The program alone. */
function runAlone(place, { isTraced }) {
  const [command, ...args] = program(place);
  const env = { ...process.env, ...(isTraced ? { PYTHONTRACEMALLOC: options.frames } : {}) };
  const run = spawnSync(command, args, { encoding: 'utf8', env });
  if (run.status !== 0) throw new Error(run.stderr);
  return readResult();
}

/** Two looks in the first half of the way that it went without them, as no run is as fast as another; it runs to its end. */
async function runOutside({ seconds, filled }) {
  const quarter = (seconds - filled) / 4;
  const times = ['--warm-up', `${(filled + quarter).toFixed(1)}s`, '--for', `${quarter.toFixed(1)}s`];
  const args = [LEAKSCOPE, 'trace', ...times, '--frames', options.frames, '--keep-running', '--json', '--'];
  const run = spawnSync(process.execPath, [...args, ...program('outside')], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  const report = JSON.parse(run.stdout);
  if (report.growth === undefined) throw new Error('the program ended before the second look: give it more --rounds');
  while (!existsSync(result)) await sleep(POLL_MS);
  // Its name is there before its text is.
  await sleep(POLL_MS);
  const stopped = report.pauses_ms.reduce((sum, ms) => sum + ms, 0) / 1000;
  return { ...readResult(), stopped, blocks: report.traced.blocks };
}

const runs = { untraced: [], traced: [], inside: [], outside: [] };
try {
  for (let round = 0; round < Number(options.repeat); round++) {
    // One after the other in every round, so that a slower minute of the machine meets all of them.
    runs.untraced.push(runAlone('outside', { isTraced: false }));
    const traced = runAlone('outside', { isTraced: true });
    runs.traced.push(traced);
    runs.inside.push(runAlone('inside', { isTraced: true }));
    runs.outside.push(await runOutside(traced));
  }
} finally {
  rmSync(work, { recursive: true });
}

const of = (kind, figure) => median(runs[kind].map((run) => run[figure]));
/** Of each round by itself: what it took beyond the traced run beside it. */
const extra = (kind, figure) => median(runs[kind].map((run, i) => run[figure] - runs.traced[i][figure]));
const row = (title, kind) => {
  const cells = [
    `${of(kind, 'seconds').toFixed(1)} s`,
    kind === 'untraced' ? '' : `${extra(kind, 'seconds').toFixed(2)} s`,
    `${of(kind, 'cpu').toFixed(1)} s`,
    `${of(kind, 'stopped').toFixed(2)} s`,
    `${(of(kind, 'peak_bytes') / 1e6).toFixed(0)} MB`,
  ];
  return `| ${title} | ${cells.join(' | ')} |`;
};
const ratio = (figure) => (figure('inside') / figure('outside')).toFixed(1);
const blocks = of('outside', 'blocks').toLocaleString('en');
console.log(`${blocks} traced blocks, ${options.frames} frames, ${options.repeat} rounds, medians

| the program | runs for | beyond tracing alone | its CPU time | stands still | its peak memory |
|---|---:|---:|---:|---:|---:|
${row('untraced', 'untraced')}
${row('traced', 'traced')}
${row('traced, two looks from outside', 'outside')}
${row('traced, two looks inside', 'inside')}

Two looks inside beside two from outside: ${ratio((kind) => of(kind, 'stopped'))} × as long standing still,
${ratio((kind) => of(kind, 'cpu'))} × the CPU time and ${ratio((kind) => of(kind, 'seconds'))} × the time of the whole run.`);
