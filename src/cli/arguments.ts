// Parsing of flag values and operands; a wrong one is E_USAGE with what would be right.

import { LeakscopeError } from '../base/errors.ts';
import { parseDuration } from '../base/units.ts';

/** Largest PID Linux can give (PID_MAX_LIMIT, 2^22). */
const MAX_PID = 2 ** 22;
const LONGEST_RUN_SECONDS = 24 * 3600;

export function isPid(text: string): boolean {
  const pid = Number(text);
  return /^\d+$/.test(text) && pid >= 1 && pid <= MAX_PID;
}

export function parsePid(text: string): number {
  if (!isPid(text)) throw wrong(`${text} is not a process id`, 'leakscope ps lists the Python processes');
  return Number(text);
}

/** Seconds to observe. */
export function parseRunLength(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw wrong(`${text} is not a duration`, 'write 90s, 5m or 1h');
  if (seconds < 1 || seconds > LONGEST_RUN_SECONDS) {
    throw wrong(`${text} is not a useful time to observe`, 'choose between 1s and 24h');
  }
  return seconds;
}

export function parseMilliseconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0) {
    throw wrong(`${text} is not a number of milliseconds`, 'write for example 50');
  }
  return value;
}

/** A whole number of at least `least`. */
export function parseCountOf(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < least) {
      throw wrong(`${text} is not a number of this kind`, `write a whole number, at least ${least}`);
    }
    return value;
  };
}

export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw wrong(`${text} is not a port`, 'write a number from 1 to 65535, or 0 for any that is free');
  }
  return Number(text);
}

function wrong(message: string, hint: string): LeakscopeError {
  return new LeakscopeError('E_USAGE', message, { hint });
}
