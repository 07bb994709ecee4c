// One open snapshot as a file to save. Formats of other tools are made by the function that `leakscope export` uses, which
// lies above this folder and is handed in.

import type { Problem } from '../base/problems.ts';
import { reportHeap } from '../diagnose/heap-report.ts';
import { computeRetention } from '../diagnose/retention.ts';
import type { SnapshotFacts } from '../diagnose/snapshot-facts.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { ExportFormat } from '../protocol/export.ts';
import type { EXPORT_NAMES } from '../protocol/web/workspace.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { writeHeap } from '../snapshot/heap-writer.ts';
import { safeJson } from './safe-json.ts';

export type ExportName = (typeof EXPORT_NAMES)[number];
type CsvTable = 'types' | 'holders' | 'roots';

export interface ExportedHeap {
  readonly graph: HeapGraph;
  readonly facts: SnapshotFacts;
  readonly problems: readonly Problem[];
}

export interface ExportRequest extends ExportedHeap {
  readonly meta: HeapFileMeta;
  readonly format: ExportName;
  readonly table: CsvTable;
}

/** Formats of other tools. */
export type ExportContent = (
  heap: ExportedHeap,
  format: ExportFormat,
  options: { readonly table: CsvTable; readonly top: number },
) => Promise<{ readonly pieces: Iterable<string | Uint8Array> }>;

const PAGE_ROWS = 100;
const TABLE_ROWS = 1000;
/** Pieces are gathered up to about this many bytes before they are sent on. */
const PIECE_BYTES = 1 << 20;

/** Hands the file to `send` piece by piece, each when the one before was taken. */
export async function exportHeap(
  request: ExportRequest,
  exportContent: ExportContent,
  send: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { format, graph, meta, table } = request;
  const out = new Pieces(send);
  if (format === 'heap') await writeHeap({ write: (bytes) => out.add(bytes.slice()) }, { graph, meta });
  else if (format === 'json') {
    const { facts, problems } = request;
    const report = reportHeap(computeRetention(graph), { snapshot: facts, top: TABLE_ROWS, problems });
    await out.add(Buffer.from(`${safeJson(report)}\n`));
  } else {
    const top = format === 'html' ? PAGE_ROWS : TABLE_ROWS;
    const { pieces } = await exportContent(request, format, { table, top });
    for (const piece of pieces) await out.add(typeof piece === 'string' ? Buffer.from(piece) : piece);
  }
  await out.flush();
}

class Pieces {
  readonly #send: (bytes: Uint8Array) => Promise<void>;
  #pending: Uint8Array[] = [];
  #length = 0;

  constructor(send: (bytes: Uint8Array) => Promise<void>) {
    this.#send = send;
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#length += bytes.length;
    if (this.#length >= PIECE_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#length === 0) return;
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const bytes of this.#pending) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    this.#pending = [];
    this.#length = 0;
    await this.#send(whole);
  }
}

/** How a saved file is called, without its folder, and what it is. */
export function exportFile(format: ExportName, table: CsvTable): { readonly extension: string; readonly type: string } {
  switch (format) {
    case 'html':
      return { extension: 'html', type: 'text/html; charset=utf-8' };
    case 'heapsnapshot':
      return { extension: 'heapsnapshot', type: 'application/json' };
    case 'heap':
      return { extension: 'heap', type: 'application/octet-stream' };
    case 'json':
      return { extension: 'json', type: 'application/json' };
    case 'pprof':
      return { extension: 'pb.gz', type: 'application/octet-stream' };
    case 'speedscope':
      return { extension: 'speedscope.json', type: 'application/json' };
    case 'collapsed':
      return { extension: 'folded', type: 'text/plain; charset=utf-8' };
    case 'csv':
      return { extension: `${table}.csv`, type: 'text/csv; charset=utf-8' };
  }
}
