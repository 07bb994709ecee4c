// The harnesses of bench/scan with a scanner whose answers are known: what they count as seen, and as judged.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const BENCH = join(import.meta.dirname, '..', 'bench', 'scan');
const work = mkdtempSync(join(tmpdir(), 'leakscope-bench-scan-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const NAMES = 'row repo commit rule tier source use files what'.replaceAll(' ', '\t');

/** Reports every line with LEAK as a finding of rule T01, sure unless it says maybe. */
const SCANNER = `
import { readFileSync, readdirSync } from 'node:fs';
const args = process.argv.slice(2).filter((arg, at, all) => !arg.startsWith('--') && all[at - 1] !== '--confidence');
const files = args.slice(1).flatMap((path) => (path === '.' ? readdirSync('.') : [path]));
const lines = files.map((path) => readFileSync(path, 'utf8').split('\\n'));
const findings = lines.flatMap((text, at) => text.flatMap((line, number) => line.includes('LEAK') ? [{ rule: 'told',
  code: 'T01', confidence: line.includes('maybe') ? 'low' : 'high', path: files[at], line: number + 1, message: 'told' }] : []));
console.log(JSON.stringify({ schema: 'leakscope.scan/1', files: files.length, lines: lines.flat().length, findings, problems: [] }));
process.exitCode = findings.length > 0 ? 1 : 0;
`;
const scanner = join(work, 'scanner.mjs');
writeFileSync(scanner, SCANNER);

const node = (script: string, args: readonly string[]) =>
  execFileSync(process.execPath, [join(BENCH, script), ...args, '--leakscope', `${process.execPath} ${scanner}`], {
    encoding: 'utf8',
  });

function git(folder: string, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();
}

/** A repository whose last commit changes `before` into `after`, and the line of the table that names it. */
function fixing(row: number, before: string, after: string): string {
  const name = `project${row}`;
  const folder = join(work, 'clones', name);
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '-q');
  for (const text of [before, after]) {
    writeFileSync(join(folder, 'a.py'), text);
    git(folder, 'add', '.');
    git(folder, 'commit', '-q', '-m', 'x');
  }
  return [row, `owner/${name}`, git(folder, 'rev-parse', 'HEAD'), 'T01', 'S', 'mined', 'tune', 'a.py', 'x'].join('\t');
}

/** A line of the table for a commit that no clone has. */
const elsewhere = (name: string) =>
  [8, `owner/${name}`, '0'.repeat(40), 'T01', 'S', 'mined', 'tune', 'a.py', 'x'].join('\t');

test('recall counts a finding near the change that the fix takes away, and no other', () => {
  const table = join(work, 'table.tsv');
  const far = '\n'.repeat(9);
  const lines = [
    fixing(1, 'x = 1  # LEAK\n', 'x = 2\n'),
    fixing(2, 'x = 1  # LEAK\ny = 1\n', 'x = 1  # LEAK\ny = 2\n'), // still there after the fix
    fixing(3, `x = 1  # LEAK\n${far}y = 1\n`, `x = 1\n${far}y = 2\n`), // the change at its line too
    fixing(4, `x = 1  # LEAK\n${far}y = 1\n`, `${far}y = 2\n`),
    fixing(5, 'x = 1  # maybe LEAK\n', 'x = 2\n'),
    fixing(6, 'x = 1\n', 'x = 2\n'),
  ];
  writeFileSync(table, `${[NAMES, ...lines, elsewhere('absent'), elsewhere('project1')].join('\n')}\n`);
  const json = join(work, 'recall.json');
  const text = node('recall.mjs', ['--repos', join(work, 'clones'), '--table', table, '--json', json]);
  const { results, missing } = JSON.parse(readFileSync(json, 'utf8'));
  expect(results.map(({ row, seen }: { row: number; seen: object }) => ({ row, ...seen }))).toEqual([
    { row: 1, default: true, low: true },
    { row: 2, default: false, low: false },
    { row: 3, default: true, low: true },
    { row: 4, default: true, low: true },
    { row: 5, default: false, low: true },
    { row: 6, default: false, low: false },
  ]);
  expect(missing.map(({ repo }: { repo: string }) => repo)).toEqual(['owner/absent', 'owner/project1']);
  expect(text).toContain('| S | tune | 6 | 3 (50 %) | 4 (67 %) | 4 (67 %) | 4 (67 %) |');
});

test('recall does not take a finding far from the change for the leak', () => {
  const table = join(work, 'far.tsv');
  const removal = fixing(7, `x = 1  # LEAK\n${'\n'.repeat(9)}y = 1\n`, `x = 1  # LEAK\n${'\n'.repeat(9)}y = 2\n`);
  writeFileSync(table, `${NAMES}\n${removal}\n`);
  expect(node('recall.mjs', ['--repos', join(work, 'clones'), '--table', table])).toContain('| S | tune | 1 | 0 (0 %)');
});

test('noise keeps judgements, and asks for those that are missing', () => {
  const corpus = join(work, 'thing-1.2');
  mkdirSync(corpus);
  writeFileSync(join(corpus, 'a.py'), 'x = 1  # LEAK\ny = 2  # LEAK\n');
  const judged = join(work, 'judged.tsv');
  node('noise.mjs', [corpus, '--judged', judged, '--write']);
  const rows = readFileSync(judged, 'utf8').split('\n');
  expect(rows[1]).toBe('thing\t1.2\ta.py\t1\tT01\thigh\t\t');
  writeFileSync(judged, rows.with(1, 'thing\t1.2\ta.py\t1\tT01\thigh\ttrue\tnever closed').join('\n'));
  const text = node('noise.mjs', [corpus, '--judged', judged, '--write']);
  expect(text).toContain('2 findings of high confidence or above; judged 1, true 1.');
  expect(text).toContain('- thing a.py:2 T01 high: told');
  expect(readFileSync(judged, 'utf8')).toContain('true\tnever closed');
});
