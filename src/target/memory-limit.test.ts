// Limits of cgroup hierarchies, drawn as folders; the limits of a real process are in resources.test.ts.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cgroupLimits } from './memory-limit.ts';
import { kernelPageBytes } from './pagemap.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function files(contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

test('version 2: every group on the way up counts, without droppable cache', () => {
  files({
    'kubepods/pod1/app/memory.max': 'max\n',
    'kubepods/pod1/app/memory.current': '100\n',
    'kubepods/pod1/memory.max': '1000000\n',
    'kubepods/pod1/memory.current': '600000\n',
    'kubepods/pod1/memory.stat': 'anon 300000\ninactive_file 200000\nactive_file 5\n',
    'kubepods/memory.max': '5000000\n',
    'kubepods/memory.current': '700000\n',
  });
  expect(cgroupLimits('0::/kubepods/pod1/app\n', root)).toEqual([
    { kind: 'cgroup', limitBytes: 1000000, usedBytes: 400000 },
    { kind: 'cgroup', limitBytes: 5000000, usedBytes: 700000 },
  ]);
});

test('version 1, also where the path names folders of the host', () => {
  files({
    'memory/memory.limit_in_bytes': '2000000\n',
    'memory/memory.usage_in_bytes': '1500000\n',
    'memory/memory.stat': 'inactive_file 1\ntotal_inactive_file 500000\n',
  });
  const membership = '12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n';
  expect(cgroupLimits(membership, root)).toEqual([{ kind: 'cgroup', limitBytes: 2000000, usedBytes: 1000000 }]);
  files({ 'memory/memory.limit_in_bytes': '9223372036854771712\n' });
  expect(cgroupLimits(membership, root)).toEqual([]);
});

test('a group outside of our namespace, or none, has no limit to tell', () => {
  expect(cgroupLimits('0::/../other\n', root)).toEqual([]);
  expect(cgroupLimits('', root)).toEqual([]);
});

test('pages have the size the kernel says', () => {
  expect([4096, 16384, 65536]).toContain(kernelPageBytes());
});
