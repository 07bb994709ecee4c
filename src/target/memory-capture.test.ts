// Captures real processes: what is copied is what the target holds, and the target always runs on.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { LeakscopeError } from '../base/errors.ts';
import { MemoryImage } from '../cpython/memory-image.ts';
import { type CaptureOptions, captureMemory } from './memory-capture.ts';
import { regionAt } from './memory-maps.ts';
import { openPauseGuard } from './pause.ts';
import { readProcessStat } from './process-info.ts';
import { openProcessMemory } from './process-memory.ts';

const python = anyInterpreter().path;

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const HOLDS_BYTES = `
import ctypes, sys
data = bytearray(b'leakscope' * 1000)
print(ctypes.addressof(ctypes.c_char.from_buffer(data)), flush=True)
for line in sys.stdin:
    data[:9] = b'later now'
    print('changed', flush=True)
`;

describe('a capture', () => {
  test('keeps the bytes of the pause while the target goes on', async () => {
    target = await startPython(python, HOLDS_BYTES);
    const capture = await captureMemory(target.pid);
    target.child.stdin?.write('go\n');
    expect(await target.nextLine()).toBe('changed');
    const address = Number(target.firstLine);
    expect(capture.image.bytes(address, 9)).toEqual(ascii('leakscope'));
    expect(capture.image.bytes(address + 8991, 9)).toEqual(ascii('leakscope'));
    expect(capture.pauseMs).toBeGreaterThan(0);
    expect(capture.problems).toEqual([]);
    capture.close();
    const again = await captureMemory(target.pid, { reuse: capture.buffers });
    expect(again.image.bytes(address, 9)).toEqual(ascii('later now'));
    expect(again.buffers.chunks[0]).toBe(capture.buffers.chunks[0]);
    again.close();
  });

  test('copies all of it into small buffers as well', async () => {
    target = await startPython(python, HOLDS_BYTES);
    // Stopped before by us, so that both captures see one state; the guard must leave it so.
    target.child.kill('SIGSTOP');
    await expect.poll(() => readProcessStat(target!.pid)?.state).toBe('T');
    const guard = await openPauseGuard(target.pid);
    const whole = await captureMemory(target.pid, { guard });
    const pieces = await captureMemory(target.pid, { guard, chunkBytes: 64 * 1024 });
    guard.close();
    expect([guard.wasStopped, readProcessStat(target.pid)?.state]).toEqual([true, 'T']);
    expect(pieces.buffers.chunks.length).toBeGreaterThan(10);
    expect(pieces.copiedBytes).toBe(whole.copiedBytes);
    for (const segment of whole.image.segments) {
      const copy = pieces.image.bytes(segment.start, segment.bytes.length);
      expect(Buffer.compare(Buffer.from(copy ?? []), Buffer.from(segment.bytes))).toBe(0);
    }
    whole.close();
    pieces.close();
  });

  test('reads constants that were not copied, and absent pages as zeros', async () => {
    target = await startPython(
      python,
      `
import mmap, ctypes, sys
area = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area[0:5] = b'first'; area[32 << 20 : (32 << 20) + 6] = b'middle'
print(ctypes.addressof(ctypes.c_char.from_buffer(area)), flush=True)
for line in sys.stdin:
    area[16 << 20 : (16 << 20) + 5] = b'later'
    print('changed', flush=True)`,
    );
    const capture = await captureMemory(target.pid);
    target.child.stdin?.write('go\n');
    await target.nextLine();
    const area = Number(target.firstLine);
    expect(capture.image.bytes(area, 5)).toEqual(ascii('first'));
    expect(capture.image.bytes(area + 2 ** 25, 6)).toEqual(ascii('middle'));
    expect(capture.image.isCopied(area + 2 ** 24)).toBe(false);
    expect(capture.image.bytes(area + 2 ** 24, 5)).toEqual(new Uint8Array(5));
    expect(capture.copiedBytes).toBeLessThan(48 << 20);
    const text = capture.regions.find((region) => region.executable && region.path.includes('python'))!;
    expect(text.writable).toBe(false);
    expect(capture.image.isCopied(text.start)).toBe(false);
    expect(capture.image.bytes(text.start, 4096)?.some((byte) => byte !== 0)).toBe(true);
    capture.close();
  });

  test('gives every thread its whole stack, past guard pages inside one mapping', async () => {
    // What glibc 2.42 does to thread stacks, done by hand: MADV_GUARD_INSTALL is 102, from Linux 6.13 on.
    target = await startPython(
      python,
      `
import mmap, ctypes, sys
area = mmap.mmap(-1, 3 * 131072, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
start = ctypes.addressof(ctypes.c_char.from_buffer(area))
for i in range(0, 3 * 131072, 4096): area[i:i+4] = b'page'
libc = ctypes.CDLL(None, use_errno=True)
done = [libc.madvise(ctypes.c_void_p(start + at), ctypes.c_size_t(4096), 102) for at in (0, 131072, 5 * 4096)]
print(start, max(map(abs, done)), flush=True)
sys.stdin.read()`,
    );
    const [start, failed] = target.firstLine.split(' ').map(Number) as [number, number];
    if (failed !== 0) {
      console.log('skipped: this kernel has no MADV_GUARD_INSTALL (Linux 6.13)');
      return;
    }
    const capture = await captureMemory(target.pid);
    const guards = new Set([0, 131072, 5 * 4096]);
    for (let at = 0; at < 3 * 131072; at += 4096) {
      const expected = guards.has(at) ? new Uint8Array(4) : ascii('page');
      expect(capture.image.bytes(start + at, 4)).toEqual(expected);
    }
    capture.close();
  });

  test('of a target that allocates and frees all the time is consistent in itself', async () => {
    target = await startPython(
      python,
      `
import ctypes, random
cells = (ctypes.c_uint64 * (1 << 19))()
print(ctypes.addressof(cells), ctypes.sizeof(cells), flush=True)
keep, n = [], 0
while True:
    n += 1
    ctypes.memset(cells, n & 255, ctypes.sizeof(cells))
    keep.append(bytearray(random.randrange(1, 3000000)))
    if len(keep) > 20: keep = keep[random.randrange(20):]`,
    );
    const [start, size] = target.firstLine.split(' ').map(Number) as [number, number];
    let reuse: CaptureOptions['reuse'];
    for (let round = 0; round < 10; round++) {
      const capture = await captureMemory(target.pid, { reuse });
      const bytes = capture.image.bytes(start, size)!;
      // A memset in progress leaves at most one change of value.
      let changes = 0;
      for (let i = 1; i < size; i++) if (bytes[i] !== bytes[i - 1]) changes++;
      expect(changes).toBeLessThanOrEqual(1);
      expect(capture.problems).toEqual([]);
      capture.close();
      reuse = capture.buffers;
    }
  });

  test('waits for a quiet moment, and says so when there is none', async () => {
    target = await startPython(python, HOLDS_BYTES);
    let asked = 0;
    const address = Number(target.firstLine);
    const capture = await captureMemory(target.pid, {
      isQuiescent: (image) => {
        expect(image).toBeInstanceOf(MemoryImage);
        expect(image.bytes(address, 9)).toEqual(ascii('leakscope'));
        return ++asked === 4;
      },
    });
    expect([capture.attempts, asked, capture.problems]).toEqual([4, 4, []]);
    expect(capture.shortPausesMs).toHaveLength(3);
    capture.close();
    const never = await captureMemory(target.pid, { isQuiescent: () => false, quiescenceAttempts: 3 });
    expect(never.attempts).toBe(4);
    expect(never.problems.map((problem) => problem.code)).toEqual(['gc-running']);
    never.close();
  });

  test('without a pause says that it may be torn', async () => {
    target = await startPython(python, HOLDS_BYTES);
    const capture = await captureMemory(target.pid, { whileRunning: true });
    expect(capture.image.bytes(Number(target.firstLine), 9)).toEqual(ascii('leakscope'));
    expect([capture.pauseMs, capture.problems.map((problem) => problem.code)]).toEqual([0, ['not-paused']]);
    capture.close();
  });
});

