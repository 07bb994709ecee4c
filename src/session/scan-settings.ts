// What a scan is to do, from the flags given and the project's own configuration: a flag goes before the configuration.

import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import type { Confidence } from '../scan/finding.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { rulesMatching, type SelectionOptions } from '../scan/selection.ts';
import { type ExcludedPatterns, pathMatcher } from './path-exclusion.ts';
import { readScanConfig, type ScanConfig } from './scan-config.ts';

/** As given on the command line; what is undefined or empty is left to the configuration. */
export interface ScanFlags {
  readonly paths: readonly string[];
  readonly select?: readonly string[] | undefined;
  readonly ignore?: readonly string[] | undefined;
  readonly confidence?: Confidence | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly baseline?: string | undefined;
}

export interface ScanSettings {
  readonly paths: readonly string[];
  readonly selection: SelectionOptions;
  readonly excluded: readonly ExcludedPatterns[];
  /** Absolute path of the baseline to compare with, if there is one. */
  readonly baseline: string | undefined;
}

/** Throws E_CONFIG for a mistake in the configuration, E_USAGE for one in the flags, E_FILE_READ for a path that is not there. */
export function scanSettings(flags: ScanFlags): ScanSettings {
  const config = readScanConfig(folderOf(flags.paths));
  for (const selector of [...(flags.select ?? []), ...(flags.ignore ?? [])]) requireRule(selector, 'E_USAGE');
  for (const selector of configuredSelectors(config)) requireRule(selector, 'E_CONFIG');
  const perFile = (config?.perFileIgnores ?? []).map(
    ([pattern, rules]) => [pathMatcher(config!.folder, [pattern]), rules] as const,
  );
  return {
    paths: flags.paths,
    selection: {
      select: flags.select ?? config?.select ?? [],
      ignore: flags.ignore ?? config?.ignore ?? [],
      confidence: flags.confidence ?? config?.confidence ?? 'medium',
      ignoredFor: (path) => perFile.flatMap(([matches, rules]) => (matches(path) ? rules : [])),
    },
    excluded: [
      ...(config === undefined ? [] : [{ folder: config.folder, patterns: config.exclude }]),
      { folder: resolve('.'), patterns: flags.exclude ?? [] },
    ],
    baseline: flags.baseline === undefined ? config?.baseline : resolve(flags.baseline),
  };
}

/** The folder all paths are in: whose configuration it is. */
function folderOf(paths: readonly string[]): string {
  const folders = paths.map((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      throw new LeakscopeError('E_FILE_READ', `${path} does not exist`, {
        hint: 'give files or folders of Python source',
      });
    }
    return stats.isDirectory() ? resolve(path) : dirname(resolve(path));
  });
  let common = folders[0] ?? resolve('.');
  for (const folder of folders) {
    while (folder !== common && !folder.startsWith(common === '/' ? '/' : `${common}/`)) common = dirname(common);
  }
  return common;
}

function configuredSelectors(config: ScanConfig | undefined): readonly string[] {
  if (config === undefined) return [];
  return [...(config.select ?? []), ...(config.ignore ?? []), ...config.perFileIgnores.flatMap(([, rules]) => rules)];
}

function requireRule(selector: string, code: 'E_USAGE' | 'E_CONFIG'): void {
  if (rulesMatching(RULES, selector).length > 0) return;
  throw new LeakscopeError(code, `no rule is called ${selector}`, {
    hint: 'leakscope scan --list-rules lists names, codes and causes',
  });
}
