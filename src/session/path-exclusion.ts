// Which paths a search leaves out: what the configuration names, and what the repository's .gitignore files name.
// Both speak gitignore's language, relative to the folder they stand in.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';

export interface ExcludedPatterns {
  /** Absolute folder the patterns are relative to. */
  readonly folder: string;
  readonly patterns: readonly string[];
}

interface Matcher {
  readonly folder: string;
  readonly ignore: Ignore;
}

type KnownMatchers = Map<string, readonly Matcher[]>;
/** Of folders that are in no repository. */
const OUTSIDE: readonly Matcher[] = [];

/**
 * A function that tells whether a path is left out; it remembers the .gitignore files it has read. Where a folder of `given`
 * is itself ignored by the repository around, it was meant all the same: below it, only its own .gitignore files count.
 */
export function pathExclusion(
  excluded: readonly ExcludedPatterns[],
  given: readonly string[],
): (path: string, isFolder: boolean) => boolean {
  const own = excluded.map(({ folder, patterns }) => ({ folder, ignore: ignore().add([...patterns]) }));
  const known: KnownMatchers = new Map();
  for (const folder of given.map((path) => resolve(path))) {
    if (verdictOf(gitMatchers(dirname(folder), known), folder, true)) known.set(folder, withIgnoreFile([], folder));
  }
  return (path, isFolder) => {
    const absolute = resolve(path);
    return verdictOf([...gitMatchers(dirname(absolute), known), ...own], absolute, isFolder);
  };
}

/** The innermost file that says anything decides, as for git; our own patterns come before all. */
function verdictOf(matchers: readonly Matcher[], path: string, isFolder: boolean): boolean {
  for (const { folder, ignore: matcher } of matchers.toReversed()) {
    const below = relative(folder, path).split(sep).join('/');
    if (below === '' || below === '..' || below.startsWith('../')) continue;
    const { ignored, unignored } = matcher.test(isFolder ? `${below}/` : below);
    if (ignored) return true;
    if (unignored) return false;
  }
  return false;
}

/** A function from a path to whether patterns match it, for patterns relative to `folder`. */
export function pathMatcher(folder: string, patterns: readonly string[]): (path: string) => boolean {
  const isExcluded = ignore().add([...patterns]);
  return (path) => {
    const below = relative(folder, resolve(path)).split(sep).join('/');
    return below !== '' && below !== '..' && !below.startsWith('../') && isExcluded.ignores(below);
  };
}

/** Of the repository's top folder first; none outside of a repository. */
function gitMatchers(folder: string, known: KnownMatchers): readonly Matcher[] {
  const pending: string[] = [];
  let above: readonly Matcher[] | undefined;
  for (let current = folder; above === undefined; current = dirname(current)) {
    above = known.get(current);
    if (above !== undefined) break;
    pending.push(current);
    if (existsSync(join(current, '.git'))) above = [];
    else if (current === dirname(current)) {
      // Outside of a repository a .gitignore means nothing.
      for (const each of pending) known.set(each, OUTSIDE);
      return OUTSIDE;
    }
  }
  for (const current of pending.reverse()) {
    above = above === OUTSIDE ? OUTSIDE : withIgnoreFile(above ?? [], current);
    known.set(current, above);
  }
  return above ?? OUTSIDE;
}

function withIgnoreFile(above: readonly Matcher[], folder: string): readonly Matcher[] {
  const text = readIfThere(join(folder, '.gitignore'));
  return text === undefined ? above : [...above, { folder, ignore: ignore().add(text) }];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // None, or one that git could not read either.
    return undefined;
  }
}
