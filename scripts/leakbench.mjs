#!/usr/bin/env node
// Runs a leak bench (a folder of cases and its score.py) on this checkout and says whether the score is good enough.
//
//   npm run leakbench -- FOLDER [--only RE] [--for 20] [--packages] [--variant leaking|fixed] [--jobs 1] [--out FILE]
//
// The bench's own score.py runs the cases and gives the points; this only starts it, splits the rows into cases with
// a Python holder, native ones and healthy controls, and compares the means with the thresholds below.
// Exit status: 0 good enough, 1 below a threshold or nothing was run, 2 usage.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '..');
const USAGE =
  'usage: npm run leakbench -- FOLDER [--only RE] [--for SECONDS] [--packages] [--variant leaking|fixed] [--jobs N] [--venvs DIR] [--out FILE]';

/** Least means, by group of cases. */
const THRESHOLDS = { python: { verdict: 0.92, holder: 0.88, site: 0.8 }, native: { verdict: 0.6 } };

function usage(message) {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function parseOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        only: { type: 'string', default: '' },
        for: { type: 'string', default: '20' },
        settle: { type: 'string' },
        packages: { type: 'boolean', default: false },
        variant: { type: 'string', default: 'leaking' },
        jobs: { type: 'string', default: '1' },
        venvs: { type: 'string' },
        out: { type: 'string' },
      },
    });
    if (positionals.length !== 1) usage('name one folder: the leak bench');
    if (!['leaking', 'fixed'].includes(values.variant)) usage(`no variant ${values.variant}`);
    return { ...values, folder: resolve(positionals[0]) };
  } catch (error) {
    return usage(error.message);
  }
}

/** Name -> case.json of every case in the folder. */
function readCases(folder) {
  const cases = new Map();
  for (const name of readdirSync(join(folder, 'cases')).sort()) {
    const path = join(folder, 'cases', name, 'case.json');
    if (!existsSync(path)) continue;
    const read = JSON.parse(readFileSync(path, 'utf8'));
    cases.set(read.name, { ...read, folder: name });
  }
  return cases;
}

function buildIfMissing() {
  if (existsSync(join(PROJECT, 'dist', 'leakscope.js'))) return;
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: PROJECT, stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
}

