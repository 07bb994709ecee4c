// Source of the watched program as the page shows it. Only files that a finding or the scan names are served.

import type { ScanReport } from '../scan.ts';

/** GET /api/processes/PID/source?file=…&line=… */
export interface SourceExcerpt {
  readonly file: string;
  /** 1-based number of the first of `lines`. */
  readonly first_line: number;
  readonly lines: readonly string[];
  /** The line that was asked for, 1-based. */
  readonly line: number;
  /** What leakscope would change there, as a unified diff. */
  readonly fix?: { readonly title: string; readonly safety: 'safe' | 'unsafe'; readonly diff: string };
}

/** GET /api/processes/PID/scan: the scan of the program's source, each finding with its fix as a diff. */
export interface ScanView {
  readonly report: ScanReport;
  /** Unified diffs by index of the finding in `report.findings`. */
  readonly diffs: Readonly<Record<number, string>>;
}
