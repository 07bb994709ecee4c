// Torn and forged memory: whatever the words of an image say, the walk ends, in time, in bounds, without an exception.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { type HeapWalk, walkHeap } from '../../src/cpython/heap-walk.ts';
import type { MemoryImage } from '../../src/cpython/memory-image.ts';
import type { Address, HeapGraph } from '../../src/graph/heap-graph.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

/** A whole walk of the target takes a tenth of a second; the rest is for a busy machine. */
const TIME_LIMIT_MS = 15_000;

const PROGRAM = `
import gc, sys, threading
from collections import OrderedDict, deque
from functools import lru_cache
class Slotted:
    __slots__ = ('left', 'right')
class Plain:
    def __init__(self): self.one, self.two = [1], {'a': (1, 2)}
@lru_cache(maxsize=50)
def cached(n): return [n]
def numbers():
    local = [1]
    yield local
keep = [Plain() for _ in range(200)], [Slotted() for _ in range(20)], deque([[i] for i in range(300)])
keep += OrderedDict((str(i), [i]) for i in range(50)), [cached(i) for i in range(60)], {frozenset([i, str(i)]) for i in range(50)}
keep += [numbers() for _ in range(10)], sys._getframe(), {i: [i] for i in range(500)}, type('Made', (Plain,), {})
for generator in keep[6]: next(generator)
print('ready', flush=True)
sys.stdin.read()
`;

const oldest = interpreters()[0]!;
const newest = anyInterpreter();

