// Who holds what a line allocated: the names, counts and bytes that `trace --holders` gives, compared with what the
// containers of the target say of themselves, in every interpreter.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { silentProgress } from '../src/session/session-options.ts';
import { runTrace } from '../src/session/trace-session.ts';
import { interpreters } from './support/interpreters.ts';
import { startCommand } from './support/target-process.ts';

const HOLDERS = fileURLToPath(new URL('targets/traced_holders.py', import.meta.url));

/** Blocks and bytes by path, of each marked line. */
type Truth = Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>>;

/** Line (1-based) of the program that ends in a marker. */
function markedLine(marker: string): number {
  const lines = readFileSync(HOLDERS, 'utf8').split('\n');
  return lines.findIndex((line) => line.endsWith(`# ${marker}`)) + 1;
}

/** Frames say where they are. */
const withoutPlace = (path: string): string => path.replace(/ \([^()]*:\d+\)/, '');

for (const python of interpreters()) {
  describe(`CPython ${python.label}`, () => {
    test('the holders of each line, with their blocks and bytes', async () => {
      const target = await startCommand([python.path, HOLDERS], { timeoutMs: 120_000 });
      try {
        const truth = JSON.parse(target.firstLine) as Truth;
        const report = await runTrace(
          {
            pid: target.pid,
            by: 'line',
            cumulative: false,
            filters: [{ inclusive: true, pattern: HOLDERS, isDefault: false }],
            top: 200,
            holders: true,
            signal: new AbortController().signal,
          },
          silentProgress,
        );
        expect(report.problems).toEqual([]);
        const here = Object.keys(truth).map((marker) => {
          const row = report.rows.find(({ line }) => line === markedLine(marker));
          const holders = (row?.holders ?? []).filter(({ kind }) => kind === 'object');
          return [
            marker,
            Object.fromEntries(holders.map(({ path, blocks, bytes }) => [withoutPlace(path), [blocks, bytes]])),
          ];
        });
        expect(Object.fromEntries(here)).toEqual(truth);
        // Nothing but what the truth names, and what no object uses any more, was allocated there.
        for (const marker of Object.keys(truth)) {
          const row = report.rows.find(({ line }) => line === markedLine(marker))!;
          const known = row.holders!.reduce((sum, { blocks }) => sum + blocks, 0);
          expect([known, row.other_holders], marker).toEqual([row.blocks, { holders: 0, blocks: 0, bytes: 0 }]);
        }
        const garbage = report.rows.find(({ line }) => line === markedLine('garbage'))!;
        expect(garbage.holders!.find(({ kind }) => kind === 'garbage')!.bytes).toBeGreaterThan(40 * 400);
        // A holder keeps at least what the line allocated for it.
        for (const marker of Object.keys(truth)) {
          for (const holder of report.rows.find(({ line }) => line === markedLine(marker))!.holders!) {
            if (holder.kind === 'object') expect(holder.retained_bytes, marker).toBeGreaterThanOrEqual(holder.bytes);
          }
        }
      } finally {
        await target.stop();
      }
    }, 180_000);
  });
}