describe('the target runs on', () => {
  async function expectRunning(pid: number): Promise<void> {
    await expect.poll(() => readProcessStat(pid)?.state, { timeout: 2000 }).toMatch(/^[RS]$/);
  }

  test('when the pause would be too long', async () => {
    target = await startPython(python, `data = bytes(b'x') * (64 << 20); print('ready', flush=True); input()`);
    await expect(captureMemory(target.pid, { maxPauseMs: 5 })).rejects.toMatchObject({
      code: 'E_PAUSE_TOO_LONG',
      message: expect.stringMatching(/about \d+ ms, more than the 5 ms allowed/),
    });
    await expectRunning(target.pid);
  });

  test('when the caller is broken', async () => {
    target = await startPython(python, HOLDS_BYTES);
    const isQuiescent = () => {
      throw new Error('boom');
    };
    await expect(captureMemory(target.pid, { isQuiescent })).rejects.toThrow('boom');
    await expectRunning(target.pid);
  });

  test('when the capture is cancelled', async () => {
    target = await startPython(python, HOLDS_BYTES);
    await expect(captureMemory(target.pid, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'E_CANCELLED',
    });
    await expectRunning(target.pid);
  });
});

test('a target that dies in the middle is said to have ended', async () => {
  target = await startPython(python, `data = bytes(b'x') * (64 << 20); print('ready', flush=True); input()`);
  const { pid } = target;
  const isQuiescent = () => {
    // Inside the pause, before the copy: a killed process loses its memory even while it is stopped.
    spawnSync('sh', ['-c', `kill -9 ${pid}; while [ "$(cut -d ' ' -f 3 /proc/${pid}/stat)" = T ]; do :; done`]);
    return true;
  };
  await expect(captureMemory(pid, { isQuiescent })).rejects.toMatchObject({ code: 'E_TARGET_EXITED' });
});

