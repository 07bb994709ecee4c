#!/usr/bin/env node
// Fetches interpreters newer than this machine's from Debian's suites, for tests only: packages are unpacked into a
// cache folder, nothing is installed, and each interpreter runs with the C library of its own suite.
// test/support/interpreters.ts finds what lies in the cache.
//
//   node scripts/fetch-pythons.mjs [--cache DIR]     default: $LEAKSCOPE_PYTHON_CACHE, else TMPDIR/leakscope-pythons

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const SUITES = ['trixie', 'sid'];
const ARCHIVE = 'http://deb.debian.org/debian';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const OLDEST_MINOR = 13;
const NEWEST_MINOR = 16;
const MACHINES = {
  amd64: { folder: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { folder: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};
/** What the interpreters and the standard library's extension modules link to. */
const LIBRARIES = `libc6 libexpat1 zlib1g libffi8 libssl3t64 libbz2-1.0 liblzma5 libsqlite3-0 libuuid1 libzstd1
  libncursesw6 libtinfo6 libreadline8t64`.split(/\s+/);
const UPDATE_TIMEOUT_MS = 300_000;

class NotPossible extends Error {}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: UPDATE_TIMEOUT_MS, ...options });
  if (done.error !== undefined) throw new NotPossible(`${command} cannot be run: ${done.error.message}`);
  if (done.status !== 0) throw new NotPossible(`${command} ${args[0]} failed: ${lastLine(done.stderr || done.stdout)}`);
  return done.stdout;
}

const lastLine = (text) => text.trim().split('\n').at(-1);

/** An apt of its own: it reads and writes nothing of the system's. */
function prepareApt(cache, architecture) {
  if (!existsSync(KEYRING)) throw new NotPossible(`the keys of Debian's archive are not at ${KEYRING}`);
  const folder = join(cache, 'apt');
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, name), { recursive: true });
  const file = (name, lines) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'status'), '');
  file(
    'sources.list',
    SUITES.map((suite) => `deb [signed-by=${KEYRING}] ${ARCHIVE} ${suite} main`),
  );
  file('apt.conf', [
    `Dir::State "${folder}";`,
    `Dir::State::status "${join(folder, 'status')}";`,
    `Dir::Cache "${folder}";`,
    `Dir::Etc::sourcelist "${join(folder, 'sources.list')}";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `APT::Architecture "${architecture}";`,
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
  ]);
  const env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf') };
  run('apt-get', ['update'], { env });
  return env;
}

function offeredMinors(env, suite) {
  const minors = [];
  for (let minor = OLDEST_MINOR; minor <= NEWEST_MINOR; minor++) {
    const versions = run('apt-cache', ['madison', `python3.${minor}-minimal`], { env });
    if (versions.includes(` ${suite}/main`)) minors.push(minor);
  }
  return minors;
}

/** Unpacks a suite's interpreters below `root` and puts a launcher in the place of each. Returns the launchers. */
function unpackSuite(env, suite, root, machine) {
  const minors = offeredMinors(env, suite);
  const archives = join(root, 'archives');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(archives, { recursive: true });
  const packages = minors.flatMap((m) => [`python3.${m}-minimal`, `libpython3.${m}-minimal`, `libpython3.${m}-stdlib`]);
  const wanted = [...packages, ...LIBRARIES].map((name) => `${name}/${suite}`);
  run('apt-get', ['download', ...wanted], { env, cwd: archives });
  for (const archive of readdirSync(archives)) run('dpkg-deb', ['-x', join(archives, archive), root]);
  rmSync(archives, { recursive: true });
  mkdirSync(join(root, 'usr', 'libexec'), { recursive: true });
  return minors.map((minor) => {
    const launcher = join(root, 'usr', 'bin', `python3.${minor}`);
    renameSync(launcher, join(root, 'usr', 'libexec', `python3.${minor}`));
    writeFileSync(launcher, launcherScript(minor, machine));
    chmodSync(launcher, 0o755);
    return launcher;
  });
}

/** `--argv0` makes sys.executable the launcher, and lets Python find its library from there. */
function launcherScript(minor, { folder, loader }) {
  return `#!/bin/sh
usr=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$usr/lib/${folder}/${loader}" --argv0 "$usr/bin/python3.${minor}" \\
  --library-path "$usr/lib/${folder}" "$usr/libexec/python3.${minor}" "$@"
`;
}

function main() {
  const { values } = parseArgs({ options: { cache: { type: 'string' } } });
  const cache = resolve(values.cache ?? process.env.LEAKSCOPE_PYTHON_CACHE ?? join(tmpdir(), 'leakscope-pythons'));
  const architecture = run('dpkg', ['--print-architecture']).trim();
  const machine = MACHINES[architecture];
  if (machine === undefined) throw new NotPossible(`there is no layout for ${architecture}`);
  const env = prepareApt(cache, architecture);
  for (const suite of SUITES) {
    for (const launcher of unpackSuite(env, suite, join(cache, suite), machine)) {
      const version = run(launcher, ['-I', '-c', 'import platform, asyncio; print(platform.python_version())']);
      console.log(`${version.trim()}\t${launcher}`);
    }
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof NotPossible)) throw error;
  console.error(`no newer interpreters: ${error.message}`);
  process.exitCode = 1;
}
