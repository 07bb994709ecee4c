// The flags that scan and fix share: which rules, which files, where results are kept.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { CONFIDENCES, type Confidence } from '../scan/finding.ts';
import type { ScanFlags } from '../session/scan-settings.ts';
import type { CliContext } from './cli-context.ts';

export interface SelectionFlags {
  readonly select?: readonly string[];
  readonly ignore?: readonly string[];
  readonly exclude?: readonly string[];
  readonly confidence?: Confidence;
  readonly cache: boolean;
  readonly cacheDir?: string;
}

export function addSelectionFlags(command: Command): Command {
  return command
    .option('--select <rules>', 'only these rules: names, codes, beginnings of codes, causes', appendList)
    .option('--ignore <rules>', 'not these rules', appendList)
    .option('--exclude <patterns>', 'leave these paths out, as .gitignore would write them', appendList)
    .addOption(new Option('--confidence <level>', 'the least confidence shown (default: medium)').choices(CONFIDENCES))
    .option('--no-cache', 'check every file anew and keep nothing')
    .option('--cache-dir <dir>', 'keep results here (default: $XDG_CACHE_HOME/leakscope or ~/.cache/leakscope)');
}

export function scanFlags(paths: readonly string[], flags: SelectionFlags): ScanFlags {
  const { select, ignore, exclude, confidence } = flags;
  return { paths, select, ignore, exclude, confidence };
}

/** Where results are kept; undefined under --no-cache, and where there is no home. */
export function cacheFolderOf({ cache, cacheDir }: SelectionFlags, { env }: CliContext): string | undefined {
  if (!cache) return undefined;
  if (cacheDir !== undefined) return cacheDir;
  if ((env.XDG_CACHE_HOME ?? '') !== '') return join(env.XDG_CACHE_HOME!, 'leakscope');
  const home = env.HOME ?? homedir();
  return home === '' ? undefined : join(home, '.cache', 'leakscope');
}

/** `--select a,b --select c` is one list. */
function appendList(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]))];
}
