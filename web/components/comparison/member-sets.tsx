// The objects of two or three snapshots by which of them they are in, as bars of memory and of objects.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../../src/base/units.ts';
import type { Comparison } from '../../../src/protocol/web/heap-views.ts';
import { linkTo } from '../../state/route.ts';
import { colour } from '../../state/theme.ts';
import { type BarChart, barChartSvg, barLength } from '../charts/bar-chart-svg.ts';
import { AmountBar } from '../figures.tsx';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import { Section } from '../section.tsx';
import { PlainTable } from '../tables/plain-table.tsx';
import { bySize, objectsOfSet, setInWords } from './member-set.ts';

const TITLE = 'Which objects are in which';

export function MemberSets(props: {
  sets: Comparison['sets'];
  /** Of the snapshots compared, oldest first. */
  ids: readonly string[];
  titles: readonly string[];
}): JSX.Element {
  const { ids, titles } = props;
  const sets = bySize(props.sets);
  const mostBytes = Math.max(...sets.map(({ bytes }) => bytes));
  const mostObjects = Math.max(...sets.map(({ objects }) => objects));
  const chart: BarChart = {
    title: `${TITLE}: ${titles.join(', ')}`,
    columns: [
      { name: 'memory', colour: 'c1', format: formatBytes, longest: mostBytes },
      { name: 'objects', colour: 'c3', format: formatCount, longest: mostObjects },
    ],
    rows: sets.map(({ in: places, bytes, objects }) => ({
      label: setInWords(places, titles),
      values: [bytes, objects],
    })),
  };
  return (
    <Section
      title={TITLE}
      note="most memory first"
      actions={<ChartExport name={chart.title} svg={() => barChartSvg(chart, colour)} />}
    >
      <PlainTable<Comparison['sets'][number]>
        label="sets of objects"
        rows={sets}
        rowKey={({ in: places }) => places.join()}
        columns={[
          {
            key: 'set',
            title: 'Objects',
            render: ({ in: places }) => (
              <>
                <span class="set-dots" aria-hidden="true">
                  {ids.map((id, place) => (
                    <span key={id} class={places.includes(place) ? 'dot on' : 'dot'} />
                  ))}
                </span>
                <a href={linkTo('query', '', objectsOfSet(places, ids))}>{setInWords(places, titles)}</a>
              </>
            ),
          },
          {
            key: 'memory',
            title: 'Memory',
            render: ({ bytes }) => (
              <AmountBar length={barLength(bytes, mostBytes)} colour="c1" text={formatBytes(bytes)} />
            ),
          },
          {
            key: 'count',
            title: 'How many',
            render: ({ objects }) => (
              <AmountBar length={barLength(objects, mostObjects)} colour="c3" text={formatCount(objects)} />
            ),
          },
        ]}
      />
    </Section>
  );
}
