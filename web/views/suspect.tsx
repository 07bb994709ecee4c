// One suspect: how it grows, who holds it and why that is alive, what it retains, the lines that add to it.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatByteRate, formatBytes, formatCount } from '../../src/base/units.ts';
import type { Finding, FindReport } from '../../src/diagnose/find-report.ts';
import type { ObjectDetail, RetainedTree } from '../../src/protocol/web/heap-views.ts';
import { Allocations } from '../components/allocations.tsx';
import { LineChart } from '../components/charts/line-chart.tsx';
import { Icicle } from '../components/icicle/icicle.tsx';
import { PathText } from '../components/path-text.tsx';
import { RetainingGraphView } from '../components/retaining-graph/retaining-graph.tsx';
import { whyAlive } from '../components/retaining-graph/why-alive.ts';
import { Section } from '../components/section.tsx';
import { SiteSource } from '../components/site-source.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { Term } from '../components/term.tsx';
import { shown, useAnswer } from '../state/answer.ts';
import { linkTo, route } from '../state/route.ts';
import { currentProcess, findingsVersion, workspace } from '../state/workspace.ts';

export function SuspectView(): JSX.Element {
  const process = currentProcess.value;
  const pid = process?.pid ?? 0;
  const report = useAnswer<FindReport>(
    process?.has_findings === true ? `/api/processes/${pid}/findings` : undefined,
    findingsVersion.value[pid] ?? 0,
  );
  if (process === undefined || !process.has_findings) {
    return (
      <Empty title="There are no findings to look at.">
        <p>
          <a href={linkTo('overview')}>Watch a process for growth</a> first.
        </p>
      </Empty>
    );
  }
  return (
    <Answered answer={report} what="reading the findings">
      {({ findings }) => {
        const finding = findings.find(({ rank }) => String(rank) === route.value.subject);
        if (finding !== undefined) return <Suspect key={finding.holder.name} finding={finding} pid={pid} />;
        return (
          <Empty title={`There is no suspect number ${route.value.subject}.`}>
            <p>
              <a href={linkTo('overview')}>All suspects</a>
            </p>
          </Empty>
        );
      }}
    </Answered>
  );
}

