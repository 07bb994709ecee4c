#!/usr/bin/env node
// Bundles kernels.ts into a temporary folder (Node 20 reads no TypeScript) and runs it.
//
//   node bench/kernels.mjs [NODES] [RUNS]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';

const work = mkdtempSync(join(tmpdir(), 'leakscope-kernels-'));
try {
  const file = join(work, 'kernels.mjs');
  await build({
    input: join(import.meta.dirname, 'kernels.ts'),
    platform: 'node',
    output: { file, format: 'esm' },
    logLevel: 'warn',
  });
  const node = spawnSync(process.execPath, ['--max-old-space-size=8192', file, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exitCode = node.status ?? 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
