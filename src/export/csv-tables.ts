// The tables that are exported as CSV: types, holders and roots of one heap.

import type { HeapReport } from '../diagnose/heap-report.ts';
import type { Retention } from '../diagnose/retention.ts';
import { takeCensus } from '../graph/census.ts';
import { type RootKind, WORD_BYTES } from '../graph/heap-graph.ts';
import { type CsvCell, csvLines } from './csv.ts';
import { nodeTitles } from './node-titles.ts';
import { ROOT_KIND_TITLES } from './root-kinds.ts';

export const CSV_TABLES = ['types', 'holders', 'roots'] as const;
export type CsvTable = (typeof CSV_TABLES)[number];

const TYPE_COLUMNS = ['type', 'module', 'count', 'shallow_bytes', 'retained_bytes'];
const HOLDER_COLUMNS = [
  'rank',
  'path',
  'type',
  'address',
  'entries',
  'retained_objects',
  'retained_bytes',
  'retained_share',
];
const ROOT_COLUMNS = ['kind', 'label', 'name', 'address', 'shallow_bytes', 'retained_bytes'];

/** All types, most bytes first. */
export function typesCsv({ graph, tree, retained }: Retention): Generator<string> {
  const rows = takeCensus(graph, { retained: { tree, bytes: retained } }).map((row): CsvCell[] => {
    const { name, module } = graph.types[row.type]!;
    return [name, module, row.count, row.bytes, row.retainedBytes];
  });
  return csvLines(TYPE_COLUMNS, rows);
}

/** The report's holders, most retained first. */
export function holdersCsv(report: HeapReport): Generator<string> {
  const rows = report.holders.map((holder): CsvCell[] => [
    holder.rank,
    holder.path,
    holder.type,
    holder.address,
    holder.entries,
    holder.retained_objects,
    holder.retained_bytes,
    holder.retained_share,
  ]);
  return csvLines(HOLDER_COLUMNS, rows);
}

/** All roots by address; an object that is one for several reasons has a row for each. */
export function rootsCsv({ graph, names, retained }: Retention): Generator<string> {
  return csvLines(ROOT_COLUMNS, rootRows(graph, nodeTitles(names), retained));
}

function* rootRows(
  graph: Retention['graph'],
  titles: ReturnType<typeof nodeTitles>,
  retained: Float64Array,
): Generator<CsvCell[]> {
  const { roots, strings, addresses, shallowWords } = graph;
  for (const [row, node] of roots.nodes.entries()) {
    yield [
      ROOT_KIND_TITLES[roots.kinds[row] as RootKind],
      strings[roots.labels[row]!],
      titles.texts[titles.textOf[node]!],
      `0x${addresses[node]!.toString(16)}`,
      shallowWords[node]! * WORD_BYTES,
      retained[node]!,
    ];
  }
}