function Suspect({ finding, pid }: { finding: Finding; pid: number }): JSX.Element {
  const { kind, confidence, verdict, holder, growth, sites, shrinks, other_paths, because, advice, scan } = finding;
  return (
    <>
      <header class="object-head">
        <p class="below">
          <a href={linkTo('overview')}>← All suspects</a>
        </p>
        <h1>
          {holder.name} <span class={`badge badge-${verdict}`}>{verdict}</span>
        </h1>
        <p>
          {kind} of type <code>{holder.type}</code>, <Term of="confidence">{confidence} confidence</Term>
        </p>
        <p>
          <Term of="held by">Held by</Term> <PathText path={holder.path} />
        </p>
        <dl class="headline">
          <Fact name="grows by" value={formatByteRate(growth.bytes_per_minute)} />
          {growth.entries_per_minute === 0 ? null : (
            <Fact name="entries" value={`${signed(growth.entries_per_minute)}/min`} />
          )}
          {holder.entries === undefined ? null : <Fact name="entries now" value={formatCount(holder.entries)} />}
          {holder.retained_bytes === undefined ? null : (
            <Fact name="retains" value={formatBytes(holder.retained_bytes)} />
          )}
          {holder.bound === undefined ? null : <Fact name="bound" value={formatCount(holder.bound)} />}
        </dl>
      </header>
      <Section title="How it grows">
        {growth.series.length < 2 ? null : (
          <LineChart
            title={`entries of ${holder.name}`}
            at={growth.series.map(([at]) => at)}
            lines={[{ name: 'entries', values: growth.series.map(([, entries]) => entries) }]}
            unit="count"
            elapsed
          />
        )}
        <ul class="sentences">
          {because.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
          {growth.types.map(({ type, objects_per_minute, bytes_per_minute }) => (
            <li key={type}>
              by <code>{type}</code>: {signed(objects_per_minute)} objects/min, {formatByteRate(bytes_per_minute)}
            </li>
          ))}
        </ul>
      </Section>
      <Section title={<Term of="site">Lines that add to it</Term>}>
        {sites.length === 0 ? <p class="faint">No line of Python was found that adds to it.</p> : null}
        {sites.slice(0, 1).map((site) => (
          <SiteSource key={`${site.file}:${site.line}`} pid={pid} site={site} advice={advice} scan={scan} />
        ))}
        {sites.slice(1).map((site) => (
          <OtherSite key={`${site.file}:${site.line}`} pid={pid} site={site} />
        ))}
        {sites.length === 0 ? <p>{advice}</p> : null}
        {shrinks.length === 0 ? null : (
          <p class="faint">Lines that take from it: {shrinks.map(({ file, line }) => `${file}:${line}`).join(', ')}</p>
        )}
      </Section>
      {finding.allocations === undefined ? null : (
        <Section title="Who allocated it" note="as tracemalloc saw it">
          <Allocations of={finding.allocations} />
        </Section>
      )}
      <Alive holder={holder} otherPaths={other_paths} pid={pid} />
    </>
  );
}

/** Its source is read when it is opened. */
function OtherSite({ pid, site }: { pid: number; site: Finding['sites'][number] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="other-site" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>
          {site.file}:{site.line}
        </code>{' '}
        <span class="faint">
          in {site.function}: {site.basis}
        </span>
      </summary>
      {isOpen ? <SiteSource pid={pid} site={site} advice="" /> : null}
    </details>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong class="figure">{value}</strong>
      </dd>
    </div>
  );
}

function signed(perMinute: number): string {
  return `${perMinute >= 0 ? '+' : ''}${formatCount(perMinute)}`;
}

/** The holder in the newest snapshot of the process, where it is an object of it. */
function Alive(props: { holder: Finding['holder']; otherPaths: readonly string[]; pid: number }): JSX.Element | null {
  const { holder, otherPaths, pid } = props;
  const snapshot = workspace.value?.snapshots.findLast((one) => one.pid === pid && one.state === 'ready');
  const base =
    snapshot === undefined || holder.address === undefined
      ? undefined
      : `/api/snapshots/${snapshot.id}/objects/${holder.address}`;
  const detail = useAnswer<ObjectDetail>(base);
  const tree = useAnswer<RetainedTree>(base === undefined ? undefined : `${base}/retained-tree`);
  if (holder.address === undefined) return null;
  if (snapshot === undefined) {
    return (
      <Section title="Why is it alive?">
        <p>
          <a href={linkTo('snapshots')}>Take a snapshot</a> to see who keeps it alive, and what it retains.
        </p>
      </Section>
    );
  }
  const { address } = holder;
  const object = shown(detail);
  return (
    <>
      <Section
        title="Why is it alive?"
        note={object === undefined ? undefined : whyAlive(object)}
        actions={<a href={linkTo('object', address, { s: snapshot.id })}>The object in {snapshot.title}</a>}
      >
        <RetainingGraphView snapshot={snapshot.id} address={address} />
        {otherPaths.length === 0 ? null : (
          <ul class="paths">
            {otherPaths.map((path) => (
              <li key={path}>
                <PathText path={path} />
              </li>
            ))}
          </ul>
        )}
        <Answered answer={detail} what="looking who refers to it">
          {({ referrers }) => (
            <p class="faint">
              {formatCount(referrers.total)}{' '}
              <Term of="referrer">{referrers.total === 1 ? 'referrer' : 'referrers'}</Term>:{' '}
              {referrers.rows.slice(0, 6).map((row, i) => (
                <span key={`${row.address} ${row.name}`}>
                  {i === 0 ? '' : ', '}
                  <a href={linkTo('object', row.address, { s: snapshot.id })}>{row.type}</a> as <code>{row.name}</code>
                </span>
              ))}
            </p>
          )}
        </Answered>
      </Section>
      <Section title={<Term of="retained">What it retains</Term>}>
        <Answered answer={tree} what="adding up what it retains">
          {(root) => <Icicle tree={root} linkOf={(at) => linkTo('object', at, { s: snapshot.id })} />}
        </Answered>
      </Section>
    </>
  );
}
