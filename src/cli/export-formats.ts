// From a heap to the pieces of an exported file, by format; and how each is opened.

import { VERSION } from '../base/version.ts';
import { reportHeap } from '../diagnose/heap-report.ts';
import { computeRetention, type Retention } from '../diagnose/retention.ts';
import { collapsedLines } from '../export/collapsed-stacks.ts';
import { type CsvTable, holdersCsv, rootsCsv, typesCsv } from '../export/csv-tables.ts';
import { heapSnapshotChunks } from '../export/heap-snapshot.ts';
import { pprofBytes } from '../export/pprof.ts';
import { speedscopeText } from '../export/speedscope.ts';
import { foldDominators, type StackTree } from '../export/stack-tree.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import type { ExportFormat } from '../protocol/export.ts';
import { gzipped } from '../session/export-file.ts';
import type { LoadedHeap } from './heap-source.ts';
import { sanitize } from './render/sanitize.ts';

export const OPEN_WITH: Readonly<Record<ExportFormat, string>> = {
  heapsnapshot: 'Chrome DevTools, Memory, Load profile; or memlab',
  pprof: 'go tool pprof -http=: FILE; or Pyroscope',
  speedscope: 'https://www.speedscope.app, which reads the file in the browser and sends it nowhere',
  collapsed: 'flamegraph.pl --countname=bytes FILE > flame.svg; or inferno',
  csv: 'a spreadsheet, pandas, DuckDB',
};

export interface ExportOptions {
  readonly table: CsvTable;
  /** Rows of the table of holders. */
  readonly top: number;
}

/** The file's content; a format whose parts need each other is made whole first. */
export async function exportPieces(
  heap: LoadedHeap,
  format: ExportFormat,
  options: ExportOptions,
): Promise<Iterable<string | Uint8Array>> {
  const graph = sanitizeNames(heap.graph);
  const title = `${heap.facts.app} (pid ${heap.facts.pid})`;
  const exporter = `leakscope ${VERSION}`;
  switch (format) {
    case 'heapsnapshot':
      return heapSnapshotChunks({ graph, names: nodeNames(graph) });
    case 'collapsed':
      return collapsedLines(stacks(computeRetention(graph)));
    case 'speedscope':
      return speedscopeText(stacks(computeRetention(graph)), { title: sanitize(title), exporter });
    case 'pprof': {
      const takenAtMs = Date.parse(heap.facts.taken_at);
      const comment = `${sanitize(title)}, ${exporter}`;
      return [await gzipped(pprofBytes(stacks(computeRetention(graph)), { takenAtMs, comment }))];
    }
    case 'csv':
      return csvTable(heap, computeRetention(graph), options);
  }
}

function csvTable(heap: LoadedHeap, retention: Retention, { table, top }: ExportOptions): Iterable<string> {
  switch (table) {
    case 'types':
      return typesCsv(retention);
    case 'holders':
      return holdersCsv(reportHeap(retention, { snapshot: heap.facts, top, problems: heap.problems }));
    case 'roots':
      return rootsCsv(retention);
  }
}

function stacks({ graph, dominators, names }: Retention): StackTree {
  return foldDominators(graph, dominators, names);
}

/** Every name that an export may show, safe to print: a program chose them, and some exports are read in a terminal. */
function sanitizeNames(graph: HeapGraph): HeapGraph {
  return {
    ...graph,
    strings: graph.strings.map(sanitize),
    types: graph.types.map((type) => ({ ...type, name: sanitize(type.name), module: sanitize(type.module) })),
  };
}
