import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { outputColumns } from './cli-context.ts';
import { createProgress } from './progress.ts';
import { wantsColour } from './render/render-style.ts';

test('colour: a terminal has it unless somebody said no; a pipe has not unless somebody said yes', () => {
  const wants = (isTty: boolean, env: Record<string, string> = {}, disabled = false): boolean =>
    wantsColour({ isTty, disabled, env });
  expect(wants(true)).toBe(true);
  expect(wants(false)).toBe(false);
  expect(wants(true, { NO_COLOR: '1' })).toBe(false);
  // https://no-color.org: present and not empty.
  expect(wants(true, { NO_COLOR: '' })).toBe(true);
  expect(wants(true, {}, true)).toBe(false);
  expect(wants(true, { TERM: 'dumb' })).toBe(false);
  expect(wants(false, { FORCE_COLOR: '1' })).toBe(true);
  expect(wants(true, { FORCE_COLOR: '0' })).toBe(false);
  expect(wants(false, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
});

test('width: the terminal’s, else COLUMNS, else unknown', () => {
  const stream = (columns?: number) => Object.assign(new Writable(), columns === undefined ? {} : { columns });
  expect(outputColumns(stream(97), { COLUMNS: '50' })).toBe(97);
  expect(outputColumns(stream(), { COLUMNS: '50' })).toBe(50);
  expect(outputColumns(stream(), { COLUMNS: 'wide' })).toBeUndefined();
  expect(outputColumns(stream(), {})).toBeUndefined();
});

test('plain progress keeps stages and drops updates', () => {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const progress = createProgress(stream, false);
  progress.stage('reading process 42');
  progress.update(0.5, 'copying\u001b[2J');
  progress.stage('waiting\u001b[2J');
  progress.done();
  expect(text).toBe('reading process 42\nwaiting\\x1b[2J\n');
});
