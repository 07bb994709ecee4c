// Resources: open files, sockets, threads and other things beside memory, with the Python objects that own them.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { ResourceReport } from '../../src/diagnose/resource-report.ts';
import type { RssReport } from '../../src/diagnose/rss-report.ts';
import { PathText } from '../components/path-text.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { PlainTable } from '../components/tables/plain-table.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { linkTo } from '../state/route.ts';
import { currentSnapshot, snapshotPath } from '../state/workspace.ts';

export function ResourcesView(): JSX.Element {
  const hasMemory = currentSnapshot.value?.has_memory_map === true;
  const rss = useAnswer<RssReport>(hasMemory ? snapshotPath('rss') : undefined);
  if (!hasMemory) {
    return (
      <Empty title="A .heap file does not say what else the process had open.">
        <p>
          <a href={linkTo('snapshots')}>Take a snapshot of a running process</a>, or use <code>leakscope rss PID</code>
        </p>
      </Empty>
    );
  }
  return (
    <Answered answer={rss} what="finding who owns files, sockets and threads">
      {({ resources }) =>
        resources === undefined ? (
          <Empty title="A core file does not say what the process had open." />
        ) : (
          <Groups resources={resources} />
        )
      }
    </Answered>
  );
}

function Groups({ resources }: { resources: ResourceReport }): JSX.Element {
  const { descriptors, descriptor_limit, groups, groups_left_out } = resources;
  const kinds = [...new Set(groups.map(({ kind }) => kind))];
  return (
    <>
      <p>
        {formatCount(descriptors)} <Term of="descriptors">open descriptors</Term>
        {descriptor_limit === undefined ? null : ` of ${formatCount(descriptor_limit)} allowed`}
        {groups_left_out === 0 ? null : `; ${formatCount(groups_left_out)} smaller groups are not listed`}
      </p>
      {kinds.map((kind) => (
        <Section key={kind} title={kind.charAt(0).toUpperCase() + kind.slice(1)}>
          <PlainTable<ResourceReport['groups'][number]>
            label={kind}
            rows={groups.filter((group) => group.kind === kind)}
            rowKey={({ name }) => name}
            columns={[
              {
                key: 'what',
                title: 'What',
                render: ({ name, bytes, states }) => (
                  <>
                    {name}
                    {bytes === undefined ? null : <span class="faint"> {formatBytes(bytes)}</span>}
                    <States states={states} />
                  </>
                ),
              },
              { key: 'count', title: 'How many', align: 'right', render: ({ count }) => formatCount(count) },
              { key: 'owners', title: 'Owned by', render: (group) => <Owners group={group} /> },
            ]}
          />
        </Section>
      ))}
    </>
  );
}

function States({ states }: { states: Readonly<Record<string, number>> | undefined }): JSX.Element | null {
  if (states === undefined) return null;
  const words = Object.entries(states).map(([state, count]) => `${formatCount(count)} ${state}`);
  return <span class="faint"> {words.join(', ')}</span>;
}

function Owners({ group }: { group: ResourceReport['groups'][number] }): JSX.Element {
  const { owners, owned_by_others, unowned = 0, unowned_examples } = group;
  return (
    <ul class="list-plain">
      {owners.map((owner) => (
        <li key={`${owner.path} ${owner.type}`}>
          <PathText path={owner.path} />{' '}
          <span class="faint">
            {owner.type}
            {owner.count === 1 ? '' : ` × ${formatCount(owner.count)}`}
            {owner.certain ? '' : ', by its number'}
          </span>
        </li>
      ))}
      {owned_by_others > 0 ? <li class="faint">{formatCount(owned_by_others)} by other objects</li> : null}
      {unowned > 0 ? (
        <li class="warn">
          {formatCount(unowned)} by no Python object
          {unowned_examples.length === 0 ? '' : `: ${unowned_examples.join(', ')}`}
        </li>
      ) : null}
    </ul>
  );
}
