// Garbage and the collector: what no root reaches, the rings that keep it, and why the collector has not freed it.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { CollectorReport } from '../../src/diagnose/collector-report.ts';
import type { GcReport } from '../../src/diagnose/gc-report.ts';
import type { GarbageView as Garbage } from '../../src/protocol/web/heap-views.ts';
import { Bytes, Count } from '../components/figures.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { PlainTable } from '../components/tables/plain-table.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { linkTo } from '../state/route.ts';
import { snapshotPath } from '../state/workspace.ts';

export function GarbageView(): JSX.Element {
  const garbage = useAnswer<Garbage>(snapshotPath('garbage'));
  const gc = useAnswer<GcReport>(snapshotPath('gc'));
  return (
    <>
      <Section title={<Term of="garbage">Garbage</Term>}>
        <Answered answer={garbage} what="looking for what nothing reaches">
          {(found) => (found.objects === 0 ? <NoGarbage /> : <Found garbage={found} />)}
        </Answered>
      </Section>
      <Section title="The collector">
        <Answered answer={gc} what="reading the collector">
          {(report) => <Collected report={report} />}
        </Answered>
      </Section>
    </>
  );
}

function NoGarbage(): JSX.Element {
  return (
    <Empty title="There is none.">
      <p>Everything in this snapshot is reached from a module, a thread or the interpreter.</p>
    </Empty>
  );
}

function Found({ garbage }: { garbage: Garbage }): JSX.Element {
  return (
    <>
      <p>
        {formatCount(garbage.objects)} objects, {formatBytes(garbage.bytes)}, that nothing reaches.{' '}
        <a href={linkTo('query', '', { q: 'is:garbage' })}>Show them</a>
      </p>
      <h3 class="below">
        <Term of="cycle">Rings that keep them</Term>
      </h3>
      <PlainTable<Garbage['cycles'][number]>
        label="cycles"
        rows={garbage.cycles}
        rowKey={({ example }) => example}
        columns={[
          {
            key: 'cycle',
            title: 'Cycle',
            render: ({ example, text }) => (
              <a href={linkTo('object', example)}>
                <code>{text === '' ? 'no cycle' : text}</code>
              </a>
            ),
          },
          { key: 'count', title: 'Like it', align: 'right', render: ({ count }) => <Count of={count} /> },
          { key: 'memory', title: 'Memory', align: 'right', render: ({ bytes }) => <Bytes of={bytes} /> },
          { key: 'finalizer', title: 'Finalizer', render: ({ has_finalizer }) => (has_finalizer ? '__del__' : '') },
        ]}
      />
      <h3 class="below">By type</h3>
      <PlainTable<Garbage['types'][number]>
        label="types of the garbage"
        rows={garbage.types}
        rowKey={({ type }) => type}
        columns={[
          {
            key: 'type',
            title: 'Type',
            render: ({ type }) => <a href={linkTo('query', '', { q: `is:garbage type:${type}` })}>{type}</a>,
          },
          { key: 'objects', title: 'Objects', align: 'right', render: ({ objects }) => <Count of={objects} /> },
          { key: 'memory', title: 'Memory', align: 'right', render: ({ bytes }) => <Bytes of={bytes} /> },
        ]}
      />
    </>
  );
}

function Collected({ report }: { report: GcReport }): JSX.Element {
  const { collector, generations, full_collection } = report;
  return (
    <>
      {collector === undefined ? (
        <p class="faint">This snapshot does not say how the collector was set: it was written by an earlier version.</p>
      ) : (
        <Settings collector={collector} />
      )}
      <h3 class="below">
        <Term of="generation">What the generations hold</Term>
      </h3>
      <PlainTable<GcReport['generations'][number]>
        label="generations"
        rows={generations}
        rowKey={({ generation }) => generation}
        columns={[
          { key: 'generation', title: 'Generation', render: ({ generation }) => generation },
          { key: 'objects', title: 'Objects', align: 'right', render: ({ objects }) => <Count of={objects} /> },
          { key: 'memory', title: 'Memory', align: 'right', render: ({ bytes }) => <Bytes of={bytes} /> },
          {
            key: 'types',
            title: 'Mostly',
            render: ({ types }) =>
              types
                .slice(0, 3)
                .map(({ type, objects }) => `${formatCount(objects)} ${type}`)
                .join(', '),
          },
        ]}
      />
      <p class="below">The next full collection starts {full_collection.starts}.</p>
    </>
  );
}

function Settings({ collector }: { collector: CollectorReport }): JSX.Element {
  return (
    <>
      {collector.conclusions.length === 0 ? (
        <p class="collector-fine">Nothing is wrong with it.</p>
      ) : (
        <ul class="sentences">
          {collector.conclusions.map(({ code, text, advice }) => (
            <li key={code}>
              {text}. <span class="faint">{advice}</span>
            </li>
          ))}
        </ul>
      )}
      <dl class="facts below">
        <dt>state</dt>
        <dd>{collector.enabled ? 'on' : 'off (gc.disable)'}</dd>
        <dt>thresholds</dt>
        <dd>{collector.thresholds.join(', ')}</dd>
        <dt>counts</dt>
        <dd>{collector.counts.join(', ')}</dd>
        <dt>collections</dt>
        <dd>{collector.generations.map(({ collections }) => formatCount(collections)).join(', ')}</dd>
        <dt>callbacks</dt>
        <dd>{collector.callbacks.length === 0 ? 'none' : collector.callbacks.join(', ')}</dd>
        <dt>gc.garbage</dt>
        <dd>{formatCount(collector.garbage_list_objects)} objects</dd>
      </dl>
    </>
  );
}
