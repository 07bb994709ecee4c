// How the cyclic collector was set and what it had done when a snapshot was taken: numbers in the meta of a .heap file.

import { damaged } from './heap-errors.ts';

export interface StoredCollector {
  /** gc.isenabled(). */
  readonly enabled: boolean;
  /** gc.get_debug(). */
  readonly debug: number;
  /** gc.get_threshold(), gc.get_count(), young to old. */
  readonly thresholds: readonly number[];
  readonly counts: readonly number[];
  /** gc.get_stats(), young to old: collections, collected, uncollectable. */
  readonly stats: readonly (readonly number[])[];
  /** How many objects each generation held, young to old; empty where the build keeps no lists (free-threaded). */
  readonly generations: readonly number[];
  /** gc.get_freeze_count(). */
  readonly frozen: number;
  /** Objects that survived the last full collection, and that grew old since. */
  readonly longLivedTotal: number;
  readonly longLivedPending: number;
  /** The collector of 3.14.0 to 3.14.4. */
  readonly incremental: boolean;
}

/** Generations of any CPython: what a file may say of them is no longer. */
const MOST_GENERATIONS = 8;

/** Only the documented fields. */
export function collectorFields(stored: StoredCollector): StoredCollector {
  const { enabled, debug, thresholds, counts, stats, generations, frozen, incremental } = stored;
  const { longLivedTotal, longLivedPending } = stored;
  return {
    enabled,
    debug,
    thresholds,
    counts,
    stats,
    generations,
    frozen,
    longLivedTotal,
    longLivedPending,
    incremental,
  };
}

/** Throws E_HEAP_FILE for what is not one. */
export function parseStoredCollector(value: unknown): StoredCollector {
  if (typeof value !== 'object' || value === null) throw damaged('meta', 'collector is not an object');
  const fields = value as Record<string, unknown>;
  const flag = (name: string): boolean => {
    const field = fields[name];
    if (typeof field !== 'boolean') throw damaged('meta', `collector.${name} is not a flag`);
    return field;
  };
  const number = (name: string, ...given: readonly unknown[]): number => {
    const field = given.length === 0 ? fields[name] : given[0];
    if (typeof field !== 'number' || !Number.isSafeInteger(field)) {
      throw damaged('meta', `collector.${name} is not a whole number`);
    }
    return field;
  };
  const list = (name: string, ...given: readonly unknown[]): readonly unknown[] => {
    const field = given.length === 0 ? fields[name] : given[0];
    if (!Array.isArray(field) || field.length > MOST_GENERATIONS) {
      throw damaged('meta', `collector.${name} is not a list of generations`);
    }
    return field;
  };
  const numbers = (name: string, ...given: readonly unknown[]): number[] =>
    list(name, ...given).map((entry) => number(name, entry));
  return {
    enabled: flag('enabled'),
    debug: number('debug'),
    thresholds: numbers('thresholds'),
    counts: numbers('counts'),
    stats: list('stats').map((row) => numbers('stats', row)),
    generations: numbers('generations'),
    frozen: number('frozen'),
    longLivedTotal: number('longLivedTotal'),
    longLivedPending: number('longLivedPending'),
    incremental: flag('incremental'),
  };
}
