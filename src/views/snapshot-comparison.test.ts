import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analysed } from '../../test/support/analysed-graph.ts';
import { drawnFacts, drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { countBits } from '../base/bitset.ts';
import type { NodeColumns } from '../graph/comparison.ts';
import { NOT_A_CONTAINER } from '../graph/heap-graph.ts';
import { everyNode } from '../query/node-selection.ts';
import { compareSnapshots, memberSets, narrowToMembers } from './snapshot-comparison.ts';

interface Drawn {
  readonly address: number;
  readonly type: number;
}

const TYPES = ['A', 'B'].map((name, i) => ({ name, module: 'm', address: 0x10 * (i + 1) }));

function columns(drawn: readonly Drawn[]): NodeColumns {
  return {
    addresses: Float64Array.from(drawn, ({ address }) => address),
    typeOf: Uint32Array.from(drawn, ({ type }) => type),
    types: TYPES,
    shallowWords: new Uint32Array(drawn.length).fill(2),
    entryCounts: new Uint32Array(drawn.length).fill(NOT_A_CONTAINER),
  };
}

const snapshot = fc
  .uniqueArray(fc.record({ address: fc.integer({ min: 1, max: 30 }), type: fc.integer({ min: 0, max: 1 }) }), {
    selector: ({ address }) => address,
    maxLength: 20,
  })
  .map((drawn) => drawn.toSorted((a, b) => a.address - b.address));

test('every object is in one set: that of the snapshots with its address and type, without a gap', () => {
  fc.assert(
    fc.property(fc.array(snapshot, { minLength: 2, maxLength: 3 }), (snapshots) => {
      const expected = new Map<string, number>();
      for (let address = 1; address <= 30; address++) {
        const types = snapshots.map((drawn) => drawn.find((object) => object.address === address)?.type);
        // Newest to oldest; another type at the address ends the life of the one before it.
        let members: number[] = [];
        let type: number | undefined;
        const close = (): void => {
          if (members.length > 0) expected.set(`${members}`, (expected.get(`${members}`) ?? 0) + 1);
          members = [];
        };
        for (let s = snapshots.length - 1; s >= 0; s--) {
          if (types[s] === undefined) continue;
          if (members.length > 0 && types[s] !== type) close();
          type = types[s];
          members = [s, ...members];
        }
        close();
      }
      const sets = memberSets(snapshots.map(columns));
      expect(new Map(sets.map((set) => [`${set.in}`, set.objects]))).toEqual(expected);
      for (const set of sets) expect(set.bytes).toBe(set.objects * 16);
    }),
  );
});

test('three snapshots of a growing cache', () => {
  const heaps = [2, 4, 6].map(drawServiceHeap);
  const comparison = compareSnapshots(heaps.slice(0, 2), analysed(heaps[2]!), {
    snapshots: [0, 1, 2].map((minute) => drawnFacts(`${minute}.heap`, minute)),
    sameProcess: true,
    seconds: 120,
    top: 10,
    problems: [],
  });
  expect(comparison.entries).toEqual([
    { address: '0x1300', path: 'module shop.users › global user_cache', counts: [2, 4, 6] },
  ]);
  // Each user is three objects.
  expect(comparison.sets.map(({ in: places, objects }) => [places.join(), objects])).toEqual([
    ['2', 6],
    ['1,2', 6],
    ['0,1,2', 16],
  ]);
  expect(comparison.diff.new_objects).toBe(6);
});

test('the objects of a set can be asked for by the snapshots they are and are not in', () => {
  fc.assert(
    fc.property(fc.array(snapshot, { minLength: 2, maxLength: 3 }), (drawn) => {
      // What lies at an address is one object throughout: another that came back to it would be in two sets.
      const snapshots = drawn.map((objects) => columns(objects.map(({ address }) => ({ address, type: address % 2 }))));
      for (const set of memberSets(snapshots)) {
        const newest = snapshots[set.in.at(-1)!]!;
        const inside = set.in.slice(0, -1).map((place) => snapshots[place]!);
        const outside = snapshots.filter((_, place) => !set.in.includes(place));
        const all = everyNode(newest.addresses.length);
        expect(countBits(narrowToMembers(all, newest, { outside, inside }))).toBe(set.objects);
      }
    }),
  );
});
