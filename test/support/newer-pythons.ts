// Interpreters that scripts/fetch-pythons.mjs unpacked into the cache folder; none where it never ran.

import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Launchers in the cache: `SUITE/usr/bin/python3.N`. */
export function cachedPythons(): string[] {
  const cache = process.env.LEAKSCOPE_PYTHON_CACHE ?? join(tmpdir(), 'leakscope-pythons');
  if (!existsSync(cache)) return [];
  return readdirSync(cache).flatMap((suite) => {
    const folder = join(cache, suite, 'usr', 'bin');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => /^python3\.\d+$/.test(name))
      .map((name) => join(folder, name));
  });
}
