// The text of `leakscope gc`, narrow and wide.

import * as v from 'valibot';
import { expect, test } from 'vitest';
import { collectedGc, storedGc, watchedGc } from '../../../test/support/gc-reports.ts';
import type { GcReport } from '../../diagnose/gc-report.ts';
import { GcReportSchema } from '../../protocol/gc.ts';
import { renderGc } from './gc-text.ts';
import { createRenderStyle } from './render-style.ts';

/** Drawn reports are as real ones: they pass the schema. */
function text(report: GcReport, columns: number): string {
  expect(v.parse(GcReportSchema, report)).toEqual(report);
  return renderGc(report, createRenderStyle({ columns }));
}

test('a watched collector in 80 columns', () => {
  expect(text(watchedGc, 80)).toMatchInlineSnapshot(`
    "CPython 3.15.2 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    48,210 objects (9.1 MB) that nothing reaches wait for a full collection; full
    collections are rare: 3 so far; the next comes when 500,000 objects have grown
    old, 40,000 have; garbage grew by 12,400 objects in 1 min

    collector  on · thresholds 2000, 10, 10 · counts 702, 10, 4
    · callbacks shop.metrics.on_collection, functools.partial of shop.metrics.count
      GENERATION    OBJECTS  COLLECTIONS  COLLECTED  UNCOLLECTABLE
               0        702        8,123    102,947              0
               1        972          738      7,696              0
               2  2,000,000            3      1,200              0
      48,210 objects (9.1 MB) that nothing reaches wait for a full collection; full
      collections are rare: 3 so far; the next comes when 500,000 objects have grown
      old, 40,000 have

    in 1 min
      generation 0: 321 collections (321/min), 96 ms in all; 642,000 objects
        freed, 2,000 by each
      generation 1: 29 collections (29/min), 13 ms in all; 55,100 objects freed,
        1,900 by each
      1.0 % of 1,190 looks met a collection
      the collector was off at 8.4 % of them: it is switched
      garbage +12,400 objects (+2.3 MB, +12,400/min): 6,200 shop.Order (1.1 MB)
      oldest generation +31,200 objects, 33,100 came into it and stayed: 12,000
        shop.Order (2.2 MB)

    what the generations hold
      generation 0: 702 objects, 55 KB, 668 of them garbage: 702 shop.Order (55
        KB), 2 more types
      generation 1: 972 objects, 76 KB: 972 shop.Order (76 KB), 2 more types
      generation 2: 2,000,000 objects, 153 MB, 48,210 of them garbage: 2,000,000
        shop.Order (153 MB), 2 more types

    other interpreters
      interpreter 1: on, thresholds 2000, 10, 10, 34,210 objects, 375 frozen, 3
        full collections

    the next full collection
      the program stands still between 87 ms and 779 ms for it, estimated by
        2,001,674 objects and 6,120,000 references; the last one took 413 ms
      starts when generation 1 has been collected 11 times since the last one (4
        so far), each after 11 collections of generation 0 (10 so far), and 500,000
        objects have grown old since (40,000 so far: this holds it back)

    garbage  48,878 unreachable objects, 9.2 MB · 24,105 clusters
    · 48,210 wait for a full collection
       BYTES  OBJECTS  CLUSTERS  __DEL__    CYCLE
      781 KB    4,000     2,000  shop.Line  shop.Line.order → sh…er.line → shop.Line

    what to do
      starved: call gc.collect() now and then where a pause does no harm, or cut
        the cycles that become garbage

    process paused 41, 39 ms
    "
  `);
});

