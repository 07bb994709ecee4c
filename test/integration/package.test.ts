// The published package: what is in it, that it installs without a network, and that it works on every supported Node.
// Packs a copy of the checkout, so that a build under way elsewhere is neither disturbed nor believed.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyInterpreter } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The bundle is read at every start, and the tarball is fetched by every `npx`. */
const LARGEST_TARBALL_BYTES = 1_200_000;
const OTHER_NODES = ['20.19.0', '22', '24'];

const GROWING = `
import time
class Order:
    def __init__(self, n): self.lines = [n] * 50
orders = []
print('ready', flush=True)
n = 0
while True:
    n += 1
    orders.append(Order(n))
    time.sleep(0.002)
`;

/** docs/exit-codes.md */
const EXIT_STATUS: Readonly<Record<string, number>> = { healthy: 0, suspect: 0, leak: 1, inconclusive: 3 };

interface Manifest {
  readonly version: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

let work: string;
let installed: string;
let tarball: string;
let target: TargetProcess;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'leakscope-package-'));
  const checkout = join(work, 'checkout');
  const left = new Set(['node_modules', 'dist', '.git'].map((name) => join(ROOT, name)));
  cpSync(ROOT, checkout, { recursive: true, filter: (path) => !left.has(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  npm(['pack', '--pack-destination', work], checkout);
  tarball = join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '');

  const project = join(work, 'project');
  mkdirSync(project);
  npm(['install', '--offline', '--cache', join(work, 'empty-cache'), tarball], project);
  installed = join(project, 'node_modules', 'leakscope');
  target = await startPython(anyInterpreter().path, GROWING);
});

afterAll(async () => {
  await target?.stop();
  rmSync(work, { recursive: true, force: true });
});

test('holds the program and what its user reads, nothing else', () => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
  expect(files.filter((file) => !/^(?:docs|dist)\//.test(file)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'agent/autostart/sitecustomize.py',
    'agent/leakscope_agent.py',
    'bin/leakscope',
    'package.json',
  ]);
  const built = files.filter((file) => file.startsWith('dist/')).map((file) => file.slice('dist/'.length));
  // The program, its workers and threads, the page; beside them only what these have in common, each asked for by one.
  const entries = ['leakscope.js', 'scan-worker.js', 'daemon-task.js', 'daemon-query.js', 'THIRD-PARTY.txt'];
  const page = ['THIRD-PARTY.txt', 'index.html', 'page.css', 'page.js'].map((name) => `web/${name}`);
  expect(built).toEqual(expect.arrayContaining([...entries, ...page]));
  const common = built.filter((file) => !entries.includes(file) && !page.includes(file));
  const bundle = bundledCode();
  expect(common.filter((file) => !bundle.includes(`"./${file}"`))).toEqual([]);
  const documentation = files.filter((file) => file.startsWith('docs/'));
  expect(documentation).toContain('docs/commands/find.md');
  expect(documentation).toContain('docs/schemas/find.schema.json');
  expect(documentation.filter((file) => !/^docs\/((commands|rules|schemas)\/)?[\w.-]+\.(md|json)$/.test(file))).toEqual(
    [],
  );
  expect(statSync(tarball).size).toBeLessThan(LARGEST_TARBALL_BYTES);
});

test('needs no other package and runs nothing when it is installed', () => {
  const manifest = readManifest(join(installed, 'package.json'));
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies']) {
    expect(manifest[field], field).toBeUndefined();
  }
  const run = Object.keys(manifest.scripts ?? {}).filter((name) => /^((pre|post)?install|prepare)$/.test(name));
  expect(run).toEqual([]);
  expect(readdirSync(join(installed, '..')).filter((name) => !name.startsWith('.'))).toEqual(['leakscope']);
  const imports = bundledCode().matchAll(/^import .* from "([^"]+)";$/gm);
  const others = [...imports]
    .map((match) => match[1] ?? '')
    .filter((name) => !name.startsWith('node:'))
    .filter((name) => !existsSync(join(installed, 'dist', name)));
  expect(others).toEqual([]);
});

