import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import { type BitSet, hasBit } from '../base/bitset.ts';
import { compareEntryCounts, compareNodes, compareTypes, findSurvivors, type NodeColumns } from './comparison.ts';
import { qualifiedTypeName } from './heap-graph.ts';

function drawBits(graph: TextGraph, set: BitSet): string {
  return graph.namesOf(Array.from({ length: graph.nodeCount }, (_, n) => n).filter((n) => hasBit(set, n)));
}

const FIRST =
  'address cache 0x100; address u1 0x200; address gone 0x300; type cache dict; entries cache 1; size gone 80';
const SECOND = `address cache 0x100; address u1 0x200; address u2 0x250; address tmp 0x300
  type cache dict; entries cache 2; size cache 64; type tmp list; size tmp 16`;
const THIRD = `address cache 0x100; address u1 0x200; address u2 0x250; address u3 0x400
  type cache dict; entries cache 3; size u2 24`;

describe('comparison', () => {
  test('tells fresh, gone and kept nodes apart; another type at an address is another node', () => {
    const [first, second] = [graphFromText(FIRST), graphFromText(SECOND)];
    const { fresh, ...numbers } = compareNodes(first, second);
    expect(drawBits(second, fresh)).toBe('u2 tmp');
    expect(numbers).toEqual({
      freshCount: 2,
      freshWords: 3,
      goneCount: 1,
      goneWords: 10,
      keptCount: 2,
      keptWordsDelta: 7,
    });
  });

  test('survivors came after the first snapshot and are still there in the third', () => {
    const [first, second, third] = [graphFromText(FIRST), graphFromText(SECOND), graphFromText(THIRD)];
    const survivors = findSurvivors(first, second, third);
    expect(drawBits(second, survivors.inSecond)).toBe('u2');
    expect(drawBits(third, survivors.inThird)).toBe('u2');
    expect([survivors.count, survivors.words]).toEqual([1, 3]);
  });

  test('containers whose entries changed', () => {
    const [first, third] = [graphFromText(FIRST), graphFromText(THIRD)];
    const changes = compareEntryCounts(first, third);
    expect(third.namesOf(changes.afterNodes)).toBe('cache');
    expect([...changes.deltas]).toEqual([2]);
    expect(first.namesOf(changes.beforeNodes)).toBe('cache');
  });

  test('types by words gained, also those that came or went', () => {
    const rows = compareTypes(
      graphFromText('node a; node b; type a x.Old; type b dict; size b 80'),
      graphFromText('node c; node d; node e; type c x.New; type d dict; type e dict; size c 800'),
    );
    expect(
      rows.map((r) => `${qualifiedTypeName(r.type)} ${r.countBefore}>${r.countAfter} ${r.wordsBefore}>${r.wordsAfter}`),
    ).toMatchInlineSnapshot(`
      [
        "x.New 0>1 0>100",
        "x.Old 1>0 1>0",
        "dict 1>2 10>2",
      ]
    `);
  });

  test('agrees with sets of (address, type) on random snapshots', () => {
    const types = ['A', 'B', 'C'].map((name, i) => ({ name, module: 'm', address: i }));
    const snapshot = fc
      .uniqueArray(fc.record({ address: fc.nat(40), type: fc.nat(2), words: fc.nat(9) }), {
        selector: (n) => n.address,
      })
      .map((nodes) => nodes.sort((a, b) => a.address - b.address));
    fc.assert(
      fc.property(
        snapshot,
        snapshot,
        snapshot,
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        (s1, s2, s3, order) => {
          // The second snapshot numbers its types in another order.
          const columnsOf = (nodes: typeof s1, numbering: readonly number[]): NodeColumns => ({
            addresses: Float64Array.from(nodes, (n) => n.address),
            typeOf: Uint32Array.from(nodes, (n) => numbering.indexOf(n.type)),
            types: numbering.map((t) => types[t]!),
            shallowWords: Uint32Array.from(nodes, (n) => n.words),
            entryCounts: new Uint32Array(nodes.length),
          });
          const [c1, c2, c3] = [columnsOf(s1, [0, 1, 2]), columnsOf(s2, order), columnsOf(s3, [0, 1, 2])];
          const keys = (nodes: typeof s1): Set<string> => new Set(nodes.map((n) => `${n.address}:${n.type}`));
          const [k1, k2] = [keys(s1), keys(s2)];
          const key = (n: { address: number; type: number }): string => `${n.address}:${n.type}`;

          const compared = compareNodes(c1, c2);
          s2.forEach((n, i) => {
            expect(hasBit(compared.fresh, i)).toBe(!k1.has(key(n)));
          });
          expect(compared.freshCount).toBe(s2.filter((n) => !k1.has(key(n))).length);
          expect(compared.goneCount).toBe(s1.filter((n) => !k2.has(key(n))).length);
          const { inThird, count } = findSurvivors(c1, c2, c3);
          const expected = s3.map((n) => k2.has(key(n)) && !k1.has(key(n)));
          expect(s3.map((_, i) => hasBit(inThird, i))).toEqual(expected);
          expect(count).toBe(expected.filter(Boolean).length);
        },
      ),
    );
  });
});
