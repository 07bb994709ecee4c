// Resident memory, live objects and the followed containers of a process, as they are sampled; marks where people put them.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../../src/base/units.ts';
import { marks, samples } from '../../state/workspace.ts';
import { counted } from '../figures.tsx';
import { Loading } from '../states.tsx';
import { LineChart } from './line-chart.tsx';

/** Containers drawn: more lines cannot be told apart. */
const CONTAINERS_DRAWN = 5;

export function ProcessTimeline({ pid }: { pid: number }): JSX.Element {
  const all = samples.value[pid] ?? [];
  const marked = (marks.value[pid] ?? []).map(({ at_ms, label }) => ({ at: at_ms / 1000, label }));
  const last = all.at(-1);
  if (all.length < 2 || last === undefined) return <Loading what="waiting for the first samples" />;
  const at = all.map(({ at_ms }) => at_ms / 1000);
  // Known at every snapshot only: one level says nothing that the line below does not.
  const hasObjects = new Set(all.flatMap(({ objects }) => objects ?? [])).size > 1;
  const containers = Object.keys(last.entries ?? {}).slice(0, CONTAINERS_DRAWN);
  return (
    <div class="timelines">
      <LineChart
        title="resident memory"
        at={at}
        lines={[{ name: 'RSS', values: all.map(({ rss_bytes }) => rss_bytes) }]}
        unit="bytes"
        marks={marked}
      />
      {hasObjects ? (
        <LineChart
          title="live objects, at snapshots"
          at={at}
          lines={[{ name: 'objects', values: all.map(({ objects }) => objects ?? null) }]}
          unit="count"
          marks={marked}
        />
      ) : null}
      {containers.length === 0 ? null : (
        <LineChart
          title="entries of the largest growing holders"
          at={at}
          lines={containers.map((name) => ({ name, values: all.map(({ entries }) => entries?.[name] ?? null) }))}
          unit="count"
          marks={marked}
        />
      )}
      <p class="faint">
        {[
          `RSS ${formatBytes(last.rss_bytes)}`,
          last.objects === undefined ? undefined : `${formatCount(last.objects)} live objects`,
          last.threads === undefined ? undefined : counted(last.threads, 'thread'),
          last.descriptors === undefined ? undefined : counted(last.descriptors, 'open descriptor'),
        ]
          .filter((fact) => fact !== undefined)
          .join(' · ')}
      </p>
    </div>
  );
}
