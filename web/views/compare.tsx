// Compare: two or three snapshots of one process, oldest first: what came and stayed, by holder and by type.

import type { JSX } from 'preact';
import { formatBytes, formatCount, formatDuration } from '../../src/base/units.ts';
import type { Comparison } from '../../src/protocol/web/heap-views.ts';
import type { OpenSnapshot } from '../../src/protocol/web/workspace.ts';
import { GainedHolders } from '../components/comparison/gained-holders.tsx';
import { MemberSets } from '../components/comparison/member-sets.tsx';
import { SignedBytes, SignedCount } from '../components/figures.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { PlainTable } from '../components/tables/plain-table.tsx';
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
            ids={chosen}
          />
        )}
      </Answered>
    </>
  );
}

function Compared(props: {
  comparison: Comparison;
  /** Of the snapshots compared, oldest first. */
  ids: readonly string[];
  titles: readonly string[];
}): JSX.Element {
  const { comparison, ids, titles } = props;
  const last = ids.at(-1)!;
  const { diff, sets } = comparison;
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
      {sets.length === 0 ? null : <MemberSets sets={sets} ids={ids} titles={titles} />}
      {diff.holders.length === 0 ? null : <GainedHolders comparison={comparison} titles={titles} last={last} />}
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
