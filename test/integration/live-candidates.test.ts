// Containers that source points at, looked for in a live process: what grows is told from what stands still, by name.

import { describe, expect, test } from 'vitest';
import { diagnoseCandidates } from '../../src/diagnose/diagnose.ts';
import { observe } from '../../src/session/find-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import type { HolderReference } from '../../src/source/growth-site-query.ts';
import { targetProgram } from '../support/growing-target.ts';
import { interpreters } from '../support/interpreters.ts';
import { startCommand } from '../support/target-process.ts';

const SECONDS = 5;

const MODULE = { module: '__main__' };

function candidates(state: 'growing' | 'still'): readonly HolderReference[] {
  return [
    { form: 'global', ...MODULE, name: `${state}_global` },
    { form: 'class attribute', ...MODULE, className: 'Registry', name: `${state}_class_attribute` },
    { form: 'instance attribute', ...MODULE, className: 'Registry', name: `${state}_attribute` },
    { form: 'function cache', ...MODULE, qualname: `${state}_cache` },
    { form: 'default argument', ...MODULE, qualname: `with_${state}_default`, name: 'seen' },
    { form: 'closure', ...MODULE, qualname: 'make_counter', name: `${state}_variable` },
  ];
}

/** Of objects of which there are more and more, none grows. */
const MORE: HolderReference = { form: 'instance attribute', ...MODULE, className: 'Part', name: 'still_part' };

const ABSENT: readonly HolderReference[] = [
  { form: 'global', ...MODULE, name: 'nothing_of_that_name' },
  { form: 'global', module: 'no.such.module', name: 'growing_global' },
  { form: 'instance attribute', ...MODULE, className: 'Registry', name: 'nothing' },
  { form: 'function cache', ...MODULE, qualname: 'nothing' },
];

const all = interpreters();
const chosen = [...new Set([all[0]!, all.at(-1)!])];

describe.each(chosen.map((python) => [python.label, python] as const))('CPython %s', (_, python) => {
  test('what grows is told from what stands still', async () => {
    const target = await startCommand([python.path, targetProgram('candidates.py')]);
    try {
      const signal = new AbortController().signal;
      const observation = await observe(
        { pid: target.pid, seconds: SECONDS, showValues: false, signal },
        silentProgress,
      );
      const asked = [...candidates('growing'), ...candidates('still'), MORE, ...ABSENT];
      const { candidates: answers } = diagnoseCandidates(observation, asked);
      const states = asked.map((holder, i) => `${describeHolder(holder)}: ${answers[i]!.state}`);
      expect(states).toEqual([
        ...candidates('growing').map((holder) => `${describeHolder(holder)}: growing`),
        ...[...candidates('still'), MORE].map((holder) => `${describeHolder(holder)}: still`),
        ...ABSENT.map((holder) => `${describeHolder(holder)}: unseen`),
      ]);
      for (const answer of answers.slice(0, candidates('growing').length)) {
        expect(answer.entriesPerMinute).toBeGreaterThan(100);
        expect(answer.bytesPerMinute).toBeGreaterThan(1000);
        expect(answer.retainedBytes).toBeGreaterThan(1000);
      }
    } finally {
      await target.stop();
    }
  });
});

function describeHolder(holder: HolderReference): string {
  return `${holder.form} ${'name' in holder ? holder.name : holder.qualname}`;
}
