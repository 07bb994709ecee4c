// What a sum is made of: one bar, cut by share, with the same as a list for exact figures and for those who do not see it.

import type { JSX } from 'preact';
import { formatByteRate, formatBytes } from '../../../src/base/units.ts';
import { colour } from '../../state/theme.ts';
import { percent } from '../figures.tsx';
import { colourOfPart } from '../memory-map/memory-colours.ts';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import { partsSvg } from './parts-svg.ts';

export interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly bytes_per_minute?: number;
  readonly detail?: string;
}

/** Below this share of the whole a part is too thin to see. */
const THINNEST = 0.004;
/** Growth that is worth a word, in bytes per minute. */
const NOTED_RATE = 64 << 10;

export function PartsBar({ title, parts }: { title: string; parts: readonly Part[] }): JSX.Element {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const sorted = parts.filter(({ bytes }) => bytes > 0).toSorted((a, b) => b.bytes - a.bytes);
  const drawn = sorted.map(({ name, bytes }) => ({
    colour: colourOfPart(name),
    share: bytes / total,
    text: `${name} ${formatBytes(bytes)}, ${percent(bytes / total)}`,
  }));
  return (
    <div class="parts">
      <div class="parts-bar" aria-hidden="true">
        {sorted
          .filter(({ bytes }) => bytes / total >= THINNEST)
          .map(({ name, bytes }) => (
            <span
              key={name}
              class={`part swatch-${colourOfPart(name)}`}
              style={{ flexGrow: bytes / total }}
              title={`${name}: ${formatBytes(bytes)}`}
            />
          ))}
      </div>
      <ul class="list-plain parts-list">
        {sorted.map(({ name, bytes, bytes_per_minute = 0, detail = '' }) => (
          <li key={name} title={detail}>
            <span class={`swatch swatch-${colourOfPart(name)}`} aria-hidden="true" />
            {name} <strong class="figure">{formatBytes(bytes)}</strong>{' '}
            <span class="faint figure">{percent(bytes / total)}</span>
            {Math.abs(bytes_per_minute) >= NOTED_RATE ? (
              <span class="figure grows"> {formatByteRate(bytes_per_minute)}</span>
            ) : null}
          </li>
        ))}
        <li class="chart-export">
          <ChartExport name={title} svg={() => partsSvg(title, drawn, colour)} />
        </li>
      </ul>
    </div>
  );
}
