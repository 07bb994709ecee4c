#!/usr/bin/env node
// Times `leakscope scan` beside ruff, pylint and CPython's own parser on the same files, in one run, and prints ratios.
//
//   node bench/scan/speed.mjs FOLDER… [--repeat 5] [--leakscope COMMAND] [--ruff RUFF] [--pylint PYLINT]
//                             [--python PYTHON] [--skip pylint,…] [--slow 60] [--timeout 900] [--out FILE]
//
// The tools take turns; figures are medians. One that takes longer than --slow seconds is run once only. README.md
// beside this file says what each is asked for.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { leakscopeCommand } from './scan-command.mjs';

const MEASURED = fileURLToPath(new URL('../measured.py', import.meta.url));
const PARSE = fileURLToPath(new URL('parse_all.py', import.meta.url));
/** ruff's rules about leaks, and nothing else: the fewer it checks, the faster it is. */
const RUFF_RULES = 'B006,B019,B039,SIM115,RUF006,RUF012,ASYNC';
/** pylint's: consider-using-with, method-cache-max-size-none, dangerous-default-value, global-statement. */
const PYLINT_RULES = 'R1732,W1518,W0102,W0603';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeat: { type: 'string', default: '5' },
    leakscope: { type: 'string' },
    ruff: { type: 'string', default: 'ruff' },
    pylint: { type: 'string', default: 'pylint' },
    python: { type: 'string', default: 'python3' },
    skip: { type: 'string', default: '' },
    slow: { type: 'string', default: '60' },
    timeout: { type: 'string', default: '900' },
    out: { type: 'string' },
  },
});
const work = mkdtempSync(join(tmpdir(), 'leakscope-speed-'));

function main() {
  if (positionals.length === 0) throw new Error('give the folders to scan');
  const files = positionals.flatMap((path) => pythonFiles(resolve(path)));
  const list = join(work, 'files.txt');
  writeFileSync(list, `${files.join('\n')}\n`);
  const [tools, absent] = present(
    toolsFor(
      positionals.map((path) => resolve(path)),
      list,
    ),
  );
  const runs = takeTurns(tools, Number(options.repeat));
  const text = [sizeLine(files), ...table(tools, runs), ...absent].join('\n');
  console.log(text);
  if (options.out !== undefined) writeFileSync(options.out, `${text}\n`);
}

/** In this order in each round: the cached scan needs the cache that the cold one has just filled. */
function toolsFor(folders, list) {
  const leakscope = [...leakscopeCommand(options.leakscope), 'scan', '--json', '--cache-dir', join(work, 'cache')];
  const pylint = ['--disable=all', `--enable=${PYLINT_RULES}`, '--recursive=y', '--score=n', '--persistent=n'];
  return [
    { name: 'leakscope, empty cache', command: [...leakscope, ...folders], prepare: emptyCache, good: [0, 1] },
    { name: 'leakscope, full cache', command: [...leakscope, ...folders], good: [0, 1] },
    {
      name: 'ruff',
      command: [options.ruff, 'check', '--isolated', '--no-cache', '--exit-zero', '--select', RUFF_RULES, ...folders],
      good: [0],
    },
    { name: 'CPython ast', command: [options.python, PARSE, list], good: [0] },
    { name: 'pylint', command: [options.pylint, ...pylint, ...folders], good: [...Array(32).keys()] },
  ];
}

const emptyCache = () => rmSync(join(work, 'cache'), { recursive: true, force: true });

function present(tools) {
  const skip = options.skip.split(',');
  const found = [];
  const absent = [];
  for (const tool of tools) {
    const program = tool.command[0];
    if (skip.some((name) => name !== '' && tool.name.startsWith(name)))
      absent.push(`\n${tool.name}: left out by --skip`);
    else if (!isThere(program)) absent.push(`\n${tool.name}: no ${program}; give --${tool.name} or put it on PATH`);
    else found.push(tool);
  }
  return [found, absent];
}

function isThere(program) {
  if (program.includes('/')) return existsSync(program);
  return process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function takeTurns(tools, repeat) {
  const runs = new Map(tools.map(({ name }) => [name, []]));
  for (let round = 0; round < repeat; round++) {
    for (const tool of tools) {
      const earlier = runs.get(tool.name);
      if (earlier.some(({ error, seconds }) => error !== undefined || seconds > Number(options.slow))) continue;
      tool.prepare?.();
      earlier.push(measure(tool));
    }
  }
  return runs;
}

function measure({ command, good }) {
  const result = join(work, 'result.json');
  const args = [MEASURED, result, options.timeout, '0', ...command];
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const ran = spawnSync('python3', args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', env });
  const { status, seconds, peak_rss_bytes } = JSON.parse(readFileSync(result, 'utf8'));
  if (status === 'timeout') return { error: `more than ${options.timeout} s` };
  if (!good.includes(status))
    return { error: `exit code ${status}: ${ran.stderr.trim().split('\n').at(-1).slice(0, 160)}` };
  return { seconds, peakBytes: peak_rss_bytes };
}

function table(tools, runs) {
  const medianOf = (name, figure) => median(runs.get(name).map(figure));
  const cold = runs.get(tools[0].name).some(({ error }) => error)
    ? undefined
    : medianOf(tools[0].name, (run) => run.seconds);
  const lines = [
    '',
    '| tool | median | fastest | slowest | × leakscope | peak memory | runs |',
    '|---|---:|---:|---:|---:|---:|---:|',
  ];
  for (const { name } of tools) {
    const all = runs.get(name);
    const failed = all.find(({ error }) => error !== undefined);
    if (failed !== undefined) {
      lines.push(`| ${name} | ${failed.error.replaceAll('|', '/')} | | | | | |`);
      continue;
    }
    const times = all.map(({ seconds }) => seconds);
    const ratio = cold === undefined ? '-' : (median(times) / cold).toFixed(2);
    const peak = (medianOf(name, (run) => run.peakBytes) / 1e6).toFixed(0);
    const shown = [median(times), Math.min(...times), Math.max(...times)].map((time) => `${time.toFixed(2)} s`);
    lines.push(`| ${[name, ...shown, ratio, `${peak} MB`, all.length].join(' | ')} |`);
  }
  return lines;
}

function sizeLine(files) {
  const texts = files.map((file) => readFileSync(file));
  const megabytes = texts.reduce((sum, { length }) => sum + length, 0) / 1e6;
  const lines = texts.reduce((sum, text) => sum + text.toString('latin1').split('\n').length - 1, 0);
  const processors = `${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}`;
  return `${files.length} files, ${Math.round(lines / 1000)} kLOC, ${megabytes.toFixed(1)} MB; ${processors}`;
}

function pythonFiles(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

try {
  main();
} finally {
  rmSync(work, { recursive: true, force: true });
}
