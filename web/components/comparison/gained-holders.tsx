// The holders that gained between snapshots: what is new and stayed, and their entries in each as small bars.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../../src/base/units.ts';
import type { Comparison } from '../../../src/protocol/web/heap-views.ts';
import { linkTo } from '../../state/route.ts';
import { colour } from '../../state/theme.ts';
import { type BarChart, barChartSvg, barLength } from '../charts/bar-chart-svg.ts';
import { AmountBar, Count } from '../figures.tsx';
import { PathText } from '../path-text.tsx';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import { Section } from '../section.tsx';
import { PlainTable } from '../tables/plain-table.tsx';
import { Term } from '../term.tsx';
import { entriesOf, type HolderCluster, holderClusters } from './holder-clusters.ts';

/** Rows of the drawing that is saved; the table has all. */
const ROWS_DRAWN = 25;

export function GainedHolders(props: {
  comparison: Comparison;
  titles: readonly string[];
  /** The newest snapshot: the one the holders are looked at in. */
  last: string;
}): JSX.Element {
  const { comparison, titles, last } = props;
  const clusters = holderClusters(comparison.diff.holders);
  const most = clusters[0]?.new_bytes ?? 0;
  return (
    <Section
      title="Holders that gained"
      note="what is new and stayed, by who holds it"
      actions={
        <ChartExport
          name={`holders that gained: ${titles.join(', ')}`}
          svg={() => barChartSvg(chartOf(clusters, comparison.entries, titles), colour)}
        />
      }
    >
      <PlainTable<HolderCluster>
        label="holders that gained"
        rows={clusters}
        rowKey={({ holders }) => holders[0]!.address}
        columns={[
          {
            key: 'memory',
            title: 'New memory',
            render: ({ new_bytes }) => (
              <AmountBar length={barLength(new_bytes, most)} colour="c1" text={formatBytes(new_bytes)} />
            ),
          },
          {
            key: 'objects',
            title: 'New objects',
            align: 'right',
            render: ({ new_objects }) => <Count of={new_objects} />,
          },
          {
            key: 'entries',
            title: <Term of="entries">Entries</Term>,
            align: 'right',
            render: (cluster) => <EntryBars counts={entriesOf(cluster, comparison.entries)} titles={titles} />,
          },
          {
            key: 'held by',
            title: <Term of="held by">Held by</Term>,
            render: ({ holders }) => (
              <>
                {holders.length === 1 ? null : <strong>{formatCount(holders.length)} × </strong>}
                <a href={linkTo('object', holders[0]!.address, { s: last })}>{holders[0]!.type}</a>{' '}
                <PathText path={holders[0]!.path} />
              </>
            ),
          },
        ]}
      />
    </Section>
  );
}

/** In the size of a line of text; the counts beside say the same. */
const BAR = { width: 7, gap: 2, height: 18 };

function EntryBars({ counts, titles }: { counts: readonly number[]; titles: readonly string[] }): JSX.Element | null {
  if (counts.length === 0) return null;
  const most = Math.max(1, ...counts);
  const names = counts.length === titles.length ? titles : [titles[0], titles.at(-1)];
  return (
    <span class="entry-bars figure" title={counts.map((count, i) => `${names[i]}: ${formatCount(count)}`).join(', ')}>
      <svg
        width={counts.length * (BAR.width + BAR.gap)}
        height={BAR.height}
        viewBox={`0 0 ${counts.length * (BAR.width + BAR.gap)} ${BAR.height}`}
        aria-hidden="true"
      >
        {counts.map((count, i) => {
          // What is there at all is seen.
          const height = count === 0 ? 0 : Math.max(1, (count / most) * BAR.height);
          return (
            <rect
              key={`${i}`}
              class={i === counts.length - 1 ? 'entry-bar last' : 'entry-bar'}
              x={i * (BAR.width + BAR.gap)}
              y={BAR.height - height}
              width={BAR.width}
              height={height}
            />
          );
        })}
      </svg>{' '}
      {counts.map(formatCount).join(' → ')}
    </span>
  );
}

function chartOf(
  clusters: readonly HolderCluster[],
  entries: Comparison['entries'],
  titles: readonly string[],
): BarChart {
  const rows = clusters.slice(0, ROWS_DRAWN).map((cluster) => {
    const counts = entriesOf(cluster, entries);
    const { type, path } = cluster.holders[0]!;
    // With two counts of three snapshots, the one between is not known.
    const perSnapshot = titles.map((_, i) =>
      counts.length === titles.length
        ? counts[i]
        : i === 0
          ? counts[0]
          : i === titles.length - 1
            ? counts[1]
            : undefined,
    );
    return { label: `${path} (${type})`, values: [cluster.new_bytes, ...perSnapshot] };
  });
  const mostEntries = Math.max(1, ...rows.flatMap(({ values }) => values.slice(1).map((value) => value ?? 0)));
  return {
    title: 'Holders that gained',
    columns: [
      { name: 'new memory', colour: 'c1', format: formatBytes, longest: clusters[0]?.new_bytes ?? 0 },
      ...titles.map((title) => ({
        name: `entries in ${title}`,
        colour: 'c3',
        format: formatCount,
        longest: mostEntries,
      })),
    ],
    rows,
  };
}
