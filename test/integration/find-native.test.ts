// `find` on processes whose extension in C loses references or memory: the verdict, the type, the extension, the line.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FindReport } from '../../src/diagnose/find-report.ts';
import { buildCExtension, type CExtension } from '../support/c-extension.ts';
import { findIn, kindsOf, markedLines } from '../support/growing-target.ts';
import { interpreters } from '../support/interpreters.ts';

const SECONDS = 7;

interface Expected {
  readonly verdict: 'leak' | 'suspect';
  readonly kind: string;
  readonly type: string;
  readonly path?: string;
  /** What the first reason why an extension could be behind it says. */
  readonly candidate?: string;
  /** What is said of where native memory has the references. */
  readonly where?: string;
  readonly site?: false;
}

const HOLD = 'native hold (reference leak: no Python owner)';
const LOST = 'lost references (missing DECREF)';

const EXPECTED: Readonly<Record<string, Expected>> = {
  'shared-reference': {
    verdict: 'suspect',
    kind: LOST,
    type: '__main__.Order',
    path: 'global shared',
    candidate: '_leaky (called by the program)',
  },
  'many-references': { verdict: 'suspect', kind: LOST, type: '__main__.Order', path: '__main__.Order objects' },
  'own-type': {
    verdict: 'leak',
    kind: HOLD,
    type: '_leaky.Thing',
    candidate: '_leaky (defines the type)',
    where: 'a missing Py_DECREF',
  },
  container: { verdict: 'leak', kind: HOLD, type: 'list' },
  table: {
    verdict: 'leak',
    kind: HOLD,
    type: '__main__.Order',
    candidate: '_leaky (its data points at them)',
    where: 'references are in memory of _leaky.',
  },
  malloc: { verdict: 'leak', kind: 'native memory (no Python owner)', type: 'raw memory' },
  'raw-malloc': { verdict: 'leak', kind: 'native memory (no Python owner)', type: 'raw memory' },
  'saved-garbage': { verdict: 'leak', kind: 'uncollectable cycle', type: 'list', path: 'gc.garbage', site: false },
  'threshold-zero': { verdict: 'leak', kind: 'uncollected cycle', type: '__main__.Order', site: false },
};

const marked = markedLines('native.py');
const interpreter = interpreters().findLast(({ isLauncher, freeThreaded }) => !isLauncher && !freeThreaded)!;

function expectFinding(report: FindReport, expected: Expected): void {
  const said = JSON.stringify(report, undefined, 1);
  expect(report.verdict, said).toBe(expected.verdict);
  const first = report.findings[0]!;
  expect([first.kind, first.holder.type], said).toEqual([expected.kind, expected.type]);
  if (expected.path !== undefined) expect(first.holder.path, said).toContain(expected.path);
  if (expected.candidate !== undefined) {
    expect(first.because.join('; '), said).toContain(`could be held by: ${expected.candidate}`);
  }
  if (expected.where !== undefined) expect(first.because.join('; '), said).toContain(expected.where);
  if (expected.site === false) return;
  const lines = first.sites.filter((site) => site.file.endsWith('native.py')).map((site) => site.line);
  expect(
    lines.some((line) => marked.has(line)),
    said,
  ).toBe(true);
}

describe.concurrent(`with an extension in C (CPython ${interpreter.label})`, () => {
  let extension: CExtension | undefined;
  beforeAll(() => {
    extension = buildCExtension(interpreter);
  });
  afterAll(() => extension?.remove());

  test.for(kindsOf('native.py', 'grow'))('%s grows', async (kind, { skip }) => {
    if (extension === undefined) return skip('the C extension cannot be built for this interpreter');
    const expected = EXPECTED[kind];
    expect(expected, `nothing is expected of '${kind}'`).toBeDefined();
    expectFinding(await findIn(interpreter, 'native.py', [kind], SECONDS, extension.env), expected!);
  });

  test.for(kindsOf('native.py', 'keep'))('%s stays', async (kind, { skip }) => {
    if (extension === undefined) return skip('the C extension cannot be built for this interpreter');
    const report = await findIn(interpreter, 'native.py', [kind], SECONDS, extension.env);
    expect(report.verdict, JSON.stringify(report, undefined, 1)).toBe('healthy');
  });
});
