// Resident memory, live objects and the followed containers of a process, as they are sampled; marks where people put them.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import { marks, samples } from '../state/workspace.ts';
import { LineChart } from './line-chart.tsx';
import { Loading } from './states.tsx';

/** Containers drawn: more lines cannot be told apart. */
const CONTAINERS_DRAWN = 5;

export function ProcessTimeline({ pid }: { pid: number }): JSX.Element {
  const all = samples.value[pid] ?? [];
  const marked = (marks.value[pid] ?? []).map(({ at_ms, label }) => ({ at: at_ms / 1000, label }));
  const last = all.at(-1);
  if (all.length < 2 || last === undefined) return <Loading what="waiting for the first samples" />;
  const at = all.map(({ at_ms }) => at_ms / 1000);
  const containers = Object.keys(last.entries ?? {}).slice(0, CONTAINERS_DRAWN);
  return (
    <div class="timelines">
      <LineChart
        label={`resident memory of process ${pid}, now ${formatBytes(last.rss_bytes)}`}
        at={at}
        lines={[{ name: 'RSS', values: all.map(({ rss_bytes }) => rss_bytes) }]}
        unit="bytes"
        marks={marked}
      />
      {containers.length === 0 ? null : (
        <LineChart
          label="entries of the containers that are followed"
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
          last.threads === undefined ? undefined : `${formatCount(last.threads)} threads`,
          last.descriptors === undefined ? undefined : `${formatCount(last.descriptors)} open descriptors`,
        ]
          .filter((fact) => fact !== undefined)
          .join(' · ')}
      </p>
    </div>
  );
}
