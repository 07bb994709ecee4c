// `[tool.leakscope]` of the nearest pyproject.toml: the project's own choice of rules and files. A mistake in it is told,
// not passed over: a scan that ignored it would look cleaner than the project is.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { LeakscopeError } from '../base/errors.ts';
import { CONFIDENCES, type Confidence } from '../scan/finding.ts';

const strings = v.array(v.string('is not a string'), 'is not a list of strings');

const ConfigSchema = v.strictObject({
  select: v.optional(strings),
  ignore: v.optional(strings),
  confidence: v.optional(v.picklist(CONFIDENCES, `is none of ${CONFIDENCES.join(', ')}`)),
  exclude: v.optional(strings),
  baseline: v.optional(v.string('is not a string')),
  'per-file-ignores': v.optional(v.record(v.string(), strings, 'is not a table')),
});

const KEYS = Object.keys(ConfigSchema.entries);

export interface ScanConfig {
  /** Absolute folder of the file; what paths and patterns are relative to. */
  readonly folder: string;
  readonly select: readonly string[] | undefined;
  readonly ignore: readonly string[] | undefined;
  readonly confidence: Confidence | undefined;
  readonly exclude: readonly string[];
  /** Absolute path. */
  readonly baseline: string | undefined;
  /** Patterns of paths, and what is ignored there. */
  readonly perFileIgnores: readonly (readonly [pattern: string, rules: readonly string[]])[];
}

/** The table of the nearest pyproject.toml that has one, in `folder` or above. Throws E_CONFIG where it is wrong. */
export function readScanConfig(folder: string): ScanConfig | undefined {
  for (let current = resolve(folder); ; current = dirname(current)) {
    const config = configOf(join(current, 'pyproject.toml'));
    if (config !== undefined || current === dirname(current)) return config;
  }
}

function configOf(path: string): ScanConfig | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  // Other projects' tables are not ours to judge, nor is a file that never names us.
  if (!text.includes('leakscope')) return undefined;
  const table = leakscopeTable(path, text);
  if (table === undefined) return undefined;
  const parsed = v.safeParse(ConfigSchema, table);
  if (!parsed.success) throw wrong(path, describeIssue(parsed.issues[0]));
  const config = parsed.output;
  const folder = dirname(path);
  return {
    folder,
    select: config.select,
    ignore: config.ignore,
    confidence: config.confidence,
    exclude: config.exclude ?? [],
    baseline: config.baseline === undefined ? undefined : resolve(folder, config.baseline),
    perFileIgnores: Object.entries(config['per-file-ignores'] ?? {}),
  };
}

function leakscopeTable(path: string, text: string): unknown {
  try {
    const { tool } = parseToml(text) as { readonly tool?: { readonly leakscope?: unknown } };
    return tool?.leakscope;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw wrong(path, `line ${error.line} is not TOML: ${error.message.split('\n')[0]}`);
  }
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const key = v.getDotPath(issue) ?? '';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return key === '' ? `unknown key ${String(issue.received)}` : `unknown key ${key}; there are ${KEYS.join(', ')}`;
  }
  return key === '' ? 'tool.leakscope is not a table' : `${key} ${issue.message}`;
}

function wrong(path: string, what: string): LeakscopeError {
  return new LeakscopeError('E_CONFIG', `${path}: [tool.leakscope] ${what}`, {
    hint: 'leakscope scan --help names the same settings as flags; docs/commands/scan.md shows the table',
  });
}
