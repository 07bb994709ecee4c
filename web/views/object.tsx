// One object: why it is alive, drawn; what it retains; what refers to it and what it refers to.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { ObjectDetail, RelatedObject, RetainedTree, Window } from '../../src/protocol/web/heap-views.ts';
import { Bytes, Count, counted } from '../components/figures.tsx';
import { Icicle } from '../components/icicle/icicle.tsx';
import { PathText } from '../components/path-text.tsx';
import { RetainingGraphView } from '../components/retaining-graph/retaining-graph.tsx';
import { whyAlive } from '../components/retaining-graph/why-alive.ts';
import { Section } from '../components/section.tsx';
import { Answered, Empty, Failure } from '../components/states.tsx';
import { PlainTable } from '../components/tables/plain-table.tsx';
import { Term } from '../components/term.tsx';
import { fetchKept, useAnswer } from '../state/answer.ts';
import { type ApiFailure, withQuery } from '../state/api.ts';
import { linkTo, route } from '../state/route.ts';
import { currentSnapshot, snapshotPath } from '../state/workspace.ts';

export function ObjectView(): JSX.Element {
  const { subject } = route.value;
  if (/^0x[0-9a-f]{1,14}$/.test(subject)) {
    return <ObjectOf key={`${currentSnapshot.value?.id} ${subject}`} address={subject} />;
  }
  return (
    <Empty title="That is no address.">
      <p>
        <a href={linkTo('query')}>Ask for objects</a>
      </p>
    </Empty>
  );
}

function ObjectOf({ address }: { address: string }): JSX.Element {
  const detail = useAnswer<ObjectDetail>(snapshotPath(`objects/${address}`));
  const tree = useAnswer<RetainedTree>(snapshotPath(`objects/${address}/retained-tree`));
  return (
    <Answered answer={detail} what="looking at the object">
      {(object) => (
        <>
          <Head object={object} />
          <Section title="Why is it alive?" note={whyAlive(object)}>
            {object.paths.length === 0 ? null : (
              <RetainingGraphView snapshot={currentSnapshot.value!.id} address={address} />
            )}
            {object.paths.length > 1 ? <p class="faint">The paths, the shortest first:</p> : null}
            <ol class="paths">
              {object.paths.map((path) => (
                <li key={path}>
                  <PathText path={path} />
                </li>
              ))}
            </ol>
          </Section>
          <Section title="What it retains" note={retainsWhat(object)}>
            <Answered answer={tree} what="adding up what it retains">
              {(root) =>
                root.children.length === 0 ? (
                  <p class="faint">Nothing but itself.</p>
                ) : (
                  <Icicle tree={root} linkOf={(at) => linkTo('object', at)} />
                )
              }
            </Answered>
          </Section>
          <div class="columns">
            <Related title="Referred to by" kind="referrers" address={address} first={object.referrers} />
            <Related title="Refers to" kind="referents" address={address} first={object.referents} />
          </div>
        </>
      )}
    </Answered>
  );
}

function Head({ object }: { object: ObjectDetail }): JSX.Element {
  const { type, address, bytes, retained_bytes, retained_objects, entries, traits, path } = object;
  return (
    <header class="object-head">
      <h1>
        {type} <span class="address faint">{address}</span>
      </h1>
      <p>
        <Term of="held by">Held by</Term> <PathText path={path} />
      </p>
      <dl class="headline">
        <div>
          <dt>
            <Term of="retained">retains</Term>
          </dt>
          <dd>
            <strong>
              <Bytes of={retained_bytes} />
            </strong>{' '}
            <span class="faint">in {counted(retained_objects, 'object')}</span>
          </dd>
        </div>
        <div>
          <dt>
            <Term of="own size">own size</Term>
          </dt>
          <dd>
            <Bytes of={bytes} />
          </dd>
        </div>
        {entries === undefined ? null : (
          <div>
            <dt>
              <Term of="entries">entries</Term>
            </dt>
            <dd>
              <Count of={entries} />
            </dd>
          </div>
        )}
      </dl>
      <p class="object-links">
        <a href={linkTo('dominators', '', { at: address })}>Show in the dominator tree</a>
        <a href={linkTo('query', '', { q: `under:${address}` })}>Objects that would go with it</a>
        <a href={linkTo('query', '', { q: `type:${type}` })}>Objects of its type</a>
      </p>
      {traits.length === 0 ? null : <p class="faint">{traits.join(' · ')}</p>}
    </header>
  );
}

function retainsWhat({ retained_bytes, retained_objects }: ObjectDetail): string {
  return `${formatBytes(retained_bytes)} in ${counted(retained_objects, 'object')}`;
}

/** Rows asked for at once. */
const RELATED = 50;

function Related(props: {
  title: string;
  kind: 'referrers' | 'referents';
  address: string;
  first: Window<RelatedObject>;
}): JSX.Element {
  const { title, kind, address, first } = props;
  const [rows, setRows] = useState(first.rows);
  const [failure, setFailure] = useState<ApiFailure>();
  const more = first.total - rows.length;
  const showMore = async (): Promise<void> => {
    const path = snapshotPath(`objects/${address}/${kind}`);
    if (path === undefined) return;
    try {
      const next = await fetchKept<Window<RelatedObject>>(withQuery(path, { offset: rows.length, limit: RELATED }));
      setRows([...rows, ...next.rows]);
    } catch (error) {
      setFailure(error as ApiFailure);
    }
  };
  return (
    <Section title={title} note={formatCount(first.total)}>
      {rows.length === 0 ? (
        <p class="faint">Nothing.</p>
      ) : (
        <PlainTable<RelatedObject>
          label={title}
          rows={rows}
          // One object may refer twice, under two names.
          rowKey={(row, i) => `${row.address} ${row.name} ${i}`}
          columns={[
            { key: 'as', title: 'As', render: ({ name }) => <code>{name}</code> },
            {
              key: 'object',
              title: 'Object',
              render: ({ address, type, entries }) => (
                <>
                  <a href={linkTo('object', address)} title={address}>
                    {type}
                  </a>
                  {entries === undefined ? null : <span class="faint"> {formatCount(entries)} entries</span>}
                </>
              ),
            },
            {
              key: 'retains',
              title: 'Retains',
              align: 'right',
              render: ({ retained_bytes }) => <Bytes of={retained_bytes} />,
            },
          ]}
        />
      )}
      {more > 0 ? (
        <button type="button" class="button quiet" onClick={() => void showMore()}>
          {formatCount(more)} more: show them
        </button>
      ) : null}
      {failure === undefined ? null : <Failure failure={failure} />}
    </Section>
  );
}
