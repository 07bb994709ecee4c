// The heap walk against what the target's own collector knows, on every interpreter of this machine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { IMMORTAL, referenceCountReader } from '../../src/cpython/reference-count.ts';
import { NodeFlag, RootKind } from '../../src/graph/heap-graph.ts';
import { AttachedTarget, type HeapCapture } from '../../src/session/attached-target.ts';
import { type GroundTruth, startZoo, type Zoo } from '../support/ground-truth.ts';
import { anyInterpreter, type Interpreter, interpreters } from '../support/interpreters.ts';
import { type Comparison, compareWithTruth, describeComparison } from './truth-comparison.ts';

/** Of the edges that gc.get_referents reports. */
const LEAST_RECALL = 0.9995;
/** Of our edges to tracked objects; what is missing to 1 is owned too, but not traversed by the C types concerned. */
const LEAST_PRECISION = 0.997;
/** Code objects are collected there, and report only some of what they own. */
const LEAST_PRECISION_FREE_THREADED = 0.97;
/** Locks and thread bookkeeping that the measuring child makes for itself. */
const FORK_ARTEFACTS = 10;

interface Case {
  readonly label: string;
  readonly interpreter: Interpreter;
  readonly env: Readonly<Record<string, string>>;
}

const cases: Case[] = [
  ...interpreters().map((interpreter) => ({ label: interpreter.label, interpreter, env: {} })),
  ...['malloc', 'pymalloc_debug'].map((allocator) => ({
    label: `${anyInterpreter().label} with PYTHONMALLOC=${allocator}`,
    interpreter: anyInterpreter(),
    env: { PYTHONMALLOC: allocator },
  })),
];

describe.each(cases)('the heap of $label', ({ interpreter, env }) => {
  let zoo: Zoo;
  let target: AttachedTarget;
  let truth: GroundTruth;
  let capture: HeapCapture;
  let comparison: Comparison;

  beforeAll(async () => {
    zoo = await startZoo(interpreter, { instances: 20, env });
    truth = await zoo.freeze();
    target = await AttachedTarget.attach(zoo.pid, new ProblemLog());
    capture = await target.capture();
    comparison = compareWithTruth(capture.walk.graph, truth);
  });
  afterAll(async () => {
    target?.close();
    await zoo?.stop();
  });

  it('has the nodes that the collector lists', () => {
    const missing = total(comparison.missingNodes);
    // gc.get_objects() leaves out the permanent generation, where 3.12 has the tuples of its frozen modules.
    const extra = total(comparison.extraNodes) - (comparison.extraNodes.get('builtins.tuple') ?? 0);
    expect(comparison.listed).toBeGreaterThan(50_000);
    expect(Math.max(missing, extra), describeComparison(comparison)).toBeLessThanOrEqual(FORK_ARTEFACTS);
  });

  it('has the edges that the collector traverses, and hardly others', () => {
    const least = interpreter.freeThreaded ? LEAST_PRECISION_FREE_THREADED : LEAST_PRECISION;
    expect(comparison.recall, describeComparison(comparison)).toBeGreaterThan(LEAST_RECALL);
    expect(comparison.precision, describeComparison(comparison)).toBeGreaterThan(least);
  });

  it('names every type as Python does', () => {
    // To 3.10 a running frame is an object; it is shown as what it is.
    const mismatches = [...comparison.typeMismatches.keys()].filter((names) => names !== 'builtins.frame <frame>');
    expect(mismatches).toEqual([]);
  });

  it('accounts for the references that objects count', () => {
    const { mortal, exact } = countReferences(target, capture);
    if (interpreter.freeThreaded) return;
    expect(exact / mortal, `${exact} of ${mortal}`).toBeGreaterThan(0.97);
  });

  it('gives objects at least the size that Python gives them', () => {
    const { graph } = capture.walk;
    const indexOf = new Map<number, number>();
    graph.addresses.forEach((address, node) => {
      indexOf.set(address, node);
    });
    const tooSmall = new Map<string, number>();
    truth.addresses.forEach((address, t) => {
      const node = indexOf.get(address);
      if (node === undefined || (graph.nodeFlags[node]! & (NodeFlag.static | NodeFlag.synthetic)) !== 0) return;
      const type = truth.types[truth.typeOf[t]!]!;
      if (graph.shallowWords[node]! * 8 < truth.sizes[t]! && !SIZES_OF_MORE.has(type)) {
        tooSmall.set(type, (tooSmall.get(type) ?? 0) + 1);
      }
    });
    expect(total(tooSmall), JSON.stringify([...tooSmall])).toBeLessThan(graph.nodeCount / 1000);
  });

  it('roots the interned strings', () => {
    const { roots } = capture.walk.graph;
    expect([...roots.kinds]).toContain(RootKind.interned);
  });
});

/** sys.getsizeof of these counts what they do not own. */
const SIZES_OF_MORE: ReadonlySet<string> = new Set();

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** How many tracked, mortal objects there are, and how many have as many references as there are edges to them. */
function countReferences(target: AttachedTarget, { walk, image }: HeapCapture): { mortal: number; exact: number } {
  const { graph } = walk;
  const countOf = referenceCountReader(image, target.interpreter.layout);
  const inDegree = new Uint32Array(graph.nodeCount);
  for (const node of graph.edgeTargets) inDegree[node]!++;
  let mortal = 0;
  let exact = 0;
  for (let node = 0; node < graph.nodeCount; node++) {
    if ((graph.nodeFlags[node]! & NodeFlag.tracked) === 0) continue;
    const count = countOf(graph.addresses[node]!);
    if (count === IMMORTAL) continue;
    mortal++;
    if (count === inDegree[node]) exact++;
  }
  return { mortal, exact };
}
