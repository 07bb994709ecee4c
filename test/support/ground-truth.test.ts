import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type GroundTruth, parseGroundTruth, startZoo, TruthFlag, type Zoo } from './ground-truth.ts';
import { interpreters } from './interpreters.ts';

let zoo: Zoo | undefined;
afterEach(async () => {
  await zoo?.stop();
  zoo = undefined;
});

describe.each(interpreters())('ground truth of $label', ({ path }) => {
  it('names hundreds of types, their edges, and stands still', async () => {
    zoo = await startZoo(path, { instances: 10 });
    const truth = await zoo.freeze();

    const counts = countByType(truth);
    expect(truth.edges.sources.length).toBeGreaterThan(truth.addresses.length);
    expectAscending(truth);
    expect(Math.max(...truth.edges.targets.subarray(0, 1000))).toBeLessThan(truth.addresses.length);

    expect(counts.size).toBeGreaterThan(450);
    expect(counts.get('zoo_builtin.Plain')).toBeGreaterThanOrEqual(10);
    for (const type of ['builtins.generator', 'builtins.coroutine', 'builtins.async_generator', 'collections.deque']) {
      expect(counts.get(type), type).toBeGreaterThanOrEqual(10);
    }
    // Both slots, and the class: instances of heap types own a reference to it.
    expect(targetTypes(truth, 'zoo_builtin.Slotted')).toEqual(
      new Set(['builtins.list', 'builtins.dict', 'builtins.type']),
    );
    expect(readFileSync(`/proc/${zoo.pid}/stat`, 'utf8').split(') ')[1]).toMatch(/^[Tt] /);
  });
});

describe('parseGroundTruth', () => {
  it('refuses what is not a truth file', () => {
    expect(() => parseGroundTruth(Buffer.from('something else'))).toThrow('not a truth file');
    const short = Buffer.alloc(48);
    short.write('ZOOTRUTH', 'latin1');
    short.writeUInt32LE(1, 8);
    expect(() => parseGroundTruth(short)).toThrow('48 bytes, not 40');
  });
});

describe('startZoo', () => {
  it('says so when the interpreter cannot be started', async () => {
    await expect(startZoo('/nonexistent/python3')).rejects.toThrow('ENOENT');
  });
});

function countByType(truth: GroundTruth): Map<string, number> {
  const counts = new Map<string, number>();
  truth.typeOf.forEach((type, node) => {
    if ((truth.flags[node]! & TruthFlag.measurement) !== 0) return;
    const name = truth.types[type]!;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  return counts;
}

function targetTypes(truth: GroundTruth, sourceType: string): Set<string> {
  const found = new Set<string>();
  truth.edges.sources.forEach((source, edge) => {
    if (truth.types[truth.typeOf[source]!] === sourceType) {
      found.add(truth.types[truth.typeOf[truth.edges.targets[edge]!]!]!);
    }
  });
  return found;
}

function expectAscending({ addresses, edges }: GroundTruth): void {
  let disorder = 0;
  for (let node = 1; node < addresses.length; node++) {
    if (addresses[node]! <= addresses[node - 1]!) disorder++;
  }
  for (let edge = 1; edge < edges.sources.length; edge++) {
    const step = edges.sources[edge]! - edges.sources[edge - 1]!;
    if (step < 0 || (step === 0 && edges.targets[edge]! <= edges.targets[edge - 1]!)) disorder++;
  }
  expect(disorder).toBe(0);
}
