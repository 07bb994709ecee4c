// The extension that tests of native memory rely on builds and does what it says.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { buildCExtension } from './c-extension.ts';
import { interpreters } from './interpreters.ts';

test.for(interpreters())('the C extension loses and keeps references under $label', (interpreter, { skip }) => {
  const extension = buildCExtension(interpreter);
  if (extension === undefined) return skip('it cannot be built for this interpreter');
  const program = `
import _leaky, sys
def gained(function, times):
    held = []
    before = sys.getrefcount(held)
    for _ in range(times): function(held)
    return sys.getrefcount(held) - before
print(gained(_leaky.leak_reference, 7), gained(_leaky.keep_static, 3), gained(_leaky.keep_in_malloc_table, 100),
      gained(lambda held: _leaky.hold_for(held, 0.001), 2), type(_leaky.new_object()).__name__)
_leaky.leak_new_object(); _leaky.malloc_leak(100); _leaky.malloc_and_free(100)
`;
  try {
    const run = spawnSync(interpreter.path, ['-c', program], {
      encoding: 'utf8',
      env: { ...process.env, ...extension.env },
      timeout: 30_000,
    });
    expect(`${run.stdout}${run.stderr}`).toBe('7 1 100 0 Thing\n');
  } finally {
    extension.remove();
  }
});
