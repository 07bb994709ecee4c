import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { anyInterpreter, interpreters } from './interpreters.ts';

describe('interpreters', () => {
  it('finds at least one, each once, oldest first', () => {
    const all = interpreters();
    expect(all.length).toBeGreaterThan(0);
    expect(new Set(all.map((interpreter) => interpreter.path)).size).toBe(all.length);
    expect(new Set(all.map((interpreter) => interpreter.label)).size).toBe(all.length);
    const minors = all.map((interpreter) => interpreter.version[1]);
    expect(minors).toEqual([...minors].sort((a, b) => a - b));
    expect(interpreters()).toBe(all);
  });

  it.each(interpreters())('$label is what it says', ({ path, version }) => {
    const said = spawnSync(path, ['-c', 'import sys; print(*sys.version_info[:3])'], {
      encoding: 'utf8',
    }).stdout.trim();
    expect(said).toBe(version.join(' '));
  });

  it('chooses a default build where one is enough', () => {
    expect(interpreters()).toContainEqual(anyInterpreter());
  });
});
