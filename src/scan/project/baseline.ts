// A baseline: findings that were there when a project began to be scanned, by fingerprint. They are counted and not shown, so
// that a build fails for new ones only.

/** Committed with the project, so it names what it knows in words as well. */
export interface Baseline {
  readonly schema: typeof BASELINE_SCHEMA;
  readonly findings: readonly BaselineEntry[];
}

export interface BaselineEntry {
  readonly fingerprint: string;
  readonly rule: string;
  readonly path: string;
  readonly context: string;
}

export const BASELINE_SCHEMA = 'leakscope.baseline/1';

/** The file's text: in the order of paths, an entry a line, so that two branches can be merged. */
export function formatBaseline(findings: readonly BaselineEntry[]): string {
  const entries = findings
    .map(({ fingerprint, rule, path, context }) => JSON.stringify({ path, rule, context, fingerprint }))
    .sort();
  const list = entries.length === 0 ? '[]' : `[\n    ${entries.join(',\n    ')}\n  ]`;
  return `{\n  "schema": "${BASELINE_SCHEMA}",\n  "findings": ${list}\n}\n`;
}

/** The fingerprints of a baseline's text; undefined when it is none. */
export function parseBaseline(text: string): ReadonlySet<string> | undefined {
  let baseline: Partial<Baseline> | null;
  try {
    baseline = JSON.parse(text) as Partial<Baseline> | null;
  } catch {
    return undefined;
  }
  if (baseline?.schema !== BASELINE_SCHEMA || !Array.isArray(baseline.findings)) return undefined;
  return new Set(baseline.findings.map((entry: Partial<BaselineEntry> | null) => String(entry?.fingerprint)));
}
