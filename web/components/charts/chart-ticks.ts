// What stands at the axes of a chart: steps that are round in the unit of the axis, and labels that tell every step from the
// next, which the rounding of single figures need not.

import { formatCount } from '../../../src/base/units.ts';

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Steps of an axis of bytes, smallest first: powers of two are round in binary units. */
export const BYTE_STEPS: readonly number[] = Array.from({ length: 48 }, (_, exponent) => 2 ** exponent);
/** Steps of an axis of counts: nothing is half an entry. */
export const COUNT_STEPS: readonly number[] = Array.from({ length: 15 }, (_, exponent) =>
  [1, 2, 5].map((digit) => digit * 10 ** exponent),
).flat();

/** All in the unit of the largest, with as many digits as the step needs: `23.0 MB`, `23.5 MB`. */
export function byteLabels(ticks: readonly number[], step: number): string[] {
  const largest = Math.max(0, ...ticks.map(Math.abs));
  const exponent = largest < 1024 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(largest) / 10));
  const unit = 1024 ** exponent;
  const digits = step >= unit ? 0 : Math.min(3, Math.ceil(Math.log10(unit / step)));
  return ticks.map((tick) => (tick === 0 ? '0' : `${(tick / unit).toFixed(digits)} ${BYTE_UNITS[exponent]}`));
}

export function countLabels(ticks: readonly number[]): string[] {
  return ticks.map(formatCount);
}

/** `14:03:12`; without seconds where steps are whole minutes; the day where they are whole days. */
export function clockLabels(ticks: readonly number[], step: number): string[] {
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    if (step >= 86_400) return dayOf(date);
    return step >= 60 ? clockTime(date).slice(0, 5) : clockTime(date);
  });
}

/** Of this machine, as the command line has it: `14:03:12`. */
export function clockTime(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

/** `2026-11-26` */
export function dayOf(date: Date): string {
  return [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** What an axis reaches over: room above and below; a flat line stands in the middle. */
export function rangeOf(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.1, Math.abs(high) * 0.02, 1);
  return [Math.max(0, low - room), high + room];
}