test('a watched collector in 140 columns', () => {
  expect(text(watchedGc, 140)).toMatchInlineSnapshot(`
    "CPython 3.15.2 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    48,210 objects (9.1 MB) that nothing reaches wait for a full collection; full collections are rare: 3 so far; the next comes when 500,000
    objects have grown old, 40,000 have; garbage grew by 12,400 objects in 1 min

    collector  on · thresholds 2000, 10, 10 · counts 702, 10, 4 · callbacks shop.metrics.on_collection, functools.partial of shop.metrics.count
      GENERATION    OBJECTS  COLLECTIONS  COLLECTED  UNCOLLECTABLE
               0        702        8,123    102,947              0
               1        972          738      7,696              0
               2  2,000,000            3      1,200              0
      48,210 objects (9.1 MB) that nothing reaches wait for a full collection; full collections are rare: 3 so far; the next comes when 500,000
      objects have grown old, 40,000 have

    in 1 min
      generation 0: 321 collections (321/min), 96 ms in all; 642,000 objects freed, 2,000 by each
      generation 1: 29 collections (29/min), 13 ms in all; 55,100 objects freed, 1,900 by each
      1.0 % of 1,190 looks met a collection
      the collector was off at 8.4 % of them: it is switched
      garbage +12,400 objects (+2.3 MB, +12,400/min): 6,200 shop.Order (1.1 MB)
      oldest generation +31,200 objects, 33,100 came into it and stayed: 12,000 shop.Order (2.2 MB)

    what the generations hold
      generation 0: 702 objects, 55 KB, 668 of them garbage: 702 shop.Order (55 KB), 2 more types
      generation 1: 972 objects, 76 KB: 972 shop.Order (76 KB), 2 more types
      generation 2: 2,000,000 objects, 153 MB, 48,210 of them garbage: 2,000,000 shop.Order (153 MB), 2 more types

    other interpreters
      interpreter 1: on, thresholds 2000, 10, 10, 34,210 objects, 375 frozen, 3 full collections

    the next full collection
      the program stands still between 87 ms and 779 ms for it, estimated by 2,001,674 objects and 6,120,000 references; the last one took 413
        ms
      starts when generation 1 has been collected 11 times since the last one (4 so far), each after 11 collections of generation 0 (10 so
        far), and 500,000 objects have grown old since (40,000 so far: this holds it back)

    garbage  48,878 unreachable objects, 9.2 MB · 24,105 clusters · 48,210 wait for a full collection
       BYTES  OBJECTS  CLUSTERS  __DEL__    CYCLE
      781 KB    4,000     2,000  shop.Line  shop.Line.order → shop.Order.line → shop.Line

    what to do
      starved: call gc.collect() now and then where a pause does no harm, or cut the cycles that become garbage

    process paused 41, 39 ms
    "
  `);
});

test('a file that does not say much, and what a collection freed', () => {
  expect(text(storedGc, 80)).toMatchInlineSnapshot(`
    "PyPy 3.10.16 · app.py · pid 4242
    the file does not say how the cyclic collector was set; nothing waits for it

    what the generations hold
      generations 0 and 1: 900 objects, 70 KB: 900 shop.Order (70 KB), 2 more
        types
      generation 2 and frozen: 81,234 objects, 6.2 MB: 81,234 shop.Order (6.2 MB),
        2 more types

    the next full collection
      the program stands still between 2.7 ms and 23 ms for it, estimated by
        82,134 objects and 210,000 references

    garbage  none
    "
  `);
  expect(text(collectedGc, 140)).toMatchInlineSnapshot(`
    "CPython 3.15.2 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    the collection freed 1,460 objects (114 KB)

    collection  gc.collect() found 688 unreachable objects in 2.1 ms · RSS -3.0 MB · gc.garbage +3 · by the agent
      freed: 730 shop.Order (57 KB), 730 shop.Line (57 KB)
      still unreachable: 4,340 objects

    what the generations hold
      generations 0 and 1: 900 objects, 70 KB: 900 shop.Order (70 KB), 2 more types
      generation 2 and frozen: 81,234 objects, 6.2 MB: 81,234 shop.Order (6.2 MB), 2 more types

    the next full collection
      the program stands still between 2.7 ms and 23 ms for it, estimated by 82,134 objects and 210,000 references

    garbage  none

    process paused 31, 46 ms
    "
  `);
});

test('no text of a target reaches the terminal as it is', () => {
  const report = { ...storedGc, target: { ...storedGc.target, app: 'app\u001b[31m.py' } };
  expect(text(report, 80)).not.toContain('\u001b[31m');
});