test('names the licence of every package whose code is in the bundle', () => {
  const notices = readFileSync(join(installed, 'dist/THIRD-PARTY.txt'), 'utf8');
  const bundle = bundledCode();
  // Every module stands below a comment with its path.
  const paths = bundle.matchAll(/^\/\/(?:#region)? .*?node_modules\/((?:@[^/]+\/)?[^/]+)/gm);
  const bundled = [...paths].map((match) => match[1]);
  expect(bundled.length).toBeGreaterThan(5);
  for (const name of new Set(bundled)) expect(notices).toMatch(new RegExp(`^${name} \\d[\\w.-]* \\(`, 'm'));
  expect(notices.match(/Permission is hereby granted/g)?.length).toBeGreaterThan(5);
});

describe.each(['', ...OTHER_NODES])('on Node %s', (version) => {
  test(version === '' ? process.version : version, (context) => {
    const node = version === '' ? process.execPath : bringNode(version, context.skip);
    const leakscope = (...words: readonly string[]) =>
      spawnSync(node, [join(work, 'project/node_modules/.bin/leakscope'), ...words], { encoding: 'utf8', cwd: work });

    const { version: packageVersion } = readManifest(join(ROOT, 'package.json'));
    expect(outcome(leakscope('--version'))).toEqual({ status: 0, stdout: `${packageVersion}\n`, stderr: '' });

    const listed = leakscope('ps', '--json');
    expect(listed.status, listed.stderr).toBe(0);
    expect(JSON.parse(listed.stdout).processes).toContainEqual(expect.objectContaining({ pid: target.pid }));

    // Enough source for worker threads.
    mkdirSync(join(work, 'source'), { recursive: true });
    const leak = `def add(item, items=[]):\n    items.append(item)\n${'x = [1, 2]\n'.repeat(40_000)}`;
    for (const name of ['a.py', 'b.py']) writeFileSync(join(work, 'source', name), leak);
    const scanned = leakscope('scan', '--json', '--no-cache', 'source');
    expect(scanned.status, scanned.stderr).toBe(1);
    expect(JSON.parse(scanned.stdout).findings.length).toBe(2);

    const taken = leakscope('snapshot', `${target.pid}`, '-o', 'orders.heap', '--quiet');
    expect(taken.status, taken.stderr).toBe(0);
    const report = leakscope('report', 'orders.heap');
    expect(report.status, report.stderr).toBe(0);
    expect(report.stdout).toContain('module __main__ › global orders');
    rmSync(join(work, 'orders.heap'));

    const found = leakscope('find', `${target.pid}`, '--for', '4s', '--json');
    // How well it judges in four seconds on a busy machine is not the question here.
    const { schema, verdict, pauses_ms: pauses } = JSON.parse(found.stdout);
    expect(schema).toBe('leakscope.find/1');
    expect(pauses.length).toBeGreaterThanOrEqual(3);
    expect(found.status, found.stderr).toBe(EXIT_STATUS[verdict]);
  });
});

function outcome({ status, stdout, stderr }: SpawnSyncReturns<string>) {
  return { status, stdout, stderr };
}

/** Path of another Node; skips the test, with the reason, where it cannot be had. */
function bringNode(version: string, skip: (reason: string) => never): string {
  const script = join(ROOT, 'scripts/test-on-node.mjs');
  const brought = spawnSync(process.execPath, [script, '--install', version], { encoding: 'utf8' });
  if (brought.status === 3) {
    console.log(`Node ${version}: ${brought.stdout.trim()}`);
    skip(brought.stdout.trim());
  }
  expect(brought.status, brought.stderr).toBe(0);
  return brought.stdout.trim();
}

function bundledCode(): string {
  const files = readdirSync(join(installed, 'dist')).filter((name) => name.endsWith('.js'));
  return files.map((name) => readFileSync(join(installed, 'dist', name), 'utf8')).join('\n');
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

function npm(words: readonly string[], cwd: string): void {
  const done = spawnSync('npm', words, { cwd, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`npm ${words[0]} failed: ${done.stdout}${done.stderr}`);
}
