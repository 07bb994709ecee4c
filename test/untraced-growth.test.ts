// `trace --native` on an extension in C that loses known amounts: what tracemalloc does not see is named, with its size
// and the module, and neither what it does see nor its own tables are taken for it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import type { UntracedGrowth, UntracedPartName } from '../src/diagnose/untraced-growth.ts';
import { AttachedTarget } from '../src/session/attached-target.ts';
import { TraceHeapLooks } from '../src/session/trace-heap-looks.ts';
import { captureTracemalloc } from '../src/session/trace-session.ts';
import { buildCExtension } from './support/c-extension.ts';
import { type Interpreter, interpreters } from './support/interpreters.ts';
import { startCommand } from './support/target-process.ts';

const PROGRAM = fileURLToPath(new URL('targets/native_traced.py', import.meta.url));
const LOST_LINE =
  readFileSync(PROGRAM, 'utf8')
    .split('\n')
    .findIndex((line) => line.endsWith('# lost')) + 1;

interface Calls {
  readonly lost: number;
  readonly kept: number;
  readonly traced: number;
  readonly work: number;
}

/** The growth over one round of these calls; undefined, and said so, where no extension can be built. */
async function growthOf(python: Interpreter, calls: Calls): Promise<UntracedGrowth | undefined> {
  const extension = buildCExtension(python);
  if (extension === undefined) return undefined;
  const words = [calls.lost, calls.kept, calls.traced, calls.work].map(String);
  const env = { ...extension.env, PYTHONTRACEMALLOC: '2' };
  const target = await startCommand([python.path, PROGRAM, ...words], { env });
  const problems = new ProblemLog();
  const attached = await AttachedTarget.attach(target.pid, problems);
  try {
    const looks = new TraceHeapLooks(attached, { native: true });
    const { signal } = new AbortController();
    for (let look = 0; look < 2; look++) {
      if (look > 0) {
        target.child.stdin!.write('go on\n');
        await target.nextLine();
      }
      looks.add(await captureTracemalloc(attached, { signal, heap: 'walk and pages' }, problems));
    }
    expect(problems.list()).toEqual([]);
    return looks.untracedGrowth();
  } finally {
    attached.close();
    await target.stop();
    extension.remove();
  }
}

const bytesOf = (growth: UntracedGrowth, name: UntracedPartName): number =>
  growth.parts.find((part) => part.name === name)!.bytes_diff;

for (const python of interpreters().filter(({ isLauncher }) => !isLauncher)) {
  describe(`CPython ${python.label}`, () => {
    test('lost, kept and traced blocks of an extension are told apart', async ({ skip }) => {
      const growth = await growthOf(python, { lost: 700, kept: 300, traced: 500, work: 20_000 });
      if (growth === undefined) return skip('no extension can be built for this interpreter');
      const said = JSON.stringify(growth, undefined, 1);
      const rowOf = (kind: string) => growth.owners.filter((owner) => owner.kind === kind);

      // Copies of the last address may be left on the stack, or on that of the call before.
      const [lost] = rowOf('nobody');
      expect(lost!.blocks_diff, said).toBeGreaterThanOrEqual(698);
      expect(lost!.blocks_diff, said).toBeLessThanOrEqual(710);
      expect(lost!.bytes_diff / lost!.blocks_diff, said).toBeGreaterThan(2900);
      // malloc may give a block that is a little larger, now and then.
      expect(growth.sizes[0]!.block_bytes, said).toBe(3008);
      expect(growth.sizes[0]!.blocks_diff, said).toBeGreaterThan(650);
      expect(growth.candidates[0], said).toEqual({ module: '_leaky', reason: 'called by the program' });
      expect(
        growth.sites.map(({ line }) => line),
        said,
      ).toContain(LOST_LINE);
      expect(growth.not_known.join(), said).toContain('which code called malloc');

      const library = rowOf('library').find(({ name }) => name.startsWith('_leaky'));
      expect(library, said).toMatchObject({ module: '_leaky', blocks_diff: 300 });
      expect(library!.bytes_diff, said).toBeGreaterThanOrEqual(300 * 528);
      expect(library!.bytes_diff, said).toBeLessThan(300 * 560);

      // Resident pages, of blocks that lie close together.
      const native = 700 * 3008 + 300 * 528;
      expect(Math.abs(bytesOf(growth, 'native memory') - native), said).toBeLessThan(native * 0.05);
      expect(bytesOf(growth, 'traced'), said).toBeGreaterThan(500 * 2000 + 20_000 * 80);
      expect(bytesOf(growth, 'tracemalloc tables'), said).toBeGreaterThan(20_000 * 48);
      expect(growth.parts.reduce((sum, { bytes_diff }) => sum + bytes_diff, 0)).toBe(growth.rss_bytes_diff);
      const tracedAndTables = bytesOf(growth, 'traced') + bytesOf(growth, 'tracemalloc tables');
      expect(growth.unseen_bytes).toBe(growth.rss_bytes_diff - tracedAndTables);
      expect(growth.unseen_share!, said).toBeGreaterThan(0.2);
    }, 120_000);

    test('nothing is lost where nothing is, however much Python allocates', async ({ skip }) => {
      const growth = await growthOf(python, { lost: 0, kept: 0, traced: 500, work: 40_000 });
      if (growth === undefined) return skip('no extension can be built for this interpreter');
      const said = JSON.stringify(growth, undefined, 1);
      expect(bytesOf(growth, 'native memory'), said).toBeLessThan(64 << 10);
      expect(bytesOf(growth, 'traced'), said).toBeGreaterThan(40_000 * 80);
      const lost = growth.owners.find(({ kind }) => kind === 'nobody');
      expect(lost?.blocks_diff ?? 0, said).toBeLessThan(20);
    }, 120_000);
  });
}
