// The documented JSON schemas are generated from src/protocol and committed: `npm run schemas` writes them anew.
// Real outputs are checked against the same definitions, which allow no field that is not documented.

import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { toFailure } from '../src/cli/failure.ts';
import type { Finding, FindReport } from '../src/diagnose/find-report.ts';
import type { GcReport } from '../src/diagnose/gc-report.ts';
import { diffHeaps, type HeapDiff } from '../src/diagnose/heap-diff.ts';
import { type HeapReport, reportHeap } from '../src/diagnose/heap-report.ts';
import { explainRetention, type HeapWhy } from '../src/diagnose/heap-why.ts';
import type { ReferenceReport } from '../src/diagnose/reference-report.ts';
import type { ResourceReport } from '../src/diagnose/resource-report.ts';
import { computeRetention } from '../src/diagnose/retention.ts';
import type { RssReport } from '../src/diagnose/rss-report.ts';
import type { TraceReport } from '../src/diagnose/trace-report.ts';
import { AgentReportSchema } from '../src/protocol/agent.ts';
import { CaptureReportSchema } from '../src/protocol/capture.ts';
import { HeapDiffSchema } from '../src/protocol/diff.ts';
import { ErrorReportSchema } from '../src/protocol/error.ts';
import { ExportReportSchema } from '../src/protocol/export.ts';
import { FindReportSchema } from '../src/protocol/find.ts';
import { FixReportSchema } from '../src/protocol/fix.ts';
import { FixProofSchema } from '../src/protocol/fix-proof.ts';
import { GcReportSchema } from '../src/protocol/gc.ts';
import { OpenReportSchema } from '../src/protocol/open.ts';
import { PauseEstimateSchema } from '../src/protocol/pause-estimate.ts';
import { PsReportSchema } from '../src/protocol/ps.ts';
import { HeapQuerySchema } from '../src/protocol/query.ts';
import type { ReferenceReportSchema } from '../src/protocol/references.ts';
import { HeapReportSchema } from '../src/protocol/report.ts';
import type { ResourceReportSchema } from '../src/protocol/resources.ts';
import { RssReportSchema } from '../src/protocol/rss.ts';
import { ScanReportSchema } from '../src/protocol/scan.ts';
import { SnapshotReportSchema } from '../src/protocol/snapshot.ts';
import { TraceReportSchema } from '../src/protocol/trace.ts';
import { HeapWhySchema } from '../src/protocol/why.ts';
import type { HeapQuery } from '../src/query/query-answer.ts';
import { drawnFacts, drawServiceHeap } from './support/drawn-heaps.ts';
import { healthyReport, inconclusiveReport, leakReport, twoFindingsReport } from './support/find-reports.ts';
import { fragmentedRss, growingRss } from './support/rss-reports.ts';
import { runLeakscope } from './support/run-leakscope.ts';
import {
  exportedTrace,
  fileTrace,
  growingTrace,
  heldTrace,
  stillTrace,
  tracebackTrace,
} from './support/trace-reports.ts';

const SCHEMAS = {
  agent: AgentReportSchema,
  find: FindReportSchema,
  ps: PsReportSchema,
  snapshot: SnapshotReportSchema,
  capture: CaptureReportSchema,
  report: HeapReportSchema,
  diff: HeapDiffSchema,
  why: HeapWhySchema,
  query: HeapQuerySchema,
  'pause-estimate': PauseEstimateSchema,
  rss: RssReportSchema,
  export: ExportReportSchema,
  scan: ScanReportSchema,
  fix: FixReportSchema,
  trace: TraceReportSchema,
  gc: GcReportSchema,
  open: OpenReportSchema,
  'fix-proof': FixProofSchema,
  error: ErrorReportSchema,
} as const;

const TITLES: Readonly<Record<string, string>> = {
  error: 'any leakscope command --json that fails',
  'fix-proof': 'leakscope fix --prove --json -- COMMAND',
  'pause-estimate': 'leakscope find, snapshot and others --dry-run --json',
};

for (const [name, schema] of Object.entries(SCHEMAS)) {
  test(`docs/schemas/${name}.schema.json says what src/protocol/${name}.ts says`, async () => {
    const json = toJsonSchema(schema, { target: 'draft-2020-12', errorMode: 'ignore' });
    const document = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: TITLES[name] ?? `leakscope ${name} --json`,
      ...openToNewFields(json),
    };
    await expect(`${JSON.stringify(document, undefined, 2)}\n`).toMatchFileSnapshot(
      `../docs/schemas/${name}.schema.json`,
    );
  });
}

