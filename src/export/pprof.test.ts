// The profile as Go's own pprof reads it; where Go is not installed the reason is printed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { expect, test } from 'vitest';
import { drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { computeDominators } from '../graph/dominators.ts';
import { WORD_BYTES } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { pprofBytes } from './pprof.ts';
import { profileOfTree } from './stack-profile.ts';
import { foldDominators } from './stack-tree.ts';

const graph = drawServiceHeap(3);
const tree = foldDominators(graph, computeDominators(graph), nodeNames(graph));
const bytes = pprofBytes(profileOfTree(tree), { takenAtMs: 1_700_000_000_123, comment: 'shop, leakscope' });
const heapBytes = graph.shallowWords.reduce((sum, words) => sum + words, 0) * WORD_BYTES;

test('all objects and bytes are in the samples', () => {
  const { sample, sampleType, stringTable, timeNanos } = Profile.decode(bytes);
  const text = (index: number | bigint): string => stringTable.strings[Number(index)]!;
  expect(sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`)).toEqual([
    'inuse_objects/count',
    'inuse_space/bytes',
  ]);
  const total = (column: number): number => sample.reduce((sum, { value }) => sum + Number(value[column]), 0);
  expect([total(0), total(1)]).toEqual([graph.nodeCount, heapBytes]);
  expect(BigInt(timeNanos)).toBe(1_700_000_000_123_000_000n);
});

const go = spawnSync('go', ['version'], { encoding: 'utf8' });
if (go.status !== 0) console.warn('go tool pprof is not tried: go is not on PATH');

test.skipIf(go.status !== 0)('go tool pprof reads the same sizes and paths', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  try {
    const file = join(folder, 'heap.pb.gz');
    writeFileSync(file, gzipSync(bytes));
    const pprof = (...args: string[]): string => {
      const run = spawnSync('go', ['tool', 'pprof', ...args, file], {
        encoding: 'utf8',
        env: { ...process.env, PPROF_TMPDIR: folder },
      });
      expect(run.status, run.stderr).toBe(0);
      return run.stdout;
    };
    const top = pprof('-top', '-unit=B', '-nodefraction=0');
    expect(top).toContain('Type: inuse_space');
    expect(top).toContain(`of ${heapBytes}B total`);
    expect(top).toMatch(/\s6144B\s+\S+%\s+\S+%\s+6144B\s+\S+%\s+profile \(str\)/);
    expect(top).toMatch(/\s7152B\s+\S+%\s+user_cache \(dict\)/);
    const traces = pprof('-traces', '-sample_index=inuse_objects');
    expect(traces).toMatch(/3 {3}profile \(str\)\s+shop\.users\.User\s+user_cache \(dict\)\s+module shop\.users/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
