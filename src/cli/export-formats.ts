// From a heap to the pieces of an exported file, by format; and how each is opened.

import type { Problem } from '../base/problems.ts';
import { VERSION } from '../base/version.ts';
import { reportHeap } from '../diagnose/heap-report.ts';
import { computeRetention, type Retention } from '../diagnose/retention.ts';
import { type CsvTable, holdersCsv, rootsCsv, typesCsv } from '../export/csv-tables.ts';
import { heapSnapshotChunks, oversizedNodes } from '../export/heap-snapshot.ts';
import { htmlReport } from '../export/html-report.ts';
import { profileOfTree } from '../export/stack-profile.ts';
import { foldDominators } from '../export/stack-tree.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import type { ExportFormat } from '../protocol/export.ts';
import type { LoadedHeap } from './heap-source.ts';
import { profilePieces } from './profile-formats.ts';
import { sanitize, sanitizeStrings } from './render/sanitize.ts';

export const OPEN_WITH: Readonly<Record<ExportFormat, string>> = {
  heapsnapshot: 'Chrome DevTools, Memory, Load profile; or memlab',
  pprof: 'go tool pprof -http=: FILE; or Pyroscope',
  speedscope: 'https://www.speedscope.app, which reads the file in the browser and sends it nowhere',
  collapsed: 'flamegraph.pl --countname=bytes FILE > flame.svg; or inferno',
  html: 'any browser, offline too',
  csv: 'a spreadsheet, pandas, DuckDB',
};

export interface ExportOptions {
  readonly table: CsvTable;
  /** Rows of each table of the page, and of the table of holders. */
  readonly top: number;
}

export interface ExportContent {
  /** The file's content; a format whose parts need each other is made whole first. */
  readonly pieces: Iterable<string | Uint8Array>;
  /** What the format cannot hold. */
  readonly problems: readonly Problem[];
}

export async function exportContent(
  heap: LoadedHeap,
  format: ExportFormat,
  options: ExportOptions,
): Promise<ExportContent> {
  const graph = sanitizeNames(heap.graph);
  switch (format) {
    case 'heapsnapshot':
      return {
        pieces: heapSnapshotChunks({ graph, names: nodeNames(graph) }),
        problems: counted(oversizedNodes(graph), {
          code: 'export-size-cut',
          message: 'objects above 4 GiB were written with that size, the largest the format holds',
        }),
      };
    case 'csv':
      return { pieces: csvTable(heap, computeRetention(graph), options), problems: [] };
    default:
      return stackContent(heap, computeRetention(graph), format, options);
  }
}

async function stackContent(
  heap: LoadedHeap,
  retention: Retention,
  format: Exclude<ExportFormat, 'heapsnapshot' | 'csv'>,
  { top }: ExportOptions,
): Promise<ExportContent> {
  const tree = foldDominators(retention.graph, retention.dominators, retention.names);
  const problems = counted(Number(tree.isCut), {
    code: 'export-stacks-cut',
    message: 'there are more stacks than an export keeps: the rest counts for the frames above it',
  });
  const facts = sanitizeStrings(heap.facts);
  if (format === 'html') {
    const report = reportHeap(retention, { snapshot: facts, top, problems: heap.problems });
    return { pieces: htmlReport(sanitizeStrings(report), tree, `leakscope ${VERSION}`), problems };
  }
  const takenAtMs = Date.parse(facts.taken_at);
  const title = `${facts.app} (pid ${facts.pid})`;
  return { pieces: await profilePieces(profileOfTree(tree), format, { title, takenAtMs }), problems };
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

function counted(count: number, problem: Pick<Problem, 'code' | 'message'>): Problem[] {
  return count === 0 ? [] : [{ ...problem, count, examples: [] }];
}

/** Every name that an export may show, safe to print: a program chose them, and some exports are read in a terminal. */
function sanitizeNames(graph: HeapGraph): HeapGraph {
  return {
    ...graph,
    strings: graph.strings.map(sanitize),
    types: graph.types.map((type) => ({ ...type, name: sanitize(type.name), module: sanitize(type.module) })),
  };
}
