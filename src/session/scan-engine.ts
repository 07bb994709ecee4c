// What tells one build of the rules from another, so that results of one are never taken for results of the other.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../base/version.ts';
import { hashOf } from './checked-file.ts';

/** The version and a hash of the bundle this runs from: while rules are being written, the version alone says nothing. */
export function engineFingerprint(): string {
  const folder = dirname(fileURLToPath(import.meta.url));
  const bundle = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .sort()
    .map((name) => hashOf(readFileSync(join(folder, name))));
  return `${VERSION}-${hashOf(bundle.join()).slice(0, 16)}`;
}