test('TypeScript types and schemas are the same shape', () => {
  type Output<S extends v.GenericSchema> = DeepReadonly<v.InferOutput<S>>;
  expectTypeOf<DeepReadonly<FindReport>>().toEqualTypeOf<Output<typeof FindReportSchema>>();
  expectTypeOf<DeepReadonly<HeapReport>>().toEqualTypeOf<Output<typeof HeapReportSchema>>();
  expectTypeOf<DeepReadonly<HeapDiff>>().toEqualTypeOf<Output<typeof HeapDiffSchema>>();
  expectTypeOf<DeepReadonly<RssReport>>().toEqualTypeOf<Output<typeof RssReportSchema>>();
  expectTypeOf<DeepReadonly<TraceReport>>().toEqualTypeOf<Output<typeof TraceReportSchema>>();
  expectTypeOf<DeepReadonly<ReferenceReport>>().toEqualTypeOf<Output<typeof ReferenceReportSchema>>();
  expectTypeOf<DeepReadonly<GcReport>>().toEqualTypeOf<Output<typeof GcReportSchema>>();
  expectTypeOf<DeepReadonly<HeapQuery>>().toEqualTypeOf<Output<typeof HeapQuerySchema>>();
  expectTypeOf<DeepReadonly<HeapWhy>>().toEqualTypeOf<Output<typeof HeapWhySchema>>();
  expectTypeOf<DeepReadonly<ResourceReport>>().toEqualTypeOf<Output<typeof ResourceReportSchema>>();
  expectTypeOf<Finding['kind']>().toEqualTypeOf<Output<typeof FindReportSchema>['findings'][number]['kind']>();
});

test('answers about heaps follow their schemas', () => {
  const snapshot = drawnFacts('a.heap', 12);
  const retention = computeRetention(drawServiceHeap(6));
  const options = { snapshot, problems: [{ code: 'torn', message: 'torn', count: 2, examples: ['0x10'] }], top: 10 };
  v.parse(HeapReportSchema, reportHeap(retention, options));
  v.parse(HeapWhySchema, explainRetention(retention, 'User', options));
  v.parse(HeapWhySchema, explainRetention(retention, '0x8180', options));
  const snapshots = [snapshot, drawnFacts('b.heap', 22)];
  v.parse(
    HeapDiffSchema,
    diffHeaps([drawServiceHeap(4)], retention, { ...options, snapshots, sameProcess: true, seconds: 600 }),
  );
});

test('find reports follow their schema, and a field too many does not', () => {
  for (const report of [leakReport, twoFindingsReport, healthyReport, inconclusiveReport]) {
    v.parse(FindReportSchema, report);
  }
  expect(v.safeParse(FindReportSchema, { ...leakReport, undocumented: 1 }).success).toBe(false);
});

test('rss reports follow their schema', () => {
  for (const report of [fragmentedRss, growingRss]) v.parse(RssReportSchema, report);
  expect(v.safeParse(RssReportSchema, { ...fragmentedRss, undocumented: 1 }).success).toBe(false);
});

test('trace reports follow their schema', () => {
  for (const report of [growingTrace, heldTrace, exportedTrace, stillTrace, tracebackTrace, fileTrace])
    v.parse(TraceReportSchema, report);
  expect(v.safeParse(TraceReportSchema, { ...growingTrace, undocumented: 1 }).success).toBe(false);
});

test('what the program prints follows the schemas', async () => {
  const ps = await runLeakscope(['ps', '--json']);
  expect(ps.exitCode).toBe(0);
  v.parse(PsReportSchema, JSON.parse(ps.stdout));
  const failure = await runLeakscope(['find', 'nonsense', '--json']);
  expect(failure.exitCode).toBe(2);
  v.parse(ErrorReportSchema, JSON.parse(failure.stdout));
  expect(toFailure(new Error('x')).code).toBe('E_INTERNAL');
});

/** Readers of today's schema must accept tomorrow's outputs, which may have more fields. */
function openToNewFields(schema: unknown): Record<string, unknown> {
  const open = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(open);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'additionalProperties')
        .map(([key, item]) => [key, open(item)]),
    );
  };
  return open(schema) as Record<string, unknown>;
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
