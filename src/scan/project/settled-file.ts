// A file after the project was asked: its findings as they stand. What is shown of them is chosen from this alone, so that a
// scan in which no file has changed needs neither facts nor links.

import type { ParseError } from '../../source/parse.ts';
import type { FileResult } from '../check-file.ts';
import type { DraftFinding } from '../finding.ts';
import type { Suppression } from '../suppressions.ts';
import { linkProject, settle } from './project-links.ts';

export interface SettledFile {
  readonly path: string;
  readonly module: string;
  readonly lines: number;
  readonly findings: readonly DraftFinding[];
  readonly suppressions: readonly Suppression[];
  readonly errors: readonly ParseError[];
}

export function settleProject(results: readonly FileResult[]): readonly SettledFile[] {
  const links = linkProject(results);
  return results.map(({ path, module, lines, drafts, suppressions, errors }) => ({
    path,
    module,
    lines,
    findings: drafts.flatMap((draft) => settle(links, draft) ?? []),
    suppressions,
    errors,
  }));
}
