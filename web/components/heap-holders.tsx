// Of one snapshot: where memory piles up, and the types that take most. What there is to say of a file.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { HeapReport } from '../../src/diagnose/heap-report.ts';
import { useAnswer } from '../state/answer.ts';
import { linkTo } from '../state/route.ts';
import { currentSnapshot, snapshotPath } from '../state/workspace.ts';
import { SnapshotNeeded } from '../views/snapshot-needed.tsx';
import { Bytes, Count, percent, ShareBar } from './figures.tsx';
import { PathText } from './path-text.tsx';
import { Section } from './section.tsx';
import { Answered } from './states.tsx';
import { Term } from './term.tsx';

export function HeapHolders(): JSX.Element {
  return (
    <SnapshotNeeded>
      <Holders />
    </SnapshotNeeded>
  );
}

function Holders(): JSX.Element {
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
            <div class="table-scroll">
              <table class="plain" aria-label="holders">
                <thead>
                  <tr>
                    <th scope="col" class="right">
                      <Term of="retained">Retains</Term>
                    </th>
                    <th scope="col" class="right">
                      <Term of="entries">Entries</Term>
                    </th>
                    <th scope="col">Type</th>
                    <th scope="col">
                      <Term of="held by">Held by</Term>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {holders.map((holder) => (
                    <tr key={holder.address}>
                      <td class="right">
                        <Bytes of={holder.retained_bytes} />{' '}
                        <ShareBar of={holder.retained_share} title={percent(holder.retained_share)} />
                      </td>
                      <td class="right">{holder.entries === undefined ? '' : <Count of={holder.entries} />}</td>
                      <td>
                        <a href={linkTo('object', holder.address)}>{holder.type}</a>
                      </td>
                      <td>
                        <PathText path={holder.path} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Section>
          <Section title="Types" note="most memory first" actions={<a href={linkTo('types')}>All types</a>}>
            <div class="table-scroll">
              <table class="plain" aria-label="types">
                <thead>
                  <tr>
                    <th scope="col">Type</th>
                    <th scope="col" class="right">
                      Objects
                    </th>
                    <th scope="col" class="right">
                      <Term of="own size">Own size</Term>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {types.slice(0, 10).map((row) => (
                    <tr key={row.type}>
                      <td>{row.type}</td>
                      <td class="right">
                        <Count of={row.objects} />
                      </td>
                      <td class="right">
                        <Bytes of={row.bytes} /> <ShareBar of={row.share} title={percent(row.share)} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Section>
        </>
      )}
    </Answered>
  );
}
