import { expect, test } from 'vitest';
import { whyAlive } from './why-alive.ts';

const dict = { address: '0x10', type: 'dict', name: 'global users', bytes: 64, retained_bytes: 4096 };

test('garbage is called what it is', () => {
  expect(whyAlive({ paths: [], dominators: [] })).toMatch(/^Nothing reaches it/);
});

test('one path: what it would go with', () => {
  expect(whyAlive({ paths: ['module shop › global users'], dominators: [dict] })).toBe(
    'One path leads to it. It would go with the dict that leads to it.',
  );
});

test('several paths that share nothing: no single object would free it', () => {
  expect(whyAlive({ paths: ['module a › global x', 'module b › global x'], dominators: [] })).toBe(
    '2 paths lead to it. Several roots keep it: no single object would free it.',
  );
});
