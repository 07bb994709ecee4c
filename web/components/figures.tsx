// Numbers as the command line prints them, with the exact value where they are pointed at.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';

export function Bytes({ of }: { of: number }): JSX.Element {
  return (
    <span class="figure" title={`${formatCount(of)} bytes`}>
      {formatBytes(of)}
    </span>
  );
}

export function SignedBytes({ of }: { of: number }): JSX.Element {
  return (
    <span class="figure" title={`${formatCount(of)} bytes`}>
      {of > 0 ? '+' : ''}
      {formatBytes(of)}
    </span>
  );
}

export function Count({ of }: { of: number }): JSX.Element {
  return <span class="figure">{formatCount(of)}</span>;
}

export function SignedCount({ of }: { of: number }): JSX.Element {
  return (
    <span class="figure">
      {of > 0 ? '+' : ''}
      {formatCount(of)}
    </span>
  );
}

/** `1 thread`, `2,000 threads` */
export function counted(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`;
}

/** `34 %`, below one percent `<1 %`. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1 %';
  return `${Math.round(share * 100)} %`;
}

/** A share as a bar, beside its number for those who do not see it. */
export function ShareBar({ of, title }: { of: number; title?: string }): JSX.Element {
  return (
    <span class="share-bar" title={title ?? percent(of)}>
      <span style={{ width: `${Math.max(0, Math.min(1, of)) * 100}%` }} />
    </span>
  );
}

/** A bar as long as its share of the longest, then its figure. */
export function AmountBar({ length, colour, text }: { length: number; colour: string; text: string }): JSX.Element {
  return (
    <span class="amount">
      <span class="amount-bar" aria-hidden="true">
        <span class={`swatch-${colour}`} style={{ width: `${length * 100}%` }} />
      </span>
      <span class="figure">{text}</span>
    </span>
  );
}