test('a target killed at any moment is said to have ended, or was copied before', async () => {
  let ended = 0;
  for (let round = 0; round < 8; round++) {
    target = await startPython(python, `data = bytes(b'x') * (96 << 20); print('ready', flush=True); input()`);
    const { pid } = target;
    // From outside, because the copy blocks this process: at a time that falls into one of the captures.
    const killed = once(spawn('sh', ['-c', `sleep 0.${2 + round}; kill -9 ${pid}`]), 'exit');
    try {
      for (let reuse: CaptureOptions['reuse']; ; ) {
        const capture = await captureMemory(pid, { reuse });
        reuse = capture.buffers;
        capture.close();
      }
    } catch (error) {
      if (!(error instanceof LeakscopeError)) throw error;
      expect(['E_TARGET_EXITED', 'E_NO_SUCH_PROCESS']).toContain(error.code);
      if (error.code === 'E_TARGET_EXITED') ended++;
    }
    await killed;
    await target.stop();
  }
  expect(ended).toBeGreaterThan(0);
});

test('constants are still readable when the target has ended after its capture', async () => {
  target = await startPython(python, HOLDS_BYTES);
  const capture = await captureMemory(target.pid);
  const text = capture.regions.find((region) => region.executable && region.path.includes('python'))!;
  const live = openProcessMemory(target.pid);
  const before = new Uint8Array(4096);
  live.read(text.start, before);
  live.close();
  await target.stop();
  expect(capture.image.bytes(text.start, 4096)).toEqual(before);
  expect(capture.image.bytes(Number(target.firstLine), 9)).toEqual(ascii('leakscope'));
  capture.close();
});

test('a process that is not there is said so', async () => {
  target = await startPython(python, HOLDS_BYTES);
  await target.stop();
  await expect(captureMemory(target.pid)).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
});

test('shared and device memory is not copied', async () => {
  target = await startPython(
    python,
    `
import mmap, ctypes
area = mmap.mmap(-1, 1 << 20); area[:4] = b'mine'
print(ctypes.addressof(ctypes.c_char.from_buffer(area)), flush=True); input()`,
  );
  const capture = await captureMemory(target.pid);
  expect(capture.image.isCopied(Number(target.firstLine))).toBe(false);
  expect(regionAt(capture.regions, Number(target.firstLine))?.shared).toBe(true);
  capture.close();
});
