#!/usr/bin/env node
// Counts how many real leaks `leakscope scan` sees: in the code before a commit that fixed one, and no more after it.
//
//   node bench/scan/recall.mjs --repos CLONES | --tree EXTRACTED [--whole] [--use tune|hold] [--only RULE|ROW,…]
//                              [--batch] [--table FILE] [--jobs 2] [--leakscope COMMAND] [--json FILE] [--list-hold]
//
// README.md beside this file says what counts as seen and where the table comes from.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { extract, readTable, readTree } from './fixing-commits.mjs';
import { LEVELS, score } from './recall-score.mjs';
import { leakscopeCommand, scan } from './scan-command.mjs';

const { values: options } = parseArgs({
  options: {
    repos: { type: 'string' },
    tree: { type: 'string' },
    table: { type: 'string', default: fileURLToPath(new URL('fixing-commits.tsv', import.meta.url)) },
    whole: { type: 'boolean', default: false },
    use: { type: 'string' },
    only: { type: 'string' },
    batch: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    leakscope: { type: 'string' },
    json: { type: 'string' },
    'list-hold': { type: 'boolean', default: false },
  },
});
const command = leakscopeCommand(options.leakscope);

async function main() {
  if ((options.repos === undefined) === (options.tree === undefined)) throw new Error('give --repos or --tree');
  if (options.whole && (options.tree !== undefined || options.batch))
    throw new Error('--whole needs --repos, no --batch');
  const wanted = selected(readTable(options.table));
  const temporary = options.tree === undefined ? mkdtempSync(join(tmpdir(), 'leakscope-recall-')) : undefined;
  try {
    const tree = resolve(options.tree ?? temporary);
    if (temporary !== undefined) extract(wanted, { repos: resolve(options.repos), into: tree, whole: options.whole });
    const extracted = readTree(tree);
    const [there, missing] = parted(
      wanted.map((fix) => ({ ...fix, ...extracted.get(fix.commit) })),
      ({ folder }) => folder !== undefined,
    );
    const results = options.batch ? await judgeTogether(there, tree) : await judgeEach(there);
    print(results, missing);
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify({ results, missing }, undefined, 1)}\n`);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}

function selected(table) {
  const only = options.only?.split(',');
  return table.filter(
    ({ row, rule, use }) =>
      (options.use === undefined || use === options.use) &&
      (only === undefined || only.includes(rule) || only.includes(String(row))),
  );
}

/** Each commit is scanned by itself: names of one project say nothing of another's. */
function judgeEach(fixes) {
  return inParallel(fixes, Number(options.jobs), async (fix) => {
    const paths = options.whole ? ['.'] : fix.files;
    const before = await scan(command, ['--confidence', 'low', ...paths], { cwd: join(fix.folder, 'before') });
    const after = await scan(command, ['--confidence', 'low', ...paths], { cwd: join(fix.folder, 'after') });
    return judge(fix, before, after);
  });
}

/** Two scans for all, quick but rough: a release in one project speaks for an attribute of that name in all. */
async function judgeTogether(fixes, tree) {
  const side = (name) => {
    const paths = fixes.flatMap(({ folder, files }) => files.map((file) => join(basename(folder), name, file)));
    return scan(command, ['--confidence', 'low', ...paths], { cwd: tree });
  };
  const [before, after] = [await side('before'), await side('after')];
  return fixes.map((fix) => judge(fix, before, after));
}

function judge({ row, repo, commit, rule, tier, use, what, files, folder, hunks }, before, after) {
  const about = { row, repo, commit, rule, tier, use, what };
  const error = before.error ?? after.error;
  if (error !== undefined) return { ...about, error };
  const sides = {
    before: within(join(folder, 'before'), files, before),
    after: within(join(folder, 'after'), files, after),
  };
  return { ...about, ...score(rule, { hunks, ...sides }) };
}

/** What a report says of the changed files under `folder`. */
function within(folder, files, { root, findings, problems }) {
  const changed = (entries) =>
    entries
      .map((entry) => ({ ...entry, path: relative(folder, resolve(root, entry.path)) }))
      .filter(({ path }) => files.includes(path));
  return { findings: changed(findings), problems: changed(problems) };
}

async function inParallel(items, jobs, work) {
  const results = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

function print(results, missing) {
  const [failed, scored] = parted(results, ({ error }) => error !== undefined);
  console.log(`| tier | use | fixes | ${LEVELS.join(' | ')} | labelled rule | anywhere in the file |`);
  console.log(`|---|---|---:|${'---:|'.repeat(LEVELS.length + 2)}`);
  for (const tier of ['S', 'M', 'N', 'all']) {
    for (const use of ['tune', 'hold', 'all']) {
      const rows = scored.filter((it) => (tier === 'all' || it.tier === tier) && (use === 'all' || it.use === use));
      if (rows.length > 0) console.log(tableLine(tier, use, rows));
    }
  }
  const misses = scored.filter(({ seen, use }) => !seen.default && (options['list-hold'] || use !== 'hold'));
  console.log(`\n${misses.length} not seen by default${options['list-hold'] ? '' : ' (of those for tuning)'}:\n`);
  for (const it of misses) console.log(missLine(it));
  for (const it of failed) console.log(`- failed: ${it.row} ${it.repo}: ${it.error}`);
  if (missing.length > 0)
    console.log(`\nNo such repository or commit: ${missing.map(({ row, repo }) => `${row} ${repo}`).join(', ')}`);
}

function tableLine(tier, use, rows) {
  const share = (seen) => {
    const count = rows.filter(seen).length;
    return `${count} (${Math.round((100 * count) / rows.length)} %)`;
  };
  const levels = LEVELS.map((level) => share(({ seen }) => seen[level]));
  return `| ${tier} | ${use} | ${rows.length} | ${levels.join(' | ')} | ${share((it) => it.byRule)} | ${share((it) => it.inFile)} |`;
}

function missLine({ row, repo, commit, rule, tier, what, seen, near, unread }) {
  const low = seen.low ? ' (seen with low confidence)' : '';
  const others = near.length > 0 ? `; near: ${near.join(' ')}` : '';
  const syntax = unread.length > 0 ? `; not read: ${unread[0]}` : '';
  return `- ${row} ${rule} ${tier} ${repo} ${commit.slice(0, 10)}: ${what}${low}${others}${syntax}`;
}

function parted(items, holds) {
  return [items.filter((item) => holds(item)), items.filter((item) => !holds(item))];
}

await main();
