// Which traced block holds which object, compared with tracemalloc.get_object_traceback() inside the same process at the
// same moment: the same traceback for every object there is, in every interpreter.

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import { findTraceOwners } from '../src/cpython/tracemalloc/trace-owners.ts';
import { readTracemalloc } from '../src/cpython/tracemalloc/tracemalloc-snapshot.ts';
import { NO_NODE } from '../src/graph/heap-graph.ts';
import { AttachedTarget } from '../src/session/attached-target.ts';
import { interpreters } from './support/interpreters.ts';
import { startCommand } from './support/target-process.ts';

const OBJECTS = fileURLToPath(new URL('targets/traced_objects.py', import.meta.url));

interface Answer {
  readonly addresses: readonly number[];
  readonly tracebacks: readonly ((readonly [string, number])[] | null)[];
  /** Positions of some objects of each kind. */
  readonly kinds: Readonly<Record<string, readonly number[]>>;
  readonly types: readonly string[];
  /** Bytes of the same objects of some kinds, with all they own. */
  readonly sizes: Readonly<Record<string, readonly number[]>>;
}

const everywhere = interpreters();
/** Allocators that put headers of their own before blocks, or have no small blocks, in the oldest and the newest version. */
const runs = everywhere.flatMap((python) => {
  const others = python === everywhere[0] || python === everywhere.at(-1) ? ['debug', 'malloc'] : [];
  return ['default', ...others].map((allocator) => ({ python, allocator }));
});

for (const { python, allocator } of runs) {
  // Free-threaded builds have one allocator.
  describe.skipIf(python.freeThreaded && allocator === 'malloc')(`CPython ${python.label}, ${allocator}`, () => {
    test('every object has the traceback that tracemalloc gives it', async () => {
      const target = await startCommand([python.path, OBJECTS, '5'], { env: { PYTHONMALLOC: allocator } });
      const problems = new ProblemLog();
      const attached = await AttachedTarget.attach(target.pid, problems);
      try {
        const { walk, image } = await attached.capture();
        const snapshot = readTracemalloc(image, attached.interpreter, problems);
        if (typeof snapshot === 'string') throw new Error(snapshot);
        target.child.stdin!.write('go on\n');
        const answer = JSON.parse(await target.nextLine()) as Answer;

        const { traces } = snapshot;
        const { tracebacks } = traces;
        const owners = findTraceOwners(traces, walk.blocks);
        // Of the blocks that an object lies in or owns, the one it lies in has its address or comes before it.
        const traceOf = new Map<number, number>();
        const ownedBytes = new Map<number, number>();
        for (let i = 0; i < traces.count; i++) {
          if (owners[i] === NO_NODE) continue;
          const object = walk.graph.addresses[owners[i]!]!;
          const header = object - traces.addresses[i]!;
          if (header >= 0 && header <= 32) traceOf.set(object, i);
          ownedBytes.set(object, (ownedBytes.get(object) ?? 0) + traces.sizes[i]!);
        }
        const tracebackAt = (object: number): [string, number][] | null => {
          const trace = traceOf.get(object);
          if (trace === undefined) return null;
          const frames: [string, number][] = [];
          const t = traces.tracebackOf[trace]!;
          for (let f = tracebacks.firstFrame[t]!; f < tracebacks.firstFrame[t + 1]!; f++) {
            frames.unshift([tracebacks.fileNames[tracebacks.files[f]!]!, tracebacks.lines[f]!]);
          }
          return frames;
        };
        const different = answer.addresses.flatMap((address, i) => {
          const [here, there] = [tracebackAt(address), answer.tracebacks[i]!];
          return JSON.stringify(here) === JSON.stringify(there) ? [] : [{ type: answer.types[i], here, there }];
        });
        expect(different.slice(0, 10), `${different.length} of ${answer.addresses.length}`).toEqual([]);
        const said = problems.list().map(({ code }) => code);
        expect(said).toEqual(allocator === 'malloc' ? ['no-small-block-allocator'] : []);

        // Not all of them are without one, and each kind was among them.
        const traced = answer.tracebacks.filter((frames) => frames !== null).length;
        expect(traced).toBeGreaterThan(3000);
        for (const [kind, positions] of Object.entries(answer.kinds)) {
          const found = positions.filter((i) => answer.tracebacks[i] !== null);
          expect(found.length, kind).toBeGreaterThan(0);
        }

        // What containers keep their entries in is theirs, to the byte.
        for (const [kind, sizes] of Object.entries(answer.sizes)) {
          const here = answer.kinds[kind]!.map((i) => ownedBytes.get(answer.addresses[i]!));
          expect(here, kind).toEqual(sizes);
        }
      } finally {
        attached.close();
        await target.stop();
      }
    }, 180_000);
  });
}
