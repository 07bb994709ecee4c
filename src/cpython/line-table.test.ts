import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpreters } from '../../test/support/interpreters.ts';
import { type LineTableFormat, lineOfInstruction, lineTableFormat, NO_LINE } from './line-table.ts';

const SCRIPT = fileURLToPath(new URL('../../test/targets/line_tables.py', import.meta.url));

describe('lineOfInstruction', () => {
  for (const python of interpreters()) {
    test(`gives the line of every instruction of the standard library on CPython ${python.label}`, () => {
      const run = spawnSync(python.path, [SCRIPT], { encoding: 'utf8', maxBuffer: 1 << 28 });
      const codes = JSON.parse(run.stdout) as [number, string, number[]][];
      const format = lineTableFormat(python.version[1]);
      let instructions = 0;
      const wrong: unknown[] = [];
      for (const [firstLine, hex, lines] of codes) {
        const table = Buffer.from(hex, 'hex');
        lines.forEach((line, unit) => {
          const read = lineOfInstruction(format, table, firstLine, unit * 2);
          if (read !== line) wrong.push({ firstLine, unit, line, read });
          instructions++;
        });
      }
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(instructions).toBeGreaterThan(20_000);
    });
  }

  test('a code that has not started stands at its first line', () => {
    for (const format of ['lnotab', 'line-deltas', 'locations'] as const) {
      expect(lineOfInstruction(format, Uint8Array.of(2, 1), 7, -2)).toBe(7);
    }
  });

  test('marked instructions have no line', () => {
    expect(lineOfInstruction('line-deltas', Uint8Array.of(4, 0x80, 2, 1), 7, 2)).toBe(NO_LINE);
    expect(lineOfInstruction('line-deltas', Uint8Array.of(4, 0x80, 2, 1), 7, 4)).toBe(8);
    expect(lineOfInstruction('locations', Uint8Array.of(0xf8), 7, 0)).toBe(NO_LINE);
  });

  test('any bytes give a number', () => {
    const formats = fc.constantFrom<LineTableFormat>('lnotab', 'line-deltas', 'locations');
    fc.assert(
      fc.property(formats, fc.uint8Array({ maxLength: 200 }), fc.nat(1 << 20), (format, table, offset) => {
        expect(Number.isInteger(lineOfInstruction(format, table, 1, offset))).toBe(true);
      }),
    );
  });
});
