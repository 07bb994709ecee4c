// Parsing of flag values and operands; a wrong one is E_USAGE with what would be right.

import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../base/units.ts';

/** Largest PID Linux can give (PID_MAX_LIMIT, 2^22). */
const MAX_PID = 2 ** 22;
const LONGEST_RUN_SECONDS = 24 * 3600;

export function parsePid(text: string): number {
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid < 1 || pid > MAX_PID) {
    throw new InvalidArgumentError('a process id is a positive number; leakscope ps lists the Python processes.');
  }
  return pid;
}

/** Seconds to observe. */
export function parseRunLength(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError('write a duration as 90s, 5m or 1h.');
  if (seconds < 1 || seconds > LONGEST_RUN_SECONDS) throw new InvalidArgumentError('choose between 1s and 24h.');
  return seconds;
}

export function parseMilliseconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0) throw new InvalidArgumentError('write a number of milliseconds.');
  return value;
}

/** A whole number of at least `least`. */
export function parseCountOf(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least)
      throw new InvalidArgumentError(`write a whole number, at least ${least}.`);
    return value;
  };
}
