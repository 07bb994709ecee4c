import fc from 'fast-check';
import { expect, test } from 'vitest';
import { graphFromEdges } from '../../test/support/graph-from-edges.ts';
import { setIndices } from '../base/bitset.ts';
import { EdgeKind, packEdgeName } from '../graph/heap-graph.ts';
import { edgesNamed, sourcesOf } from './edge-selection.ts';

const arbitraryName = fc.record({
  kind: fc.constantFrom(EdgeKind.attribute, EdgeKind.global, EdgeKind.element, EdgeKind.key),
  // Of an element or a key it may be far beyond the strings.
  payload: fc.oneof(fc.nat(4), fc.nat(100_000)),
});

test('references by a name are those of a kind that has one, whatever the payload of others; each has its source', () => {
  fc.assert(
    fc.property(fc.array(arbitraryName, { maxLength: 100 }), (drawn) => {
      // A name is one of five strings.
      const names = drawn.map(({ kind, payload }) =>
        kind === EdgeKind.attribute || kind === EdgeKind.global
          ? { kind, payload: payload % 5, isNamed: true }
          : { kind, payload, isNamed: false },
      );
      const edges = names.map((_, e): [number, number] => [e >> 2, 0]);
      const graph = {
        ...graphFromEdges({ nodeCount: 26, edges, roots: [0] }),
        edgeNames: Uint32Array.from(names, ({ kind, payload }) => packEdgeName(kind, payload)),
      };
      const found = edgesNamed(graph, Uint8Array.of(0, 1, 0, 1, 0));
      const expected = [...names.keys()].filter((e) => names[e]!.isNamed && names[e]!.payload % 2 === 1);
      expect([...setIndices(found)]).toEqual(expected);
      expect([...setIndices(sourcesOf(graph, found))]).toEqual([...new Set(expected.map((e) => e >> 2))]);
    }),
  );
});
