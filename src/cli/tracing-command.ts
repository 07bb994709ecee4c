// A command started under tracemalloc: how many frames of each stack it keeps, and the variable that says so.

import { LeakscopeError } from '../base/errors.ts';
import { parseCountOf } from './arguments.ts';

export const DEFAULT_FRAMES = 10;
/** UINT16_MAX: what tracemalloc accepts. */
const MOST_FRAMES = 65535;

/** Leakscope's own environment, with tracing on. Python with -I or -E does not read it. */
export function tracingEnvironment(frames: number): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONTRACEMALLOC: String(frames) };
}

/** Throws E_USAGE for what tracemalloc does not accept. */
export function parseFrames(text: string): number {
  const frames = parseCountOf(1)(text);
  if (frames > MOST_FRAMES) throw new LeakscopeError('E_USAGE', `tracemalloc keeps at most ${MOST_FRAMES} frames`);
  return frames;
}
