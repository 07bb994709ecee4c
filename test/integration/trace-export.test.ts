// Profiles of a program that traces: the sums of its report, the names of its source, and what the tools that read them
// make of them (Go's pprof, speedscope's schema); where one is not to be had the reason is printed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TraceReportSchema } from '../../src/protocol/trace.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { npmEnvironment } from '../support/npm-environment.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

/** Sells from a stock that shrinks, into orders that grow. */
const PROGRAM = `import time

class Shop:
    def __init__(self):
        self.orders = {}
        self.stock = [bytearray(500) for _ in range(200_000)]

    def take_order(self, n):
        self.orders[n] = bytearray(1000)
        self.stock.pop()

def serve(shop):
    for n in range(200_000):
        shop.take_order(n)
        if n == 10:
            print("ready", flush=True)
        time.sleep(0.002)

exec(compile("kept = [bytearray(100) for _ in range(50)]", "ev\\x1bil;x.py", "exec"))
serve(Shop())
`;
/** Building pprof itself, where Go does that at its first use, takes most of a minute. */
const GO_TIMEOUT_MS = 300_000;

const go = spawnSync('go', ['version'], { encoding: 'utf8' });
if (go.status !== 0) console.warn('go tool pprof is not tried: go is not on PATH');
const speedscope = npmEnvironment(['speedscope@1.25.0', 'ajv@8.17.1']);
if ('missing' in speedscope) console.warn(`speedscope's schema is not tried: ${speedscope.missing}`);

const folder = mkdtempSync(join(tmpdir(), 'leakscope-trace-export-'));
const program = join(folder, 'shop.py');
const compared = join(folder, 'compared.pb.gz');
let target: TargetProcess;
let report: v.InferOutput<typeof TraceReportSchema>;

beforeAll(async () => {
  writeFileSync(program, PROGRAM);
  const python = anyInterpreter().path;
  target = await startCommand([python, program], { env: { PYTHONTRACEMALLOC: '6' } });
  const flags = ['--for', '2s', '--export', 'pprof', '-o', compared, '--json'];
  const run = await runLeakscope(['trace', String(target.pid), ...flags]);
  expect(run.stderr).toBe('');
  report = v.parse(TraceReportSchema, JSON.parse(run.stdout));
});
afterAll(async () => {
  await target?.stop();
  rmSync(folder, { recursive: true });
});

/** Sum of a figure of all stacks. */
function total(profile: Profile, type: string): number {
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)]!;
  const column = profile.sampleType.findIndex((each) => text(each.type) === type);
  return profile.sample.reduce((sum, { value }) => sum + Number(value[column]), 0);
}

test('a comparison is exported whole: its figures are those of the report', () => {
  expect(report.export).toMatchObject({ format: 'pprof', file: compared, file_bytes: statSync(compared).size });
  expect(report.export!.values[0]).toBe('growth_space');
  const profile = Profile.decode(gunzipSync(readFileSync(compared)));
  expect(total(profile, 'inuse_space')).toBe(report.traced.bytes - report.filtered_out.bytes);
  expect(total(profile, 'inuse_objects')).toBe(report.traced.blocks - report.filtered_out.blocks);
  const growth = total(profile, 'growth_space') - total(profile, 'shrink_space');
  expect(growth).toBe(report.growth!.bytes - report.filtered_out.bytes_diff!);
  // Orders grow and the stock shrinks: neither hides the other.
  expect(total(profile, 'growth_space')).toBeGreaterThan(1000);
  expect(total(profile, 'shrink_space')).toBeGreaterThan(500);
});

test('one look is exported in each format, under names of the source that are made safe, without what is filtered out', async () => {
  for (const format of ['pprof', 'speedscope', 'collapsed']) {
    const file = join(folder, `one.${format}`);
    const flags = ['--filter', '*/shop.py', '--filter', 'ev*', '--export', format, '-o', file];
    const run = await runLeakscope(['trace', String(target.pid), ...flags, '--quiet']);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toMatch(new RegExp(`${file}\\s+\\S+ \\S+ · ${format} · \\d+ stacks?\\ngives +inuse_space`));
    const bytes = readFileSync(file);
    const text = (format === 'pprof' ? gunzipSync(bytes) : bytes).toString();
    for (const name of ['Shop.take_order', 'serve', '<module> shop.py', program]) expect(text, format).toContain(name);
    expect(text, format).not.toContain('importlib');
    expect(text, format).not.toContain('\x1b');
    expect(text, format).toMatch(/ev\\{1,2}x1bil[;,]x\.py/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  const lines = readFileSync(join(folder, 'one.collapsed'), 'utf8');
  const place = (line: number): string => `\\(${program.replaceAll('.', '\\.')}:${line}\\)`;
  expect(lines).toMatch(
    new RegExp(`^<module> shop\\.py ${place(20)};serve ${place(14)};Shop\\.take_order ${place(9)} \\d+$`, 'm'),
  );
});

test.skipIf(go.status !== 0)(
  'go tool pprof shows the lines that grew, and those that shrank',
  { timeout: GO_TIMEOUT_MS },
  () => {
    const pprof = (...args: string[]): string => {
      const env = { ...process.env, PPROF_TMPDIR: folder };
      const run = spawnSync('go', ['tool', 'pprof', ...args, compared], { encoding: 'utf8', env });
      expect(run.status, run.stderr).toBe(0);
      return run.stdout;
    };
    const grown = pprof('-top', '-lines', '-unit=B');
    expect(grown).toContain('Type: growth_space');
    const [first = ''] = grown.split('\n').filter((line) => line.includes(program));
    expect(first).toContain(`Shop.take_order ${program}:9`);
    expect(pprof('-top', '-sample_index=shrink_space')).toMatch(/\n\s*\S+ +\S+% +\S+% .*Shop\.__init__/);
    // Names in angle brackets are none of C++.
    expect(pprof('-top', '-sample_index=inuse_space', '-nodefraction=0')).toContain('<module> shop.py');
  },
);

test.skipIf('missing' in speedscope)('speedscope files follow its schema', async () => {
  const root = 'folder' in speedscope ? speedscope.folder : '';
  const load = createRequire(join(root, 'package.json'));
  const schema = load('./node_modules/speedscope/dist/release/file-format-schema.json') as object;
  const Ajv = load('ajv') as new (
    options: object,
  ) => { validate(schema: object, data: unknown): boolean; errors: unknown };
  const ajv = new Ajv({ strict: false });
  const file = join(folder, 'growth.json');
  const flags = ['--for', '1s', '--export', 'speedscope', '-o', file];
  expect((await runLeakscope(['trace', String(target.pid), ...flags])).exitCode).toBe(0);
  expect(ajv.validate(schema, JSON.parse(readFileSync(file, 'utf8'))), JSON.stringify(ajv.errors)).toBe(true);
});

test('what cannot be written is said before the program is watched, and half a wish is no wish', async () => {
  const unwritable = join(folder, 'none', 'x');
  const flags = ['--for', '10m', '--export', 'pprof', '-o', unwritable, '--json'];
  const run = await runLeakscope(['trace', String(target.pid), ...flags]);
  expect([run.exitCode, JSON.parse(run.stdout).error.code]).toEqual([3, 'E_FILE_WRITE']);
  for (const half of [
    ['--export', 'pprof'],
    ['-o', compared],
    ['--export', 'html', '-o', compared],
  ]) {
    const wrong = await runLeakscope(['trace', String(target.pid), ...half, '--json']);
    expect([wrong.exitCode, JSON.parse(wrong.stdout).error.code]).toEqual([2, 'E_USAGE']);
  }
});
