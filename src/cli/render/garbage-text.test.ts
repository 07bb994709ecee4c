// The text of collector, garbage and reference audit, over a drawn heap.

import { expect, test } from 'vitest';
import { auditDrawn, drawnWalk } from '../../../test/support/drawn-runs.ts';
import { graphFromText } from '../../../test/support/graph-from-text.ts';
import { reportReferences } from '../../diagnose/reference-report.ts';
import { renderReferences } from './garbage-text.ts';
import { createRenderStyle } from './render-style.ts';

const rings = Array.from(
  { length: 3 },
  (_, i) => `
    job${i} -> dict${i} [field __dict__] -> pickler${i} [attribute pickler] -> memo${i} [field cache] -> job${i} [value 0]
    type job${i} shop.Job; type dict${i} dict; type pickler${i} _pickle.Pickler; type memo${i} dict
    flags job${i} oldGeneration; size job${i} 64; size dict${i} 120; size pickler${i} 800; size memo${i} 232
  `,
).join('\n');
const HEAP = `
  ${rings}
  root interpreter gc.garbage -> kept -> broken [element 0]; type kept list; type broken shop.Broken
  root hooks gc.callbacks -> callbacks -> report [element 0]; type callbacks list
  type report function; label report on_collection; flags report code
  class:shop.Job -> jobDict [field __dict__] -> del [attribute __del__]; type class:shop.Job type; type jobDict dict
  root -> class:shop.Job; type del function
  root -> cache -> thing [element 0]; type cache list; type thing _leaky.Thing
`;

function report() {
  const graph = graphFromText(HEAP);
  const address = (name: string): number => graph.addresses[graph.node(name)]!;
  const job = graph.types.findIndex(({ name }) => name === 'Job');
  const types = graph.types.map((type, i) => (i === job ? { ...type, address: address('class:shop.Job') } : type));
  const named = { ...graph, types };
  const walk = drawnWalk(named, {
    collector: { enabled: false, garbageList: address('kept'), callbacks: address('callbacks'), debug: 32 },
    collectorLists: { generations: [120, 40, 81_234], permanent: 5000 },
    refcounts: auditDrawn(
      named,
      { thing: 1234 },
      {
        fileAt: () => undefined,
        nativeWords: (visit) => visit(address('thing'), { place: 'static', name: '_leaky.cpython-312.so' }),
      },
    ),
  });
  return reportReferences(walk, {
    top: 5,
    extensionModules: ['_leaky', 'ujson'],
    pathOf: () => 'module shop › global cache',
  });
}

test('in 120 columns', () => {
  expect(renderReferences(report(), createRenderStyle({ columns: 120 }))).toMatchInlineSnapshot(`
    "collector  off · thresholds 700, 10, 10 · counts 0, 0, 0 · gc.DEBUG_SAVEALL · callbacks on_collection
      GENERATION  OBJECTS  COLLECTIONS  COLLECTED  UNCOLLECTABLE
               0      120            9          0              0
               1       40            3          0              0
               2   81,234            1          0              0
      the cyclic collector is disabled (gc.disable)
      gc.DEBUG_SAVEALL is set: what the collector finds unreachable is kept in gc.garbage, 1 object so far
      5,000 objects are set aside by gc.freeze: the collector never looks at them

    garbage  12 unreachable objects, 3.6 KB · 3 clusters · 3 wait for a full collection
       BYTES  OBJECTS  CLUSTERS  __DEL__   CYCLE
      3.6 KB       12         3  shop.Job  _pickle.Pickler.cache → dict → shop.Job.pickler → _pickle.Pickler
      gc.garbage keeps 1 shop.Broken

    references  21 objects audited · 0 immortal · 1,233 references lost
      REFERENCES   LOST  OBJECTS  BYTES  TYPE
           1,234  1,233        1    8 B  _leaky.Thing
      _leaky.Thing held by static data of _leaky.cpython-312.so (1)
      _leaky.Thing could be held by: _leaky (defines the type), ujson (loaded)
      _leaky.Thing 0x1140 lost 1,233: module shop › global cache
    "
  `);
});

test('in 80 columns', () => {
  expect(renderReferences(report(), createRenderStyle({ columns: 80 }))).toMatchInlineSnapshot(`
    "collector  off · thresholds 700, 10, 10 · counts 0, 0, 0 · gc.DEBUG_SAVEALL
    · callbacks on_collection
      GENERATION  OBJECTS  COLLECTIONS  COLLECTED  UNCOLLECTABLE
               0      120            9          0              0
               1       40            3          0              0
               2   81,234            1          0              0
      the cyclic collector is disabled (gc.disable)
      gc.DEBUG_SAVEALL is set: what the collector finds unreachable is kept in
      gc.garbage, 1 object so far
      5,000 objects are set aside by gc.freeze: the collector never looks at them

    garbage  12 unreachable objects, 3.6 KB · 3 clusters
    · 3 wait for a full collection
       BYTES  OBJECTS  CLUSTERS  __DEL__   CYCLE
      3.6 KB       12         3  shop.Job  _pickle.Pickler.cach…er → _pickle.Pickler
      gc.garbage keeps 1 shop.Broken

    references  21 objects audited · 0 immortal · 1,233 references lost
      REFERENCES   LOST  OBJECTS  BYTES  TYPE
           1,234  1,233        1    8 B  _leaky.Thing
      _leaky.Thing held by static data of _leaky.cpython-312.so (1)
      _leaky.Thing could be held by: _leaky (defines the type), ujson (loaded)
      _leaky.Thing 0x1140 lost 1,233: module shop › global cache
    "
  `);
});

test('of a healthy free-threaded process', () => {
  const graph = graphFromText('root -> a');
  const text = renderReferences(
    reportReferences(drawnWalk(graph, { refcounts: auditDrawn(graph) }), { top: 5 }),
    createRenderStyle({ columns: 80 }),
  );
  expect(text).toMatchInlineSnapshot(`
    "collector  on · thresholds 700, 10, 10 · counts 0, 0, 0
      GENERATION  OBJECTS  COLLECTIONS  COLLECTED  UNCOLLECTABLE
               0        -            9          0              0
               1        -            3          0              0
               2        -            1          0              0
      this build keeps no lists: generations have no sizes

    garbage  none

    references  1 object audited · 0 immortal · 0 references lost
    "
  `);
});
