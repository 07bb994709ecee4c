// What the audit makes of drawn heaps: which references it counts, what it finds in native memory, what it refuses.

import { describe, expect, test } from 'vitest';
import { auditDrawn } from '../../test/support/drawn-runs.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { ProblemLog } from '../base/problems.ts';
import { qualifiedTypeName } from '../graph/heap-graph.ts';
import { auditReferences, type NativeHolder, type RefcountAudit, reportDeficits } from './refcount-audit.ts';
import { IMMORTAL } from './reference-count.ts';

const HEAP = `
  root -> app -> shared [global SHARED] -> item [element 0]; app -> item [global item]
  root native -> held; flags held nativelyHeld; type app dict; type shared list; type item str; type held str; size shared 64
`;

function columns(audit: RefcountAudit, types: readonly { readonly name: string; readonly module: string }[]) {
  return types.flatMap((type, i) =>
    audit.surplusObjects[i] === 0
      ? []
      : [
          `${qualifiedTypeName({ ...type, address: 0 })}: ${audit.surplusObjects[i]} with ${audit.surplusReferences[i]}, ${audit.lostReferences[i]} lost of ${audit.lostObjects[i]}`,
        ],
  );
}

describe('the reference audit', () => {
  test('counts what no referrer accounts for, by type; a native root is no referrer', () => {
    const graph = graphFromText(HEAP);
    const audit = auditDrawn(graph, { shared: 7 });
    expect(columns(audit, graph.types)).toEqual(['list: 1 with 7, 7 lost of 1', 'str: 1 with 1, 1 lost of 1']);
    expect(audit.surplusBytes[graph.typeOf[graph.node('shared')]!]).toBe(64);
    expect(
      audit.mostLost.map(({ address, references }) => [graph.nameOf(graph.addresses.indexOf(address)), references]),
    ).toEqual([
      ['shared', 7],
      ['held', 1],
    ]);
  });

  test('takes from a surplus what native memory holds, never more, and says where it is', () => {
    const graph = graphFromText(HEAP);
    const library: NativeHolder = { place: 'static', name: '_leaky.so' };
    const call: NativeHolder = { place: 'call', name: '' };
    const shared = graph.addresses[graph.node('shared')]!;
    const item = graph.addresses[graph.node('item')]!;
    const audit = auditDrawn(
      graph,
      { shared: 2 },
      {
        nativeWords: (visit) => {
          visit(shared, library);
          for (let i = 0; i < 5; i++) visit(shared, call);
          // Borrowed by native code: its count is accounted for.
          visit(item, call);
          visit(1234, call);
        },
      },
    );
    expect(columns(audit, graph.types)).toEqual(['list: 1 with 2, 0 lost of 0', 'str: 1 with 1, 1 lost of 1']);
    expect(audit.held.map(({ holder, references }) => [holder.place, holder.name, references])).toEqual([
      ['static', '_leaky.so', 1],
      ['call', '', 1],
    ]);
  });

  test('objects with fewer references than referrers are misread; guessed and borrowed referrers do not count', () => {
    const graph = graphFromText(`
      root -> a -> wrong [element 0]; a -> wrong [element 1]; a -> guessed [scanned 0]; a -> lent [local x]
      free -> stale [element 0]; flags free ownerless; root interned -> table -> text [key 0]; table -> text [value 0]
      type text str
    `);
    const counts: Record<string, number> = {
      wrong: 1,
      guessed: 0,
      lent: 0,
      stale: 0,
      text: 0,
      a: 1,
      free: 0,
      table: 1,
    };
    const audit = auditReferences({
      graph,
      countOf: (address) => counts[graph.nameOf(graph.addresses.indexOf(address))] ?? IMMORTAL,
      nodeAt: (word) => graph.addresses.indexOf(word),
      fileAt: () => undefined,
      borrowed: (visit) => visit(graph.addresses[graph.node('lent')]!),
      nativeWords: () => {},
    });
    expect(audit.deficitExamples).toEqual([graph.addresses[graph.node('wrong')]]);
    expect(audit.deficitReferences.reduce((a, b) => a + b)).toBe(1);
    const problems = new ProblemLog();
    reportDeficits(audit, 1, problems);
    expect(problems.list()).toEqual([]);
    reportDeficits(audit, 0, problems);
    expect(problems.list()).toMatchObject([{ code: 'fewer-references', count: 1 }]);
  });

  test('leaves out what has no count: immortal, static and synthetic objects, and freed ones', () => {
    const graph = graphFromText(`
      root -> forever; root -> constant; root -> thread; node freed
      flags constant static; flags thread synthetic; flags freed ownerless
    `);
    const audit = auditReferences({
      graph,
      countOf: (address) => (address === graph.addresses[graph.node('forever')] ? IMMORTAL : 1_000_000),
      nodeAt: (word) => graph.addresses.indexOf(word),
      fileAt: () => undefined,
      borrowed: () => {},
      nativeWords: () => {},
    });
    expect([audit.audited, audit.uncounted, columns(audit, graph.types)]).toEqual([0, 1, []]);
  });

  test('keeps the objects that lost most, however many there are', () => {
    const names = Array.from({ length: 400 }, (_, i) => `o${i}`);
    const graph = graphFromText(names.map((name) => `root -> ${name}`).join('\n'));
    // A permutation, so that neither order of insertion is sorted.
    const lost = Object.fromEntries(names.map((name, i) => [name, ((i * 37) % 400) + 1]));
    const { mostLost } = auditDrawn(graph, lost);
    expect(mostLost.map(({ references }) => references)).toEqual(Array.from({ length: 256 }, (_, i) => 400 - i));
  });
});
