// `find` on real processes: every kind of leak is called one, with its holder and its line; nothing healthy is.

import { describe, expect, test } from 'vitest';
import type { FindReport } from '../../src/diagnose/find-report.ts';
import { findIn, kindsOf, markedLines } from '../support/growing-target.ts';
import { anyInterpreter, type Interpreter, interpreters } from '../support/interpreters.ts';

const SECONDS = 7;
/** Less for what is repeated on every interpreter: this file takes minutes. */
const SECONDS_EVERYWHERE = 5;

interface Expected {
  /** What the holder's path names. */
  readonly holder: string | RegExp;
  readonly kind?: string;
  /** The kind of the finding that is meant, where another may come before it. */
  readonly anyRank?: string;
  /** False where no line of the source can be known to grow it. */
  readonly site?: false;
  readonly args?: readonly string[];
  /** What the reasons must say. */
  readonly because?: RegExp;
}

/** What grow.py's kinds must be reported as. A kind without an entry fails: there is no kind nobody looks at. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  'attribute-name': { holder: 'global service', kind: 'instance container' },
  'bare-fd': {
    holder: 'no Python owner › file descriptors',
    kind: 'file descriptors',
    because: /[\d,]+ of [\d,]+ new ones have no Python owner/,
  },
  bytearray: { holder: 'global rows' },
  child: { holder: 'global children › child processes', kind: 'child processes', args: ['--rate', '20'] },
  class: { holder: 'global made', kind: 'dynamic classes, modules or code' },
  'class-attribute': { holder: 'class Service › .seen_by_class', kind: 'class container' },
  'close-wait': {
    holder: 'global connections › file descriptors',
    anyRank: 'file descriptors',
    because: /[\d,]+ in CLOSE_WAIT to 127\.0\.0\.1:\d+/,
  },
  closure: { holder: 'global listeners', kind: 'listener registry' },
  'closure-variable': { holder: 'closure counted', kind: 'closure' },
  // The list is reached through the variable's default, which no attribute or global names in the source.
  'context-variable': { holder: 'global current', kind: 'thread-local or context variable', site: false },
  'default-argument': { holder: /function grow_default_argument › default/, kind: 'default argument' },
  defaultdict: { holder: 'global grouped', kind: 'global container' },
  deque: { holder: 'global waiting', kind: 'global container' },
  dict: { holder: 'global by_number', kind: 'global container' },
  exception: { holder: 'global failures', kind: 'exception or traceback' },
  // From 3.14 on each open file has a buffer of 128 KB: the list of files costs more than their descriptors.
  fd: {
    holder: 'global opened › file descriptors',
    anyRank: 'file descriptors',
    kind: 'file descriptors',
    because: /are held by module __main__ › global opened › \[…\] \(_io.BufferedReader\)/,
  },
  frame: { holder: /frame grow_frame .*› local kept/, kind: 'frame' },
  'function-cache': { holder: 'global remembered › cache', kind: 'function cache' },
  garbage: { holder: /Link\.following/, kind: 'uncollected cycle' },
  generator: { holder: 'global parked', kind: 'generator or task' },
  instance: { holder: 'global service › .history', kind: 'instance container' },
  interned: { holder: 'global rows' },
  'linked-list': { holder: 'global head' },
  list: { holder: 'global rows', kind: 'global container' },
  lru: { holder: 'class Service › .cached_method › cache', kind: 'function cache' },
  mapping: { holder: 'global mapped › memory maps', anyRank: 'memory maps', because: /new ones are [\d.]+ MB mapped/ },
  module: { holder: 'sys.modules', kind: 'dynamic classes, modules or code' },
  // Called through ctypes at a marked line, but no holder leads there: the line is known from the stacks alone.
  native: { holder: 'without a Python owner', kind: 'native memory (no Python owner)', site: false },
  queue: { holder: 'global backlog › .queue', kind: 'instance container', site: false },
  reference: { holder: '(list)', kind: 'native hold (reference leak: no Python owner)', site: false },
  set: { holder: 'global members', kind: 'global container' },
  'shared-memory': {
    holder: 'global segments › segments of shared memory',
    anyRank: 'shared memory',
    because: /new ones are .* of shared memory/,
  },
  string: { holder: 'global head' },
  task: { holder: 'global tasks', kind: 'generator or task' },
  'temporary-file': {
    holder: 'global unnamed › file descriptors',
    anyRank: 'temporary files',
    because: /deleted files still open: .* of disk not given back/,
  },
  // The registry of threads is threading's own: the line that starts them is found by what it creates.
  thread: { holder: 'global _active', kind: 'thread', args: ['--rate', '20'] },
  'thread-local': { holder: 'global local', kind: 'thread-local or context variable' },
};

const marked = markedLines('grow.py');

function expectLeak(report: FindReport, expected: Expected): void {
  const said = JSON.stringify(report, undefined, 1);
  expect(report.verdict, said).toBe('leak');
  const first = report.findings.find((finding) => finding.kind === expected.anyRank) ?? report.findings[0]!;
  if (typeof expected.holder === 'string') expect(first.holder.path, said).toContain(expected.holder);
  else expect(first.holder.path, said).toMatch(expected.holder);
  if (expected.because !== undefined) expect(first.because.join('; '), said).toMatch(expected.because);
  if (expected.kind !== undefined) expect(first.kind, said).toBe(expected.kind);
  if (expected.site === false) return;
  const lines = first.sites.filter((site) => site.file.endsWith('grow.py')).map((site) => site.line);
  expect(
    lines.some((line) => marked.has(line)),
    said,
  ).toBe(true);
}

const main = interpreters().find(({ version }) => version[1] === 12) ?? anyInterpreter();

describe.concurrent(`each kind of leak (CPython ${main.label})`, () => {
  test.for(kindsOf('grow.py', 'grow'))('%s', async (kind) => {
    const expected = EXPECTED[kind];
    expect(expected, `nothing is expected of '${kind}'`).toBeDefined();
    expectLeak(await findIn(main, 'grow.py', [kind, ...(expected!.args ?? [])], SECONDS), expected!);
  });
});

/** One of each way of holding that differs between versions. */
const EVERYWHERE = ['dict', 'instance', 'lru', 'closure', 'fd', 'thread'];

describe.concurrent('the main kinds of leak on every interpreter', () => {
  const others = interpreters().filter((interpreter) => interpreter !== main);
  const cases = others.flatMap((interpreter): [string, string, Interpreter][] =>
    EVERYWHERE.map((kind) => [kind, interpreter.label, interpreter]),
  );
  test.for(cases)('%s on %s', async ([kind, , interpreter]) => {
    const expected = EXPECTED[kind]!;
    expectLeak(await findIn(interpreter, 'grow.py', [kind, ...(expected.args ?? [])], SECONDS_EVERYWHERE), expected);
  });
});

describe.concurrent('what does not leak', () => {
  test.for(kindsOf('healthy.py', 'keep'))('%s', async (kind) => {
    const report = await findIn(main, 'healthy.py', [kind], SECONDS);
    expect(report.verdict, JSON.stringify(report, undefined, 1)).toBe('healthy');
  });
});
