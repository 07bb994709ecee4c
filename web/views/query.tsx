// Query: the objects that meet a condition, in the query language, with completion.

import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { ObjectRow, ObjectsAnswer } from '../../src/protocol/web/heap-views.ts';
import { QueryField } from '../components/query-field.tsx';
import { Section } from '../components/section.tsx';
import { Analysing } from '../components/snapshot-needed.tsx';
import { Empty } from '../components/states.tsx';
import { objectColumns } from '../components/tables/object-columns.tsx';
import { WindowTable } from '../components/tables/window-table.tsx';
import { withQuery } from '../state/api.ts';
import { goTo, linkTo, route, setParams } from '../state/route.ts';
import { currentSnapshot, workspace } from '../state/workspace.ts';

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['type:dict entries>1000', 'big dicts'],
  ['retained>1MB not is:code', 'data that keeps more than a megabyte'],
  ['is:garbage', 'what no root reaches'],
  ['has:__del__ is:code', 'classes with a finalizer'],
  ['under:__main__ type:list', 'lists that go with the main module'],
];

export function QueryView(): JSX.Element {
  const snapshot = currentSnapshot.value!;
  const { q = '', since = '', also_in = '', sort = 'retained_bytes', order = 'descending' } = route.value.params;
  const [answer, setAnswer] = useState<ObjectsAnswer>();
  useEffect(() => setAnswer(undefined), [q, since, also_in, snapshot.id]);
  const windowPath = useCallback(
    (offset: number, limit: number) =>
      withQuery(`/api/snapshots/${snapshot.id}/objects`, { offset, limit, q, since, also_in, sort, order }),
    [snapshot.id, q, since, also_in, sort, order],
  );
  return (
    <Section
      wide
      title="Query"
      note={
        answer === undefined
          ? undefined
          : `${formatCount(answer.total)} object${answer.total === 1 ? '' : 's'}, ${formatBytes(answer.bytes)}`
      }
    >
      <QueryField snapshot={snapshot.id} value={q} onAsk={(asked) => setParams({ q: asked })} />
      <p class="faint examples">
        {EXAMPLES.map(([query, meaning]) => (
          <a key={query} href={linkTo('query', '', { q: query })} title={meaning}>
            <code>{query}</code>
          </a>
        ))}
      </p>
      {since === '' && also_in === '' ? null : (
        <p class="examples">
          Only objects that are {membersInWords(since, also_in)}.{' '}
          <a href={linkTo('query', '', { q })}>All objects of {snapshot.title}</a>
        </p>
      )}
      <Analysing />
      <WindowTable<ObjectRow>
        label="objects"
        columns={objectColumns(snapshot.bytes ?? 0)}
        windowPath={windowPath}
        rowKey={({ address }) => address}
        sort={sort}
        order={order === 'ascending' ? 'ascending' : 'descending'}
        onSort={(by) =>
          setParams({ sort: by, order: by === sort && order === 'descending' ? 'ascending' : 'descending' })
        }
        onAnswer={(first) => setAnswer(first as ObjectsAnswer)}
        onOpen={({ address }) => goTo('object', address)}
        empty={
          <Empty title="No object meets it.">
            <p>Names are matched whole or by their end; * stands for any characters.</p>
          </Empty>
        }
      />
    </Section>
  );
}

/** `not in 14:03:12, but in 14:05:40`: which snapshots, by their ids in the address. */
function membersInWords(since: string, alsoIn: string): string {
  const titled = (ids: string): string =>
    ids
      .split(',')
      .map((id) => workspace.value?.snapshots.find((one) => one.id === id)?.title ?? id)
      .join(' and ');
  if (alsoIn === '') return `not in ${titled(since)}`;
  return since === '' ? `also in ${titled(alsoIn)}` : `in ${titled(alsoIn)} too, but not in ${titled(since)}`;
}
