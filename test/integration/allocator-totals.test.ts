// The allocators as read from outside against what the target says of its own.

import { afterEach, describe, expect, it } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { AttachedTarget, type HeapCapture } from '../../src/session/attached-target.ts';
import { interpreters } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

/** What compiling the program held at the count and no longer holds, and what printing and waiting allocate. */
const TOLERANCE = 500;
/** Blocks of an idle interpreter that nothing known owns: parser tables, thread data, the C library's own. */
const IDLE_OWNERLESS_BYTES = 2_000_000;

let process: TargetProcess | undefined;
let target: AttachedTarget | undefined;
afterEach(async () => {
  target?.close();
  await process?.stop();
});

async function captureOf(python: string, code: string): Promise<HeapCapture & { said: number }> {
  process = await startPython(
    python,
    `import sys\n${code}\nprint(sys.getallocatedblocks(), flush=True)\nsys.stdin.read()`,
  );
  target = await AttachedTarget.attach(process.pid, new ProblemLog());
  return { ...(await target.capture()), said: Number(process.firstLine) };
}

describe.each(interpreters())('the allocators of $label', ({ path, version, freeThreaded }) => {
  it('have the live blocks that the interpreter counts', async () => {
    const { walk, said } = await captureOf(path, 'keep = [{str(i): [i]} for i in range(20_000)]');
    const { small, malloc } = walk.allocators;
    expect(small.liveBlocks).toBeGreaterThan(80_000);
    // From 3.9 on the count has the blocks too large for pymalloc, which are chunks of malloc.
    const large = version[1] === 8 || freeThreaded ? 0 : malloc.liveChunks;
    expect(small.liveBlocks).toBeLessThanOrEqual(said + TOLERANCE);
    expect(small.liveBlocks + large).toBeGreaterThanOrEqual(said - TOLERANCE);
  });

  it('have few blocks without an owner in an idle interpreter, and as many after work as before', async () => {
    const idle = await captureOf(path, '');
    const before = idle.walk.ownerless.bytes;
    expect(before).toBeLessThan(IDLE_OWNERLESS_BYTES);
    target!.close();
    await process!.stop();
    const busy = await captureOf(path, 'keep = [{str(i): [i], i: {i}} for i in range(20_000)]');
    // A leak of one small block for each of those dicts would be more.
    expect(busy.walk.ownerless.bytes - before).toBeLessThan(20_000 * 16);
  });

  it('gives every byte of a block to one node or to none', async () => {
    const { walk } = await captureOf(path, 'keep = [{str(i): [i]} for i in range(5_000)]');
    const { graph, allocators, ownerless } = walk;
    let nodeBytes = 0;
    for (const words of graph.shallowWords) nodeBytes += words * 8;
    const live = allocators.small.liveBytes + allocators.malloc.liveBytes;
    expect(Math.abs(nodeBytes + ownerless.bytes - live) / live).toBeLessThan(0.001);
  });

  it('knows chunks that wait in a cache of malloc from live ones', async () => {
    process = await startPython(
      path,
      `
import ctypes, sys
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
# Of a size that nothing else uses, fewer than a bin of the cache holds.
blocks = [libc.malloc(920) for _ in range(10)]
for block in blocks[:5]:
    libc.free(block)
print(*blocks, flush=True)
sys.stdin.read()`,
    );
    target = await AttachedTarget.attach(process.pid, new ProblemLog());
    const { walk } = await target.capture();
    const { blocks } = walk.blocks.allocator;
    const addresses = process.firstLine.split(' ').map(Number);
    expect(addresses.slice(0, 5).filter((address) => blocks.has(address))).toEqual([]);
    expect(addresses.slice(5).filter((address) => !blocks.has(address))).toEqual([]);
    expect(walk.allocators.malloc.cachedBytes).toBeGreaterThanOrEqual(5 * 928);
  });
});
