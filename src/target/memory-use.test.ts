// The kernel's account of a process's memory: parsed, and compared with the sums the kernel makes itself.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { interpreters } from '../../test/support/interpreters.ts';
import { startPython } from '../../test/support/target-process.ts';
import { ResidentPages } from '../cpython/resident-pages.ts';
import { parseSmaps, readMemoryUse } from './memory-use.ts';

const SMAPS = `55d0a0000000-55d0a0021000 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
KernelPageSize:        4 kB
Rss:                 100 kB
Pss:                  60 kB
Shared_Clean:          0 kB
Shared_Dirty:         80 kB
Private_Clean:         4 kB
Private_Dirty:        16 kB
Anonymous:           100 kB
AnonHugePages:         0 kB
Swap:                  8 kB
VmFlags: rd wr mr mw me ac sd
7f1200000000-7f1200400000 r--s 00000000 08:01 4711                       /srv/with space (deleted)
Rss:                  64 kB
Pss:                  64 kB
Private_Clean:        64 kB
Anonymous:             0 kB
`;

const QUIET_BYTES = 20_000_000;
const QUIET = `
import signal
held = bytes(b'x') * ${QUIET_BYTES}
print('ready')
signal.pause()
`;

test('a mapping has the figures under its header', () => {
  const [heap, file, ...others] = parseSmaps(SMAPS);
  expect(others).toEqual([]);
  expect(heap).toMatchObject({
    region: { path: '[heap]', start: 0x55d0a0000000 },
    rssBytes: 100 * 1024,
    pssBytes: 60 * 1024,
    privateBytes: 20 * 1024,
    anonymousBytes: 100 * 1024,
    swapBytes: 8 * 1024,
  });
  expect(file).toMatchObject({ region: { path: '/srv/with space', shared: true }, rssBytes: 64 * 1024 });
});

test('lines that are none of its own break nothing', () => {
  expect(parseSmaps('')).toEqual([]);
  expect(parseSmaps('Rss: 4 kB\n')).toEqual([]);
  expect(parseSmaps('garbage\nRss: many kB\n')).toEqual([]);
});

test('the regions add up to what the kernel sums up, and the pages to the regions', async () => {
  // One that stands still: of a process at work the three readings are of three moments.
  const [python] = interpreters();
  const target = await startPython(python!.path, QUIET);
  try {
    const use = readMemoryUse(target.pid);
    const rollup = /^Rss: +(\d+) kB/m.exec(readFileSync(`/proc/${target.pid}/smaps_rollup`, 'utf8'))!;
    const rss = use.regions.reduce((sum, region) => sum + region.rssBytes, 0);
    expect(rss / 1024).toBe(Number(rollup[1]));
    const resident = new ResidentPages(use.residentRuns);
    const anonymous = use.regions
      .filter(({ region }) => !region.shared)
      .reduce((sum, region) => sum + region.anonymousBytes, 0);
    expect(anonymous).toBeGreaterThan(QUIET_BYTES);
    expect(resident.totalBytes).toBe(anonymous);
  } finally {
    await target.stop();
  }
});

test('a process that is not there is told so', () => {
  expect(() => readMemoryUse(2 ** 22)).toThrow(expect.objectContaining({ code: 'E_NO_SUCH_PROCESS' }));
});