/** Runs score.py to its end and returns its rows. */
async function runScore(options, only) {
  const work = mkdtempSync(join(tmpdir(), 'leakbench-'));
  const out = join(work, 'rows.json');
  // score.py splits the command at blanks, so it gets a relative path and, where it can, this very node.
  const node = /\s/.test(process.execPath) ? [] : [process.execPath];
  const command = [...node, relative(PROJECT, join(PROJECT, 'bin', 'leakscope'))].join(' ');
  const args = [join(options.folder, 'score.py'), '--cases', join(options.folder, 'cases'), '--leakscope', command];
  args.push('--only', only, '--for', options.for, '--jobs', options.jobs, '--variant', options.variant, '--out', out);
  if (options.packages || options.variant === 'fixed') args.push('--packages');
  for (const name of ['settle', 'venvs']) {
    if (options[name] !== undefined) args.push(`--${name}`, options[name]);
  }
  try {
    const child = spawn('python3', args, { cwd: PROJECT, stdio: 'inherit' });
    // Python ends its targets on SIGINT only.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGINT'));
    const status = await new Promise((done, failed) => {
      child.once('error', failed);
      child.once('exit', (code, signal) => done(code ?? signal));
    });
    if (!existsSync(out)) {
      console.error(`score.py ended with ${status} and left no rows`);
      process.exit(1);
    }
    const { rows } = JSON.parse(readFileSync(out, 'utf8'));
    return rows;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `python`, `native` or `control`. */
function groupOf(expect) {
  if (expect.verdict !== 'leak') return 'control';
  return expect.native ? 'native' : 'python';
}

/** Mean points of the rows that were run; an error earns none, wherever the case has such points to give. */
function means(rows, cases) {
  const mean = (key, scored) => {
    const counted = rows.filter((row) => row.skipped === undefined && scored(cases.get(row.case).expect));
    if (counted.length === 0) return undefined;
    return counted.reduce((sum, row) => sum + (row[key] ?? 0), 0) / counted.length;
  };
  const isLeak = (expect) => expect.verdict === 'leak';
  return {
    verdict: mean('p_verdict', () => true),
    holder: mean('p_holder', isLeak),
    site: mean('p_site', (expect) => isLeak(expect) && (expect.site_any.length > 0 || expect.site_lines.length > 0)),
  };
}

const mark = (points) => ({ 0: 'no', 0.5: 'half', 1: 'yes' })[points] ?? '';
const percent = (share) => (share === undefined ? '-' : `${(share * 100).toFixed(1)} %`);
const PLAIN = { style: { head: [], border: [], compact: true } };

function printRows(rows, cases) {
  const table = new Table({ head: ['case', 'group', 'verdict', '', 'holder', 'site', 'first holder', 's'], ...PLAIN });
  for (const row of rows) {
    const note = row.skipped ? `skipped: ${row.skipped}` : row.error ? `error: ${row.error}` : (row.first ?? '');
    table.push([
      row.case,
      groupOf(cases.get(row.case).expect),
      row.verdict ?? '',
      mark(row.p_verdict),
      mark(row.p_holder),
      mark(row.p_site),
      note.slice(0, 60),
      row.seconds ?? '',
    ]);
  }
  console.log(table.toString());
}

/** Prints a line per group; returns what is below its threshold, one phrase each. */
function printTotals(rows, cases, options) {
  const failures = [];
  const table = new Table({
    head: ['group', 'cases', 'run', 'errors', 'verdict', 'holder', 'site', 'called a leak'],
    ...PLAIN,
  });
  for (const group of ['python', 'native', 'control']) {
    const own = rows.filter((row) => groupOf(cases.get(row.case).expect) === group);
    if (own.length === 0) continue;
    const run = own.filter((row) => row.skipped === undefined);
    const got = means(own, cases);
    // Fixed releases and controls share one rule: nothing may be called a leak.
    const mustBeHealthy = group === 'control' || options.variant === 'fixed';
    const accused = mustBeHealthy ? run.filter((row) => row.verdict === 'leak') : [];
    table.push([
      group,
      own.length,
      run.length,
      run.filter((row) => row.error !== undefined).length,
      ...(options.variant === 'fixed' ? ['-', '-', '-'] : [got.verdict, got.holder, got.site].map(percent)),
      mustBeHealthy ? accused.length : '-',
    ]);
    for (const row of accused) failures.push(`${row.case} was called a leak`);
    if (options.variant === 'fixed') continue;
    for (const [key, least] of Object.entries(THRESHOLDS[group] ?? {})) {
      if (got[key] !== undefined && got[key] < least) {
        failures.push(`${group} ${key} ${percent(got[key])} is below ${percent(least)}`);
      }
    }
  }
  console.log(table.toString());
  if (rows.every((row) => row.skipped !== undefined)) failures.push('no case was run');
  return failures;
}

const options = parseOptions();
if (!existsSync(join(options.folder, 'score.py')) || !existsSync(join(options.folder, 'cases'))) {
  usage(`${options.folder} is no leak bench: it needs score.py and cases/`);
}
const cases = readCases(options.folder);
let only = options.only;
if (options.variant === 'fixed') {
  // Programs without a fixed release would run as they are, leaking.
  const chosen = [...cases.values()].filter((c) => c.run.pins?.fixed && new RegExp(options.only).test(c.folder));
  only = `^(${chosen.map((c) => c.folder).join('|')})$`;
}
buildIfMissing();
const rows = await runScore(options, only);
console.log();
printRows(rows, cases);
console.log();
const failures = printTotals(rows, cases, options);
if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify({ rows, failures }, undefined, 1)}\n`);
for (const failure of failures) console.error(`below the mark: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