describe.each(oldest === newest ? [newest] : [oldest, newest])('damaged memory of $label', (interpreter) => {
  let process: TargetProcess;
  let target: AttachedTarget;
  let image: MemoryImage;
  let whole: HeapWalk;

  beforeAll(async () => {
    process = await startPython(interpreter.path, PROGRAM);
    target = await AttachedTarget.attach(process.pid, new ProblemLog());
    const capture = await target.capture();
    image = capture.image;
    whole = capture.walk;
  });
  afterAll(async () => {
    target?.close();
    await process?.stop();
  });

  /** Writes `words` (address and two halves), walks, checks the bounds, and puts the old words back. */
  function walkDamaged(words: readonly (readonly [Address, number, number])[]): { walk: HeapWalk; problems: string[] } {
    const undo: (() => void)[] = [];
    for (const [address, low, high] of words) {
      const segment = image.segments[image.segmentIndex(address)]!;
      const view = new DataView(segment.bytes.buffer, segment.bytes.byteOffset + (address - segment.start), 8);
      const [oldLow, oldHigh] = [view.getUint32(0, true), view.getUint32(4, true)];
      undo.unshift(() => {
        view.setUint32(0, oldLow, true);
        view.setUint32(4, oldHigh, true);
      });
      view.setUint32(0, low, true);
      view.setUint32(4, high, true);
    }
    try {
      const problems = new ProblemLog();
      const start = performance.now();
      const walk = walkHeap({ image, interpreter: target.interpreter }, problems);
      expect(performance.now() - start).toBeLessThan(TIME_LIMIT_MS);
      expectSound(walk.graph, image);
      return { walk, problems: problems.list().map((problem) => problem.code) };
    } finally {
      for (const restore of undo) restore();
    }
  }

  /** Addresses of the objects of a type. */
  function objectsOf(name: string): Address[] {
    const { graph } = whole;
    return [...graph.addresses].filter((_, node) => graph.types[graph.typeOf[node]!]!.name === name);
  }

  const offset = (path: string): number => target.interpreter.layout.need(path);
  const pointer = (address: Address): readonly [number, number] => [address >>> 0, Math.floor(address / 2 ** 32)];
  const HUGE = [0, 0x1000_0000] as const;

  it('survives any words anywhere', () => {
    const writable = image.segments.filter((segment) => segment.writable);
    const place = fc
      .tuple(fc.nat({ max: writable.length - 1 }), fc.nat({ max: 0x7fff_ffff }))
      .map(([s, at]) => writable[s]!.start + (at % (writable[s]!.bytes.length / 8)) * 8);
    const object = fc.nat({ max: whole.graph.nodeCount - 1 }).map((node) => whole.graph.addresses[node]!);
    // Half of the damage hits objects' first words, where it does most harm.
    const where = fc.oneof(
      place,
      fc
        .tuple(object, fc.nat({ max: 10 }))
        .map(([address, word]) => address - 16 + word * 8)
        .filter((address) => image.bytes(address, 8) !== undefined && image.segmentIndex(address) >= 0),
    );
    const what = fc.oneof(
      fc.constantFrom([0, 0], [1, 0], [0xffff_ffff, 0xffff_ffff], [0, 0x1000_0000], [64, 0]),
      place.map(pointer),
      object.map(pointer),
      fc.tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 0xffff_ffff })),
    );
    const damage = fc.array(
      fc.tuple(where, what).map(([address, [low, high]]) => [address, low!, high!] as const),
      { minLength: 1, maxLength: 400 },
    );
    fc.assert(
      fc.property(damage, (words) => {
        walkDamaged(words);
      }),
      { numRuns: 25, seed: 20, endOnFailure: true },
    );
  });

  it('does not believe lengths', () => {
    const forged = [
      ...objectsOf('list').map((list) => list + offset('PyListObject.ob_size')),
      ...objectsOf('tuple').map((tuple) => tuple + offset('PyTupleObject.ob_size')),
      ...objectsOf('set').map((set) => set + offset('PySetObject.mask')),
      ...objectsOf('deque').map((deque) => deque + offset('dequeobject.ob_size')),
      ...objectsOf('bytes').map((bytes) => bytes + offset('PyBytesObject.ob_size')),
      ...objectsOf('Plain').map((plain) => plain - 24),
      ...objectsOf('type').map((type) => type + offset('PyTypeObject.ob_size')),
      ...objectsOf('dict')
        .map((dict) => image.pointer(dict + offset('PyDictObject.ma_keys')))
        .filter((keys) => image.segmentIndex(keys) >= 0)
        .map((keys) => keys + offset('PyDictKeysObject.dk_nentries')),
    ].filter((address) => image.segmentIndex(address) >= 0);
    expect(walkDamaged(forged.map((address) => [address, ...HUGE] as const)).problems).toContain('torn-list');
    // Lengths that stay inside the copied memory are the worst: every list is as long as the heap.
    walkDamaged(forged.map((address) => [address, 20_000, 0] as const));
  });

  it('ends chains that bite their tails', () => {
    const dequeBlocks = objectsOf('deque').map((deque) => image.pointer(deque + offset('dequeobject.leftblock')));
    const ordered = objectsOf('OrderedDict').map((dict) => image.pointer(dict + offset('PyODictObject.od_first')));
    const links = objectsOf('_lru_list_elem');
    const loops: (readonly [Address, Address])[] = [
      ...dequeBlocks.map((block) => [block + offset('BLOCK.rightlink'), block] as const),
      ...ordered.map((node) => [node + offset('_ODictNode.next'), node] as const),
      ...links.map((link) => [link + offset('lru_list_elem.next'), links[0]!] as const),
    ];
    const words = loops.map(([address, to]) => [address, ...pointer(to)] as const);
    const sizes = objectsOf('deque').map((deque) => [deque + offset('dequeobject.ob_size'), ...HUGE] as const);
    expect(words.length).toBeGreaterThan(50);
    expect(walkDamaged([...words, ...sizes]).problems).toEqual(
      expect.arrayContaining(['torn-deque', 'torn-ordered-dict', 'torn-cache']),
    );
  });

  it("ends the collector's lists, and keeps what it has", () => {
    const tracked = objectsOf('Plain').map((object) => object - 16);
    const { walk, problems } = walkDamaged(tracked.map((head) => [head, ...pointer(head)] as const));
    expect(problems).toContain('torn-collector-list');
    expect(walk.graph.nodeCount).toBeGreaterThan(1000);
  });

  it('does not believe types that are their own ancestors', () => {
    const classes = objectsOf('type').filter((type) => image.segments[image.segmentIndex(type)]?.writable === true);
    const circle = (field: string) =>
      classes.map((type, i) => [type + offset(field), ...pointer(classes[(i + 1) % classes.length]!)] as const);
    walkDamaged(circle('PyTypeObject.tp_base'));
    walkDamaged(circle('PyObject.ob_type'));
    walkDamaged([...circle('PyTypeObject.tp_base'), ...circle('PyObject.ob_type')]);
  });

  it('survives pools and arenas that lie', () => {
    const pools: (readonly [Address, number, number])[] = [];
    for (const segment of image.segments) {
      if (!segment.writable) continue;
      const first = Math.ceil(segment.start / 16384) * 16384;
      for (let pool = first; pool + 48 < segment.start + segment.bytes.length; pool += 16384) {
        // The free list's head points at itself, or at another pool's.
        pools.push([pool + 8, ...pointer(pool + 8)]);
      }
    }
    walkDamaged(pools);
    walkDamaged(pools.map(([address]) => [address - 8, 0xffff_ffff, 0xffff_ffff] as const));
    walkDamaged(pools.map(([address]) => [address + 24, 0xffff_ffff, 0xffff_ffff] as const));
  });
});

/** The graph is one: its columns agree, its edges end at nodes, and it is no larger than the memory it came from. */
function expectSound(graph: HeapGraph, image: MemoryImage): void {
  const words = image.segments.reduce((sum, segment) => sum + segment.bytes.length / 8, 0);
  expect(graph.nodeCount).toBeLessThan(words);
  expect(graph.edgeCount).toBeLessThanOrEqual(2 * words + 1);
  let faults = 0;
  for (let node = 0; node < graph.nodeCount; node++) {
    if (node > 0 && graph.addresses[node]! <= graph.addresses[node - 1]!) faults++;
    if (graph.firstEdge[node + 1]! < graph.firstEdge[node]!) faults++;
    if (graph.typeOf[node]! >= graph.types.length) faults++;
  }
  for (let edge = 0; edge < graph.edgeCount; edge++) if (graph.edgeTargets[edge]! >= graph.nodeCount) faults++;
  if (graph.firstEdge[graph.nodeCount] !== graph.edgeCount) faults++;
  expect(faults).toBe(0);
}
