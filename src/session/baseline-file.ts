// The baseline on disk.

import { readFileSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import { fileError, replaceFile } from '../base/replaced-file.ts';
import { type BaselineEntry, formatBaseline, parseBaseline } from '../scan/project/baseline.ts';

/** It is committed: everyone reads it. */
const MODE = 0o644;

/** The fingerprints a baseline file holds. Throws E_FILE_READ, and E_CONFIG where it is no baseline. */
export function readBaseline(path: string): ReadonlySet<string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError('E_FILE_READ', `cannot read the baseline ${path}`, error);
  }
  const fingerprints = parseBaseline(text);
  if (fingerprints === undefined) {
    throw new LeakscopeError('E_CONFIG', `${path} is not a baseline`, {
      hint: 'leakscope scan --write-baseline writes one',
    });
  }
  return fingerprints;
}

export async function writeBaseline(path: string, findings: readonly BaselineEntry[]): Promise<void> {
  await replaceFile(path, (file) => file.writeFile(formatBaseline(findings)), { mode: MODE });
}
