// What a snapshot is saved as, wherever that is offered.

import type { EXPORT_NAMES } from '../../src/protocol/web/workspace.ts';

type Format = (typeof EXPORT_NAMES)[number];

/** Every format the daemon writes, likeliest first. */
const MEANINGS: Readonly<Record<Format, string>> = {
  html: 'HTML page that opens without leakscope',
  heap: '.heap, leakscope’s own file',
  heapsnapshot: '.heapsnapshot for Chrome DevTools and memlab',
  json: 'JSON report',
  pprof: 'pprof',
  speedscope: 'speedscope',
  collapsed: 'collapsed stacks',
  csv: 'CSV of types',
};

export const SNAPSHOT_EXPORTS = Object.entries(MEANINGS).map(([format, meaning]) => ({
  format: format as Format,
  meaning,
}));

/** Where the daemon streams it from; always as a file to save, never as a page. */
export function exportAddress(snapshot: string, format: Format): string {
  return `/api/snapshots/${snapshot}/export?format=${format}`;
}
