// Figures as phrases of a sentence, on top of base/units.ts.

import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';

/** `1 object`, `184,220 objects`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${Math.round(count) === 1 ? noun : plural}`;
}

/** `+3,070`, `-12`, `0`; rates below ten keep a decimal: `+0.5`. */
export function signedCount(count: number): string {
  const rounded = Math.abs(count) < 10 ? Math.round(count * 10) / 10 : Math.round(count);
  if (rounded === 0) return '0';
  const text = Number.isInteger(rounded) ? formatCount(Math.abs(rounded)) : Math.abs(rounded).toFixed(1);
  return `${rounded > 0 ? '+' : '-'}${text}`;
}

/** `+3,070/min`. */
export function countRate(perMinute: number): string {
  return `${signedCount(perMinute)}/min`;
}

/** `+1.9 MB`, `-14 B`, `0 B`. */
export function signedBytes(bytes: number): string {
  return `${bytes > 0 ? '+' : ''}${formatBytes(bytes)}`;
}

/** `49 %`, `0.3 %`, `<0.1 %`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.05) return '<0.1 %';
  return `${value !== 0 && Math.abs(value) < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A forecast, no finer than it can be known: `40 s`, `25 min`, `6 h`, `3 days`. */
export function roughDuration(seconds: number): string {
  const hours = seconds / 3600;
  if (hours >= 36) return `${formatCount(hours / 24)} days`;
  if (hours >= 2) return `${Math.round(hours)} h`;
  return formatDuration(seconds);
}
