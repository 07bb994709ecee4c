// One suspect in short: who holds, how fast it grows, the line that adds to it with what to write instead beside it.

import type { JSX } from 'preact';
import { formatByteRate, formatBytes, formatCount } from '../../src/base/units.ts';
import type { Finding } from '../../src/diagnose/find-report.ts';
import { linkTo } from '../state/route.ts';
import { PathText } from './path-text.tsx';
import { SiteSource } from './site-source.tsx';
import { Term } from './term.tsx';

/** Enough to see the function; the suspect's own view has more. */
const LINES_AROUND = 5;

export function SuspectCard({ finding, pid }: { finding: Finding; pid: number }): JSX.Element {
  const { rank, kind, confidence, verdict, holder, growth, sites, advice, scan } = finding;
  const [site] = sites;
  return (
    <article class={`panel card suspect suspect-${verdict}`} aria-label={`suspect ${rank}: ${holder.name}`}>
      <header class="card-head">
        <h3>
          <a href={linkTo('suspect', String(rank))}>{holder.name}</a>
        </h3>
        <span class={`badge badge-${verdict}`}>{verdict}</span>
        <span class="faint">
          {kind}, <Term of="confidence">{confidence} confidence</Term>
        </span>
      </header>
      <p>
        <Term of="held by">Held by</Term> <PathText path={holder.path} />
      </p>
      <p class="card-figures">
        <span>
          <strong class="figure">{formatByteRate(growth.bytes_per_minute)}</strong>
        </span>
        {growth.entries_per_minute === 0 ? null : (
          <span class="figure">{formatCount(growth.entries_per_minute)} entries/min</span>
        )}
        {holder.entries === undefined ? null : <span class="figure">{formatCount(holder.entries)} entries now</span>}
        {holder.retained_bytes === undefined ? null : (
          <span class="figure">
            <Term of="retained">retains</Term> {formatBytes(holder.retained_bytes)}
          </span>
        )}
      </p>
      {site === undefined ? (
        <p>{advice}</p>
      ) : (
        <SiteSource pid={pid} site={site} advice={advice} scan={scan} around={LINES_AROUND} />
      )}
    </article>
  );
}
