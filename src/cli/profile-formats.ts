// From stacks to the pieces of a file that profilers and flame graphs read.

import { VERSION } from '../base/version.ts';
import { collapsedLines } from '../export/collapsed-stacks.ts';
import { pprofBytes } from '../export/pprof.ts';
import { speedscopeText } from '../export/speedscope.ts';
import type { StackProfile } from '../export/stack-profile.ts';
import { gzipped } from '../session/export-file.ts';

export interface ProfileFacts {
  readonly title: string;
  /** Milliseconds since 1970; of two moments that are compared the later one. */
  readonly takenAtMs: number;
  readonly durationMs?: number | undefined;
}

/** `profile` has names of a target in it, made safe already. */
export async function profilePieces(
  profile: StackProfile,
  format: 'pprof' | 'speedscope' | 'collapsed',
  { title, ...times }: ProfileFacts,
): Promise<Iterable<string | Uint8Array>> {
  const exporter = `leakscope ${VERSION}`;
  switch (format) {
    case 'collapsed':
      return collapsedLines(profile);
    case 'speedscope':
      return speedscopeText(profile, { title, exporter });
    case 'pprof':
      return [await gzipped(pprofBytes(profile, { ...times, comment: `${title}, ${exporter}` }))];
  }
}
