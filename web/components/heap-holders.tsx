// Of one snapshot: where memory piles up, and the types that take most. What there is to say of a file.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { HeapReport } from '../../src/diagnose/heap-report.ts';
import { useAnswer } from '../state/answer.ts';
import { linkTo } from '../state/route.ts';
import { currentSnapshot, snapshotPath } from '../state/workspace.ts';
import { Bytes, Count, percent, ShareBar } from './figures.tsx';
import { PathText } from './path-text.tsx';
import { Section } from './section.tsx';
import { Answered } from './states.tsx';
import { PlainTable } from './tables/plain-table.tsx';
import { Term } from './term.tsx';

export function HeapHolders(): JSX.Element {
  const report = useAnswer<HeapReport>(snapshotPath('report'));
  return (
    <Answered answer={report} what="computing who holds the memory">
      {({ heap, holders, types }) => (
        <>
          <Section title={`Who holds the memory of ${currentSnapshot.value?.title ?? 'the snapshot'}`}>
            <p>
              {formatCount(heap.objects)} objects, {formatBytes(heap.bytes)}
              {heap.unreachable_objects === 0 ? null : (
                <>
                  ; of them {formatCount(heap.unreachable_objects)} <Term of="garbage">garbage</Term>,{' '}
                  {formatBytes(heap.unreachable_bytes)}
                </>
              )}
              . One snapshot says what is large, not what grows: open a second one of the same process to compare.
            </p>
          </Section>
          <Section title="Holders" note="where memory piles up">
            <PlainTable<HeapReport['holders'][number]>
              label="holders"
              rows={holders}
              rowKey={({ address }) => address}
              columns={[
                {
                  key: 'retains',
                  title: <Term of="retained">Retains</Term>,
                  align: 'right',
                  render: ({ retained_bytes, retained_share }) => (
                    <BytesOf bytes={retained_bytes} share={retained_share} />
                  ),
                },
                {
                  key: 'entries',
                  title: <Term of="entries">Entries</Term>,
                  align: 'right',
                  render: ({ entries }) => (entries === undefined ? '' : <Count of={entries} />),
                },
                {
                  key: 'type',
                  title: 'Type',
                  render: ({ type, address }) => <a href={linkTo('object', address)}>{type}</a>,
                },
                {
                  key: 'held by',
                  title: <Term of="held by">Held by</Term>,
                  render: ({ path }) => <PathText path={path} />,
                },
              ]}
            />
          </Section>
          <Section title="Types" note="most memory first" actions={<a href={linkTo('types')}>All types</a>}>
            <PlainTable<HeapReport['types'][number]>
              label="types"
              rows={types.slice(0, 10)}
              rowKey={({ type }) => type}
              columns={[
                { key: 'type', title: 'Type', render: ({ type }) => type },
                { key: 'objects', title: 'Objects', align: 'right', render: ({ objects }) => <Count of={objects} /> },
                {
                  key: 'own size',
                  title: <Term of="own size">Own size</Term>,
                  align: 'right',
                  render: ({ bytes, share }) => <BytesOf bytes={bytes} share={share} />,
                },
              ]}
            />
          </Section>
        </>
      )}
    </Answered>
  );
}

function BytesOf({ bytes, share }: { bytes: number; share: number }): JSX.Element {
  return (
    <>
      <Bytes of={bytes} /> <ShareBar of={share} title={percent(share)} />
    </>
  );
}
