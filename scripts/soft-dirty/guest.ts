// Runs inside the virtual machine of test-soft-dirty-vm.mjs, on a kernel with soft-dirty: captures a target that changes
// all the time, and compares every page of the capture with what the stopped target holds.

import { type ChildProcess, spawn } from 'node:child_process';
import { type CaptureResult, captureMemory } from '../../src/target/memory-capture.ts';
import { readMemoryMaps, regionAt } from '../../src/target/memory-maps.ts';
import { openPagemap, PRESENT, SOFT_DIRTY } from '../../src/target/pagemap.ts';
import { openProcessMemory } from '../../src/target/process-memory.ts';
import { whyNoSoftDirty } from '../../src/target/soft-dirty.ts';

const [python = 'python3', program = '', megabytes = '200', rounds = '5'] = process.argv.slice(2);
const PAGE = 4096;
const MIB = 1 << 20;

let failures = 0;
function check(isTrue: boolean, what: string): void {
  console.log(`${isTrue ? 'ok' : 'FAILED'}  ${what}`);
  if (!isTrue) failures++;
}

const child = spawn(python, [program, megabytes], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines: string[] = [];
let rest = '';
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  const parts = (rest + text).split('\n');
  rest = parts.pop()!;
  lines.push(...parts);
});

async function nextLine(): Promise<string> {
  for (let i = 0; i < 60_000 && lines.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  const line = lines.shift();
  if (line === undefined) throw new Error('the target said nothing');
  return line;
}

/** All writable private memory of the stopped target, read again page by page when the capture is done. */
interface Truth {
  readonly start: number;
  readonly bytes: Buffer;
}

function readTruth(pid: number): Truth[] {
  const memory = openProcessMemory(pid);
  const truth: Truth[] = [];
  for (const region of readMemoryMaps(pid)) {
    const size = region.end - region.start;
    if (!region.readable || !region.writable || region.shared || region.path.startsWith('/') || size > 2 ** 30)
      continue;
    const bytes = Buffer.alloc(size);
    memory.read(region.start, bytes);
    truth.push({ start: region.start, bytes });
  }
  memory.close();
  return truth;
}

function countStale(capture: CaptureResult, truth: readonly Truth[]): { pages: number; stale: number; first: string } {
  let pages = 0;
  let stale = 0;
  let first = '';
  for (const { start, bytes } of truth) {
    for (let at = 0; at < bytes.length; at += PAGE) {
      pages++;
      const copied = capture.image.bytes(start + at, PAGE);
      if (copied !== undefined && Buffer.compare(copied, bytes.subarray(at, at + PAGE)) === 0) continue;
      stale++;
      if (first === '') first = `${(start + at).toString(16)} in ${regionAt(capture.regions, start + at)?.path}`;
    }
  }
  return { pages, stale, first };
}

function describe(capture: CaptureResult): string {
  const phases = capture.phases.map(
    ({ name, bytes, ms }) => `${name} ${(bytes / MIB).toFixed(1)} MB ${ms.toFixed(0)} ms`,
  );
  return `${phases.join(', ')}${capture.whyNoEarlyCopy === '' ? '' : ` (${capture.whyNoEarlyCopy})`}`;
}

/** A capture whose target is told to do something between the copy ahead and the pause that counts. */
async function captureAround(
  target: ChildProcess,
  command: string | undefined,
): Promise<{ stale: number; marks: number }> {
  const pid = target.pid!;
  let truth: Truth[] = [];
  let told = command === undefined;
  let marks = -1;
  const capture = await captureMemory(pid, {
    copyEarly: true,
    isQuiescent: () => {
      if (!told) {
        told = true;
        target.stdin!.write(`${command}\n`);
        return false;
      }
      if (command !== undefined && lines.length === 0) return false;
      marks = unmarkedPages(pid, command === 'move' ? home : givenBack);
      truth = readTruth(pid);
      return true;
    },
    quiescenceAttempts: 100_000,
  });
  lines.length = 0;
  const { pages, stale, first } = countStale(capture, truth);
  check(stale === 0, `${command ?? 'as it runs'}: ${pages} pages, ${stale} stale ${first}; ${describe(capture)}`);
  check(capture.whyNoEarlyCopy === '', 'copied while running');
  capture.close();
  return { stale, marks };
}

/** Present pages of the 4 MB at `start` that the kernel has not marked as written. */
function unmarkedPages(pid: number, start: number): number {
  const pagemap = openPagemap(pid);
  const entries = new Uint32Array((4 * MIB * 2) / PAGE);
  pagemap.entries(start, entries);
  pagemap.close();
  let count = 0;
  for (let i = 1; i < entries.length; i += 2) {
    if ((entries[i]! & PRESENT) !== 0 && (entries[i]! & SOFT_DIRTY) === 0) count++;
  }
  return count;
}

const why = whyNoSoftDirty();
check(why === '', `the probe says that this kernel marks written pages ${why}`);
const [home = 0, givenBack = 0] = (await nextLine()).split(' ').map(Number);

for (let i = 0; i < Number(rounds); i++) await captureAround(child, undefined);
await captureAround(child, 'fork');
const moved = await captureAround(child, 'move');
console.log(`note  ${moved.marks} of 1024 pages came by a moved page table without being marked as written`);
const zeroed = await captureAround(child, 'give back');
console.log(`note  ${zeroed.marks} of 1024 pages became zero without being marked as written`);

for (let i = 0; i < 2; i++) {
  const plain = await captureMemory(child.pid!, { copyEarly: false });
  console.log(`note  pause without: ${plain.pauseMs.toFixed(0)} ms; ${describe(plain)}`);
  plain.close();
  const ahead = await captureMemory(child.pid!, { copyEarly: true });
  console.log(`note  pause with:    ${ahead.pauseMs.toFixed(0)} ms; ${describe(ahead)}`);
  ahead.close();
}
child.kill('SIGKILL');
console.log(failures === 0 ? 'ALL PASSED' : `${failures} FAILED`);
process.exit(failures === 0 ? 0 : 1);
