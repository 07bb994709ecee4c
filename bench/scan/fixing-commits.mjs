// The table of commits that fixed a leak, and the files they changed: before and after, with the lines that changed.
// Reads git repositories; scans and scores nothing.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readTsv } from './tsv.mjs';

const MEGABYTE = 2 ** 20;

/** One object per commit: row, repo, commit, rule, tier, source, use, files, what. */
export function readTable(file) {
  return readTsv(file).map((line) => ({ ...line, row: Number(line.row), files: line.files.split(' ') }));
}

/**
 * Writes NNN-NAME/{before,after,meta.json} for every commit whose repository is in `repos`; gives the ones that are not.
 * `whole` also writes the other Python files of both commits, as a user of the project would scan them.
 */
export function extract(table, { repos, into, whole = false }) {
  const missing = [];
  for (const fix of table) {
    const git = repository(repos, fix.repo);
    if (git === undefined || !hasCommit(git, fix.commit)) missing.push(fix);
    else if (!existsSync(join(into, folderOf(fix), 'meta.json'))) extractOne(fix, { git, into, whole });
  }
  return missing;
}

/** The extracted commits in a folder, by commit: its folder and the changed lines of its files. */
export function readTree(tree) {
  const found = new Map();
  for (const name of readdirSync(tree)) {
    const meta = join(tree, name, 'meta.json');
    if (!existsSync(meta)) continue;
    const { commit, hunks } = JSON.parse(readFileSync(meta, 'utf8'));
    found.set(commit, { folder: join(tree, name), hunks });
  }
  return found;
}

const folderOf = ({ row, repo }) => `${String(row).padStart(3, '0')}-${repo.split('/')[1]}`;

/** A function that runs git in the first of the folder names that people and mirrors use. */
function repository(repos, repo) {
  const [owner, name] = repo.split('/');
  for (const folder of [`${owner}+${name}`, `${owner}-${name}`, join(owner, name), name]) {
    for (const inside of ['.git', '', join('repo', '.git'), 'repo']) {
      const path = join(repos, folder, inside);
      if (existsSync(join(path, 'HEAD')) && existsSync(join(path, 'objects'))) return gitIn(path);
    }
  }
  return undefined;
}

function gitIn(path) {
  return (...args) => execFileSync('git', [`--git-dir=${path}`, ...args], { maxBuffer: 512 * MEGABYTE, stdio: 'pipe' });
}

function hasCommit(git, commit) {
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

function extractOne(fix, { git, into, whole }) {
  const folder = join(into, folderOf(fix));
  const parent = git('rev-parse', `${fix.commit}^`).toString().trim();
  for (const [side, commit] of [
    ['before', parent],
    ['after', fix.commit],
  ]) {
    const root = join(folder, side);
    mkdirSync(root, { recursive: true });
    if (whole) execFileSync('tar', ['-x', '-C', root], { input: git('archive', commit, '--', ':(glob)**/*.py') });
    for (const path of fix.files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), git('show', `${commit}:${path}`));
    }
  }
  const hunks = changedLines(git('diff', '--no-renames', '-U0', parent, fix.commit, '--', ...fix.files).toString());
  const { row, repo, commit, rule, tier } = fix;
  writeFileSync(
    join(folder, 'meta.json'),
    JSON.stringify({ row, repo, commit, parent, rule, tier, hunks }, undefined, 1),
  );
}

/** By file, the changed lines on both sides, first and last; where nothing is removed, the two lines around. */
export function changedLines(diff) {
  const hunks = {};
  let file;
  for (const line of diff.split('\n')) {
    file = /^diff --git a\/(.*) b\/\1$/.exec(line)?.[1] ?? file;
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null) continue;
    hunks[file] ??= [];
    hunks[file].push({ before: span(hunk[1], hunk[2]), after: span(hunk[3], hunk[4]) });
  }
  return hunks;
}

function span(first, count = '1') {
  const start = Number(first);
  return count === '0' ? [start, start + 1] : [start, start + Number(count) - 1];
}
