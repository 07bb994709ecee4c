// No value of the target's data is printed or written: a process full of secrets, looked at in every way there is.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHeapFile } from '../../src/snapshot/heap-file-io.ts';
import { targetProgram } from '../support/growing-target.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { bundleScript } from '../support/node-script.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand, startPython, type TargetProcess } from '../support/target-process.ts';

const marker = `mk-${randomBytes(6).toString('hex')}`;
/** Leading digits of every planted number. */
const number = `4929${String(crc32(marker)).padStart(10, '0')}`;

let folder: string;
let target: TargetProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leakscope-secrets-'));
  target = await startCommand([anyInterpreter().path, targetProgram('canary.py'), marker], {
    env: { CANARY_OUTSIDE: `environ ${marker}` },
  });
});

afterAll(async () => {
  await target?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Fails where a planted text or number, or a piece of one that nothing else would have, is in `text`. */
function expectNoSecret(text: string, where: string): void {
  for (const secret of [marker, marker.slice(3), number, Buffer.from(marker).toString('hex')]) {
    const at = text.indexOf(secret);
    if (at >= 0) throw new Error(`${where} shows a secret: …${text.slice(Math.max(0, at - 200), at + 80)}…`);
  }
}

async function run(words: readonly string[]): Promise<{ exitCode: number; stdout: string }> {
  const answer = await runLeakscope(words);
  expectNoSecret(answer.stdout, `stdout of ${words.join(' ')}`);
  expectNoSecret(answer.stderr, `stderr of ${words.join(' ')}`);
  return answer;
}

test('the target is what it should be: its secrets are in reach', () => {
  const maps = readFileSync(`/proc/${target.pid}/cmdline`, 'utf8');
  expect(maps).toContain(marker);
  expect(readFileSync(`/proc/${target.pid}/environ`, 'utf8')).toContain(marker);
  expect(() => expectNoSecret(maps, 'the command line')).toThrow('shows a secret');
});

test('find, as JSON, as text and with all it has to say', async () => {
  const file = join(folder, 'report.json');
  const json = await run(['find', `${target.pid}`, '--for', '6s', '--json', '-o', file]);
  const report = JSON.parse(json.stdout) as { verdict: string; findings: { holder: { path: string } }[] };
  // A report that names nothing would prove nothing.
  expect(report.verdict, json.stdout).toBe('leak');
  expect(report.findings.map((finding) => finding.holder.path).join('\n')).toMatch(
    /global (growing|growing_keys|check)/,
  );
  const text = await run(['find', `${target.pid}`, '--for', '4s', '--verbose']);
  expect(text.stdout).toContain('LEAK');
  expectNoSecret(readFileSync(file, 'latin1'), file);
});

test('snapshots, and everything that is read from them', async () => {
  const [a, b] = [join(folder, 'a.heap'), join(folder, 'b.heap')];
  for (const file of [a, b]) {
    expect((await run(['snapshot', `${target.pid}`, '-o', file, '--verbose'])).exitCode).toBe(0);
    expectNoSecret(readFileSync(file, 'latin1'), file);
    const { meta, graph } = await readHeapFile(file);
    const texts = [
      JSON.stringify(meta),
      ...graph.strings,
      ...graph.types.flatMap(({ name, module }) => [name, module]),
    ];
    expectNoSecret(texts.join('\n'), `the sections of ${file}`);
    const numbers = [graph.addresses, graph.typeOf, graph.shallowWords, graph.entryCounts].flatMap((column) =>
      Array.from(column).filter((value) => value >= Number(number)),
    );
    expect(numbers.filter((value) => String(value).startsWith(number.slice(0, 10)))).toEqual([]);
    // What is kept is structure: the names a reader needs are there.
    expect(graph.strings).toContain('growing_keys');
    expect(graph.types.map((type) => type.name)).toContain('Account');
  }
  for (const words of [
    ['report', a],
    ['diff', a, b],
    ['why', a, 'Account'],
    ['why', b, 'str'],
    ['why', b, 'int'],
    ['why', b, 'dict'],
    ['report', `${target.pid}`],
    ['why', `${target.pid}`, 'bytes'],
    ['rss', `${target.pid}`, '--map'],
    ['rss', `${target.pid}`, '--dry-run'],
    ['ps'],
  ]) {
    expect((await run([...words, '--verbose'])).exitCode, words.join(' ')).toBe(0);
    expect((await run([...words, '--json'])).exitCode, words.join(' ')).toBe(0);
  }
  expect(readdirSync(folder).sort()).toEqual(['a.heap', 'b.heap', 'report.json']);
});

test('a core file is the memory itself, but nothing that is printed of it is', async () => {
  const core = join(folder, 'canary.core');
  const heap = join(folder, 'core.heap');
  try {
    expect((await run(['capture', `${target.pid}`, '-o', core, '--verbose'])).exitCode).toBe(0);
    expect(readFileSync(core).includes(marker)).toBe(true);
    expect((await run(['snapshot', '--core', core, '-o', heap, '--json'])).exitCode).toBe(0);
    expectNoSecret(readFileSync(heap, 'latin1'), heap);
    for (const words of [
      ['report', core],
      ['rss', core],
      ['why', core, 'Account'],
      ['diff', heap, core],
    ]) {
      expect((await run([...words, '--verbose'])).exitCode, words.join(' ')).toBe(0);
      expect((await run([...words, '--json'])).exitCode, words.join(' ')).toBe(0);
    }
  } finally {
    rmSync(core, { force: true });
    rmSync(heap, { force: true });
  }
});

test('--show-values shows keys on the path of a holder, and only it does', async () => {
  const secretKey = `tenant ${marker}\n`;
  const program = [
    'import sys, time',
    'stores = {sys.argv[1]: {17: []}}',
    'print("ready")',
    'while True:',
    '    stores[sys.argv[1]][17].append([0] * 20)',
    '    time.sleep(0.005)',
  ].join('\n');
  const keyed = await startPython(anyInterpreter().path, program, { args: [secretKey] });
  try {
    const words = ['find', `${keyed.pid}`, '--for', '4s', '--json'];
    const pathIn = (stdout: string): string | undefined =>
      (JSON.parse(stdout) as { findings: { holder: { path: string } }[] }).findings[0]?.holder.path;
    expect(pathIn((await run(words)).stdout)).toBe("module __main__ › global stores › ['…'] › ['…']");
    const shown = await runLeakscope([...words, '--show-values']);
    expect(pathIn(shown.stdout)).toBe(`module __main__ › global stores › ['tenant ${marker}\\u000a'] › [17]`);
  } finally {
    await keyed.stop();
  }
});

test('failures: none of them quotes what it saw', async () => {
  const pid = `${target.pid}`;
  for (const words of [
    ['snapshot', pid, '-o', join(folder, 'no/such/folder/a.heap')],
    ['snapshot', pid, '-o', join(folder, 'c.heap'), '--max-pause', '0.001'],
    ['why', pid, 'NoSuchType'],
    ['why', pid, '0x10'],
  ]) {
    expect((await run([...words, '--verbose'])).exitCode, words.join(' ')).not.toBe(0);
    expect((await run([...words, '--json'])).exitCode, words.join(' ')).not.toBe(0);
  }
});

test('a user who may not read the process learns nothing of it', async () => {
  if (process.getuid?.() !== 0) {
    console.log('skipped: only root can become another user');
    return;
  }
  const bundle = await bundleScript(join(import.meta.dirname, '../../src/cli/main.ts'));
  try {
    chmodSync(dirname(bundle.path), 0o755);
    const nobody = { uid: 65_534, gid: 65_534, encoding: 'utf8', cwd: '/', env: {} } as const;
    if (spawnSync(process.execPath, ['--version'], nobody).status !== 0) {
      console.log('skipped: another user cannot start this Node');
      return;
    }
    for (const words of [
      ['find', `${target.pid}`, '--for', '3s'],
      ['snapshot', `${target.pid}`, '-o', '/dev/null'],
      ['ps'],
    ]) {
      for (const flag of ['--json', '--verbose']) {
        const answer = spawnSync(process.execPath, [bundle.path, ...words, flag], nobody);
        expectNoSecret(answer.stdout, `stdout of ${words.join(' ')}`);
        expectNoSecret(answer.stderr, `stderr of ${words.join(' ')}`);
        if (words[0] === 'ps') continue;
        expect(answer.status, answer.stderr).toBe(3);
        expect(answer.stdout + answer.stderr).toContain('E_PERMISSION');
      }
    }
  } finally {
    bundle.remove();
  }
});
