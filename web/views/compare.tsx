// Compare: two or three snapshots of one process, oldest first: what came and stayed, by holder and by type.

import type { JSX } from 'preact';
import { formatBytes, formatCount, formatDuration } from '../../src/base/units.ts';
import type { Comparison } from '../../src/protocol/web/heap-views.ts';
import type { OpenSnapshot } from '../../src/protocol/web/workspace.ts';
import { Bytes, Count, SignedBytes, SignedCount } from '../components/figures.tsx';
import { PathText } from '../components/path-text.tsx';
import { PlainTable } from '../components/plain-table.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { linkTo, route, setParams } from '../state/route.ts';
import { workspace } from '../state/workspace.ts';

const MOST = 3;

export function CompareView(): JSX.Element {
  const ready = (workspace.value?.snapshots ?? []).filter(({ state }) => state === 'ready');
  if (ready.length < 2) {
    return (
      <Empty title="Comparing takes two snapshots.">
        <p>
          <a href={linkTo('snapshots')}>Take another</a> a while after the first, or start with files:{' '}
          <code>leakscope open a.heap b.heap</code>
        </p>
      </Empty>
    );
  }
  const asked = (route.value.params['of'] ?? '').split(',').filter((id) => ready.some((one) => one.id === id));
  const chosen = asked.length >= 2 ? asked : ready.slice(-2).map(({ id }) => id);
  return <Chosen ready={ready} chosen={chosen} />;
}

function Chosen({ ready, chosen }: { ready: readonly OpenSnapshot[]; chosen: readonly string[] }): JSX.Element {
  const answer = useAnswer<Comparison>(`/api/compare?snapshots=${chosen.join(',')}`);
  const toggle = (id: string): void => {
    const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id].slice(-MOST);
    // In the order they were taken.
    const ordered = ready.map((one) => one.id).filter((one) => next.includes(one));
    if (ordered.length >= 2) setParams({ of: ordered.join(',') });
  };
  return (
    <>
      <Section title="Compare" note="two or three snapshots, oldest first">
        <fieldset class="choices">
          <legend class="visually-hidden">snapshots to compare</legend>
          {ready.map(({ id, title, objects }) => (
            <label key={id} class="choice">
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} /> {title}{' '}
              <span class="faint">{objects === undefined ? '' : `${formatCount(objects)} objects`}</span>
            </label>
          ))}
        </fieldset>
      </Section>
      <Answered answer={answer} what="comparing">
        {(comparison) => (
          <Compared
            comparison={comparison}
            titles={chosen.map((id) => ready.find((one) => one.id === id)?.title ?? id)}
            last={chosen.at(-1)!}
          />
        )}
      </Answered>
    </>
  );
}

function Compared(props: { comparison: Comparison; titles: readonly string[]; last: string }): JSX.Element {
  const { comparison, titles, last } = props;
  const { diff, sets, entries } = comparison;
  const { growth } = diff;
  const grown = diff.types.filter(
    (row) => row.objects_after > row.objects_before || row.bytes_after > row.bytes_before,
  );
  return (
    <>
      <p class="verdict-summary below">
        <SignedBytes of={growth.bytes} /> and <SignedCount of={growth.objects} /> objects in{' '}
        {formatDuration(growth.seconds)}; new and still there: {formatCount(diff.new_objects)} objects,{' '}
        {formatBytes(diff.new_bytes)}.
        {diff.same_process ? '' : ' They are of different processes: only types can be compared.'}
      </p>
      {sets.length === 0 ? null : (
        <Section title="Which objects are in which">
          <ul class="list-plain sets">
            {sets.map((set) => (
              <li key={set.in.join()}>
                <span class="set-dots" aria-hidden="true">
                  {titles.map((title, i) => (
                    <span key={title} class={set.in.includes(i) ? 'dot on' : 'dot'} />
                  ))}
                </span>
                <span>{setInWords(set.in, titles)}</span>
                <strong class="figure">{formatCount(set.objects)}</strong>
                <span class="faint figure">{formatBytes(set.bytes)}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {diff.holders.length === 0 ? null : (
        <Section title="Holders that gained" note="what is new and stayed, by who holds it">
          <PlainTable<Cluster>
            label="holders that gained"
            rows={clustered(diff.holders)}
            rowKey={({ holders }) => holders[0]!.address}
            columns={[
              {
                key: 'memory',
                title: 'New memory',
                align: 'right',
                render: ({ new_bytes }) => <Bytes of={new_bytes} />,
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
                render: ({ holders }) => (
                  <span class="figure">{holders.length === 1 ? entriesOf(holders[0]!, entries) : ''}</span>
                ),
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
      )}
      <Section title="Types that grew" note={grown.length === 0 ? 'none did' : 'most memory gained first'}>
        <PlainTable<Comparison['diff']['types'][number]>
          label="types that grew"
          rows={grown}
          rowKey={({ type }) => type}
          columns={[
            {
              key: 'type',
              title: 'Type',
              render: ({ type }) => <a href={linkTo('query', '', { q: `type:${type}`, s: last })}>{type}</a>,
            },
            {
              key: 'objects',
              title: <Term of="growth">Objects</Term>,
              align: 'right',
              render: ({ objects_after, objects_before }) => (
                <>
                  <SignedCount of={objects_after - objects_before} />{' '}
                  <span class="faint figure">to {formatCount(objects_after)}</span>
                </>
              ),
            },
            {
              key: 'memory',
              title: 'Memory',
              align: 'right',
              render: ({ bytes_after, bytes_before }) => (
                <>
                  <SignedBytes of={bytes_after - bytes_before} />{' '}
                  <span class="faint figure">to {formatBytes(bytes_after)}</span>
                </>
              ),
            },
          ]}
        />
      </Section>
    </>
  );
}

interface Cluster {
  readonly holders: Comparison['diff']['holders'];
  readonly new_bytes: number;
  readonly new_objects: number;
}

/** Holders that are reached in the same way and are of one type, as one: the keys of a cache, say. Most new bytes first. */
function clustered(holders: Comparison['diff']['holders']): Cluster[] {
  const clusters = new Map<string, Cluster>();
  for (const holder of holders) {
    const key = `${holder.type} ${holder.path}`;
    const before = clusters.get(key) ?? { holders: [], new_bytes: 0, new_objects: 0 };
    clusters.set(key, {
      holders: [...before.holders, holder],
      new_bytes: before.new_bytes + holder.new_bytes,
      new_objects: before.new_objects + holder.new_objects,
    });
  }
  return [...clusters.values()].sort((a, b) => b.new_bytes - a.new_bytes);
}

function entriesOf(
  holder: { readonly address: string; readonly entries_before?: number; readonly entries_after?: number },
  entries: Comparison['entries'],
): string {
  const counts = entries.find(({ address }) => address === holder.address)?.counts;
  if (counts !== undefined) return counts.map(formatCount).join(' → ');
  if (holder.entries_after === undefined) return '';
  return `${formatCount(holder.entries_before ?? 0)} → ${formatCount(holder.entries_after)}`;
}

function setInWords(places: readonly number[], titles: readonly string[]): string {
  if (places.length === titles.length) return 'in all of them';
  const names = places.map((place) => titles[place]);
  if (places.length === 1 && places[0] === titles.length - 1) return `new in ${names[0]}`;
  if (places.length === 1 && places[0] === 0) return `only in ${names[0]}: gone since`;
  return `only in ${names.join(' and ')}`;
}
