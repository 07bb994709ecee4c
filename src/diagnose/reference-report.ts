// One snapshot's answer to "is it the collector, a cycle, or an extension?": collector, garbage and reference audit.
// Field names are snake_case because this is wire format (src/protocol/references.ts).

import type { HeapWalk } from '../cpython/heap-walk.ts';
import { type CollectedWalk, type CollectorReport, reportCollector } from './collector-report.ts';
import { type GarbageReport, reportGarbage } from './garbage-report.ts';
import { type RefcountReport, type RefcountReportOptions, reportRefcounts } from './refcount-report.ts';

export interface ReferenceReport {
  readonly collector: CollectorReport;
  readonly garbage: GarbageReport;
  readonly references: RefcountReport;
}

/** Plain data, from one walk; O(nodes + edges). */
export function reportReferences(
  walk: CollectedWalk & Pick<HeapWalk, 'refcounts'>,
  options: RefcountReportOptions,
): ReferenceReport {
  const garbage = reportGarbage(walk.graph, options);
  return {
    collector: reportCollector(walk, { count: garbage.old_objects, bytes: garbage.old_bytes }),
    garbage,
    references: reportRefcounts(walk.graph, walk.refcounts, options),
  };
}
