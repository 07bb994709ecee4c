// Types: how many objects of each, their memory, what they retain, and what grew since another snapshot.

import type { JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { formatBytes } from '../../src/base/units.ts';
import type { TypeRow } from '../../src/protocol/web/heap-views.ts';
import { Bytes, Count, counted, ShareBar, SignedBytes, SignedCount } from '../components/figures.tsx';
import { Section } from '../components/section.tsx';
import { Analysing } from '../components/snapshot-needed.tsx';
import { Empty } from '../components/states.tsx';
import { type TableColumn, WindowTable } from '../components/tables/window-table.tsx';
import { Term } from '../components/term.tsx';
import { withQuery } from '../state/api.ts';
import { goTo, linkTo, route, setParams } from '../state/route.ts';
import { currentSnapshot, workspace } from '../state/workspace.ts';

export function TypesView(): JSX.Element {
  const snapshot = currentSnapshot.value!;
  const { search = '', sort = 'bytes', order = 'descending', group = 'type', since = '' } = route.value.params;
  const [total, setTotal] = useState<number>();
  const windowPath = useCallback(
    (offset: number, limit: number) =>
      withQuery(`/api/snapshots/${snapshot.id}/types`, { offset, limit, sort, order, search, group, since }),
    // The sizes come once they are computed: the table is then another.
    [snapshot.id, snapshot.analysing === undefined, sort, order, search, group, since],
  );
  const heapBytes = snapshot.bytes ?? 0;
  const columns = typeColumns(heapBytes, group, since !== '');
  const others = (workspace.value?.snapshots ?? []).filter(({ id, pid }) => id !== snapshot.id && pid === snapshot.pid);
  return (
    <Section
      wide
      title="Types"
      note={total === undefined ? undefined : `${counted(total, group)}, ${formatBytes(heapBytes)} in all`}
      actions={
        <>
          <input
            type="search"
            data-search=""
            placeholder="part of a name"
            aria-label="search types"
            value={search}
            onInput={(event) => setParams({ search: event.currentTarget.value })}
          />
          <label>
            by{' '}
            <select value={group} onChange={(event) => setParams({ group: event.currentTarget.value, sort: 'bytes' })}>
              <option value="type">type</option>
              <option value="module">module</option>
            </select>
          </label>
          {others.length === 0 ? null : (
            <label>
              grown since{' '}
              <select
                value={since}
                onChange={(event) => setParams({ since: event.currentTarget.value, sort: 'bytes' })}
              >
                <option value="">–</option>
                {others.map(({ id, title }) => (
                  <option key={id} value={id}>
                    {title}
                  </option>
                ))}
              </select>
            </label>
          )}
        </>
      }
    >
      <Analysing />
      <WindowTable<TypeRow>
        label="types"
        columns={columns}
        windowPath={windowPath}
        rowKey={({ name }) => name}
        sort={sort}
        order={order === 'ascending' ? 'ascending' : 'descending'}
        onSort={(by) =>
          setParams({ sort: by, order: by === sort && order === 'descending' ? 'ascending' : 'descending' })
        }
        onAnswer={(answer) => setTotal(answer.total)}
        onOpen={({ name }) => goTo('query', '', { q: `${group}:${quoted(name)}` })}
        empty={
          <Empty title={`No ${group} has ${search} in its name.`}>
            <p>
              <a href={linkTo('types')}>Show all</a>
            </p>
          </Empty>
        }
      />
    </Section>
  );
}

function typeColumns(heapBytes: number, group: string, isCompared: boolean): readonly TableColumn<TypeRow>[] {
  return [
    {
      key: 'name',
      title: group === 'module' ? 'Module' : 'Type',
      width: 'minmax(min(14rem, 34vw), 2fr)',
      sort: 'name',
      render: ({ name }) => <a href={linkTo('query', '', { q: `${group}:${quoted(name)}` })}>{name}</a>,
    },
    {
      key: 'objects',
      title: 'Objects',
      align: 'right',
      width: 'minmax(4.6rem, 1fr)',
      sort: 'objects',
      render: ({ objects }) => <Count of={objects} />,
    },
    {
      key: 'own size',
      title: <Term of="own size">Own size</Term>,
      align: 'right',
      width: 'minmax(4.6rem, 1fr)',
      sort: 'bytes',
      render: ({ bytes }) => (
        <>
          <Bytes of={bytes} /> <ShareBar of={heapBytes === 0 ? 0 : bytes / heapBytes} />
        </>
      ),
    },
    {
      key: 'retained',
      title: <Term of="retained">Retained</Term>,
      align: 'right',
      width: 'minmax(4.6rem, 1fr)',
      sort: 'retained_bytes',
      render: ({ retained_bytes }) => (retained_bytes === undefined ? '…' : <Bytes of={retained_bytes} />),
    },
    ...(isCompared
      ? ([
          {
            key: 'objects grown',
            title: <Term of="growth">Objects grown</Term>,
            align: 'right',
            width: 'minmax(4.6rem, 1fr)',
            sort: 'objects_grown',
            render: ({ objects_grown = 0 }) => <SignedCount of={objects_grown} />,
          },
          {
            key: 'size grown',
            title: 'Size grown',
            align: 'right',
            width: 'minmax(4.6rem, 1fr)',
            sort: 'bytes_grown',
            render: ({ bytes_grown = 0 }) => <SignedBytes of={bytes_grown} />,
          },
        ] as const)
      : []),
  ];
}

/** As a value of the query language. */
function quoted(name: string): string {
  return /[\s()"]/.test(name) ? `"${name.replaceAll('"', '')}"` : name;
}
