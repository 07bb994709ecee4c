// How long a process stands still, in words.

import type { PauseEstimate } from '../../src/protocol/pause-estimate.ts';

/** `12 ms`; `4 ms to 60 ms` where memory can be copied ahead. */
export function pauseText({ pause_ms, early_copy }: PauseEstimate): string {
  const most = milliseconds(pause_ms);
  const { possible, least_pause_ms } = early_copy;
  return possible && least_pause_ms !== undefined ? `${milliseconds(least_pause_ms)} to ${most}` : most;
}

export function milliseconds(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.max(1, Math.round(ms))} ms`;
}
