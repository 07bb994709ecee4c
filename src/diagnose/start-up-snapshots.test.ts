// Judges drawn runs that begin while the program still imports its modules, and holders that are made during a run.

import { expect, test } from 'vitest';
import { drawnTarget, drawRun } from '../../test/support/drawn-runs.ts';
import { diagnose } from './diagnose.ts';
import type { FindReport } from './find-report.ts';

const YOUNG = { target: { ...drawnTarget, uptime_seconds: 70 } };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const lines = (count: number, line: (n: number) => string): string => numbers(count).map(line).join('\n');

/** A module with a class and 20 functions. */
const module = (m: number): string =>
  `modules -> m${m} [value ${m}] -> g${m} [field __dict__]; type m${m} module; type g${m} dict; label m${m} lib${m}
   flags m${m} code; flags g${m} namespace
   ${lines(20, (n) => `g${m} -> f${m}_${n} [global f${n}]; type f${m}_${n} function; size f${m}_${n} 160`)}`;

/** `sys.modules` with that many modules, and the module `shop`, once it is there, with a cache of that many users. */
function moment(modules: number, users: number | undefined): string {
  const shop =
    users === undefined
      ? ''
      : `modules -> shop [value 999] -> globals [field __dict__] -> cache [global cache]
         type shop module; type globals dict; type cache dict; label shop shop; flags shop code
         flags globals namespace; entries cache ${users}
         ${lines(users, (n) => `cache -> u${n} [value ${n}]; type u${n} shop.User; size u${n} 120`)}`;
  return `root modules sys.modules -> modules; type modules dict; entries modules ${modules + (users === undefined ? 0 : 1)}
    ${lines(modules, module)}\n${shop}`;
}

const holders = ({ verdict, findings }: FindReport): unknown => [
  verdict,
  findings.map(({ holder, kind }) => [holder.name, kind]),
];
const USER_CACHE = ['leak', [['shop.cache', 'global container']]];

test('what comes while a young process imports is no finding', () => {
  const report = diagnose(
    drawRun([moment(10, undefined), moment(60, undefined), moment(90, 50), moment(90, 50), moment(90, 50)], {
      overrides: YOUNG,
    }),
  );
  expect(holders(report)).toEqual(['healthy', []]);
  expect(report.not_leaking.join()).toContain('the first 2 snapshots were taken while the program still imported');
  expect(report.observed_seconds).toBe(30);
  expect(report.pauses_ms).toHaveLength(5);
});

test('nor does it hide what leaks from then on', () => {
  const report = diagnose(
    drawRun([moment(10, undefined), moment(60, undefined), moment(90, 50), moment(90, 100), moment(90, 150)], {
      overrides: YOUNG,
    }),
  );
  expect(holders(report)).toEqual(USER_CACHE);
  // 100 users in the half minute after the start.
  expect(report.findings[0]!.growth.entries_per_minute).toBe(200);
});

test('modules that come to the end of the run are the finding', () => {
  const report = diagnose(
    drawRun(
      [10, 20, 30, 40, 50].map((count) => moment(count, 5)),
      { overrides: YOUNG },
    ),
  );
  expect(report.verdict).toBe('leak');
  expect(report.findings[0]!.holder.name).toBe('sys.modules');
  expect(report.pauses_ms).toHaveLength(5);
});

test('an old process imports at its work: its first snapshot counts', () => {
  const report = diagnose(drawRun([moment(10, 50), moment(11, 100), moment(11, 150), moment(11, 200)]));
  expect(holders(report)).toEqual(USER_CACHE);
  expect(report.observed_seconds).toBe(60);
});

test('a global of a module that was imported during the run is found to grow', () => {
  const report = diagnose(
    drawRun([moment(10, undefined), moment(10, 50), moment(10, 100), moment(10, 150), moment(10, 200)]),
  );
  expect(holders(report)).toEqual(USER_CACHE);
  // 150 users in the 45 seconds since it was there.
  expect(report.findings[0]!.growth.entries_per_minute).toBe(200);
  expect(report.findings[0]!.growth.bytes_per_minute).toBe(200 * 120);
});

test('and one that came, filled and stopped is not', () => {
  for (const counts of [
    [undefined, 50, 200, 200, 200],
    [undefined, 200, 200, 200, 200],
    [undefined, 50, 200, 60, 80],
    [undefined, undefined, 50, 100, 150],
  ]) {
    expect(holders(diagnose(drawRun(counts.map((count) => moment(10, count))))), String(counts)).toEqual([
      'healthy',
      [],
    ]);
  }
});

test('a growing list that came during the run, below an old dict, is named itself', () => {
  const report = diagnose(
    drawRun(
      [undefined, 40, 80, 120, 160].map((rows) => {
        const old = `${moment(3, 5)}\nglobals -> boards [global boards]; type boards dict`;
        if (rows === undefined) return `${old}; entries boards 0`;
        return `${old}; entries boards 1; boards -> board [value 0]; type board list; entries board ${rows}
          ${lines(rows, (n) => `board -> r${n} [element ${n}]; type r${n} shop.Row; size r${n} 64`)}`;
      }),
    ),
  );
  expect(report.verdict).toBe('leak');
  expect(report.findings.map(({ holder }) => [holder.path, holder.type])).toEqual([
    ["module shop › global boards › ['…']", 'list'],
  ]);
});

test('objects that variables of libraries hold come with the libraries, and are no leak', () => {
  const held = [100, 150, 200, 250, 300].map(
    (count) => `${moment(3, 5)}\n${lines(count, (n) => `root native static -> s${n}; type s${n} str; size s${n} 64`)}`,
  );
  expect(holders(diagnose(drawRun(held)))).toEqual(['healthy', []]);
  // The same, but that nothing which could be read holds them.
  const lost = held.map((text, i) => `${text}\n${lines(100 + 50 * i, (n) => `flags s${n} nativelyHeld`)}`);
  expect(diagnose(drawRun(lost)).findings.map(({ holder }) => holder.name)).toEqual([
    'str objects without a Python owner',
  ]);
});
