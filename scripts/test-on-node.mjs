#!/usr/bin/env node
// Runs the tests with other versions of Node, which npm brings as packages. Nothing is installed outside the cache.
//
//   node scripts/test-on-node.mjs [VERSION…]             default: the oldest supported, 22 and 24
//   node scripts/test-on-node.mjs --install VERSION…     only brings them and prints where each is
//
// Cache: $LEAKSCOPE_NODE_CACHE, else TMPDIR/leakscope-nodes. Exit status: 0 all passed, 1 one did not, 3 one version
// cannot be had here (the reason is printed).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
/** The floor of package.json's engines, and the lines that are maintained. */
const DEFAULT_VERSIONS = ['20.19.0', '22', '24'];
const INSTALL_TIMEOUT_MS = 180_000;
/** Unit tests, the command line in-process, and the packed command line on each Node that is in the cache. */
const TESTS = ['src', 'test/architecture.test.ts', 'test/integration/cli.test.ts'];

class NotPossible extends Error {}

/** Path of Node `version` (`22` is the newest of that line, as of when it was first asked for). */
function bringNode(version) {
  const folder = join(cacheFolder(), version);
  const name = `node-linux-${process.arch}`;
  const executable = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(executable)) {
    // Beside its place and then renamed: who looks meanwhile finds all of it or nothing.
    const work = mkdtempSync(join(cacheFolder(), 'installing-'));
    const words = ['install', '--prefix', work, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    try {
      run('npm', [...words, `${name}@${version}`], { cwd: work, timeout: INSTALL_TIMEOUT_MS });
      if (!existsSync(executable)) renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  run(executable, ['--version'], { timeout: INSTALL_TIMEOUT_MS });
  return executable;
}

/** Made for this user alone: what lies in it is executed. */
function cacheFolder() {
  const folder = process.env.LEAKSCOPE_NODE_CACHE ?? join(tmpdir(), 'leakscope-nodes');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(folder).uid !== process.getuid()) {
    throw new NotPossible(`${folder} belongs to another user: set LEAKSCOPE_NODE_CACHE to a folder of your own`);
  }
  return folder;
}

function run(command, words, options) {
  const done = spawnSync(command, words, { encoding: 'utf8', ...options });
  if (done.error !== undefined) throw new NotPossible(`${command} cannot be run: ${done.error.message}`);
  if (done.status !== 0) {
    const said = done.stderr.split('\n').find((line) => /error/i.test(line)) ?? `exit status ${done.status}`;
    throw new NotPossible(`${command} ${words[0]} failed: ${said.trim()}`);
  }
}

function testOn(version) {
  const node = bringNode(version);
  console.log(`\n== Node ${version}: ${node}`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const done = spawnSync(node, [vitest, 'run', ...TESTS], { cwd: ROOT, stdio: 'inherit' });
  return done.status === 0;
}

function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { install: { type: 'boolean' } } });
  const versions = positionals.length === 0 ? DEFAULT_VERSIONS : positionals;
  const results = versions.map((version) => {
    try {
      if (values.install) return [version, bringNode(version), 0];
      return testOn(version) ? [version, 'passed', 0] : [version, 'failed', 1];
    } catch (error) {
      if (!(error instanceof NotPossible)) throw error;
      return [version, `skipped: ${error.message}`, 3];
    }
  });
  if (!values.install) console.log('');
  for (const [version, outcome] of results) console.log(values.install ? outcome : `Node ${version}: ${outcome}`);
  const statuses = results.map(([, , status]) => status);
  return statuses.includes(1) ? 1 : Math.max(...statuses);
}

process.exitCode = main();
