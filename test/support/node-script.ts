// Runs a TypeScript module as a Node process of its own, for tests about what happens when leakscope itself dies.
// Node 20 runs no TypeScript, so the module is bundled first.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';

export interface BundledScript {
  /** File to pass to `node`. */
  readonly path: string;
  remove(): void;
}

/** Bundles the module `entry` (an absolute path) with all it imports into one temporary file. */
export async function bundleScript(entry: string): Promise<BundledScript> {
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  const path = join(folder, 'script.mjs');
  await build({
    input: entry,
    platform: 'node',
    output: { codeSplitting: false, file: path, format: 'esm' },
    logLevel: 'warn',
  });
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}
