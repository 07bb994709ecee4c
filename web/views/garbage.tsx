// Garbage and the collector: what no root reaches, the rings that keep it, and why the collector has not freed it.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { CollectorReport } from '../../src/diagnose/collector-report.ts';
import type { RssReport } from '../../src/diagnose/rss-report.ts';
import type { GarbageView as Garbage } from '../../src/protocol/web/heap-views.ts';
import { Bytes, Count } from '../components/figures.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { linkTo } from '../state/route.ts';
import { currentSnapshot, snapshotPath } from '../state/workspace.ts';
import { SnapshotNeeded } from './snapshot-needed.tsx';

export function GarbageView(): JSX.Element {
  return (
    <SnapshotNeeded>
      <GarbageOf />
    </SnapshotNeeded>
  );
}

function GarbageOf(): JSX.Element {
  const garbage = useAnswer<Garbage>(snapshotPath('garbage'));
  const hasMemory = currentSnapshot.value?.has_memory_map === true;
  const rss = useAnswer<RssReport>(hasMemory ? snapshotPath('rss') : undefined);
  return (
    <>
      <Section title={<Term of="garbage">Garbage</Term>}>
        <Answered answer={garbage} what="looking for what nothing reaches">
          {(found) => (found.objects === 0 ? <NoGarbage /> : <Found garbage={found} />)}
        </Answered>
      </Section>
      <Section title="The collector">
        {hasMemory ? (
          <Answered answer={rss} what="reading the collector">
            {({ collector }) => <Collector collector={collector} />}
          </Answered>
        ) : (
          <p class="faint">
            A .heap file does not hold the collector’s settings. Of a running process: <code>leakscope gc PID</code>
          </p>
        )}
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
      <div class="table-scroll">
        <table class="plain" aria-label="cycles">
          <thead>
            <tr>
              <th scope="col">Cycle</th>
              <th scope="col" class="right">
                Like it
              </th>
              <th scope="col" class="right">
                Memory
              </th>
              <th scope="col">Finalizer</th>
            </tr>
          </thead>
          <tbody>
            {garbage.cycles.map((cycle) => (
              <tr key={cycle.example}>
                <td>
                  <a href={linkTo('object', cycle.example)}>
                    <code>{cycle.text === '' ? 'no cycle' : cycle.text}</code>
                  </a>
                </td>
                <td class="right">
                  <Count of={cycle.count} />
                </td>
                <td class="right">
                  <Bytes of={cycle.bytes} />
                </td>
                <td>{cycle.has_finalizer ? '__del__' : ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3 class="below">By type</h3>
      <div class="table-scroll">
        <table class="plain" aria-label="types of the garbage">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col" class="right">
                Objects
              </th>
              <th scope="col" class="right">
                Memory
              </th>
            </tr>
          </thead>
          <tbody>
            {garbage.types.map((row) => (
              <tr key={row.type}>
                <td>
                  <a href={linkTo('query', '', { q: `is:garbage type:${row.type}` })}>{row.type}</a>
                </td>
                <td class="right">
                  <Count of={row.objects} />
                </td>
                <td class="right">
                  <Bytes of={row.bytes} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Collector({ collector }: { collector: CollectorReport }): JSX.Element {
  return (
    <>
      {collector.conclusions.length === 0 ? (
        <p class="collector-fine">Nothing is wrong with it.</p>
      ) : (
        <ul class="sentences">
          {collector.conclusions.map(({ code, text }) => (
            <li key={code}>{text}</li>
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
        {collector.frozen_objects === undefined ? null : (
          <>
            <dt>frozen</dt>
            <dd>{formatCount(collector.frozen_objects)} objects</dd>
          </>
        )}
        <dt>callbacks</dt>
        <dd>{collector.callbacks.length === 0 ? 'none' : collector.callbacks.join(', ')}</dd>
        <dt>gc.garbage</dt>
        <dd>{formatCount(collector.garbage_list_objects)} objects</dd>
      </dl>
      <div class="table-scroll below">
        <table class="plain" aria-label="generations">
          <thead>
            <tr>
              <th scope="col">
                <Term of="generation">Generation</Term>
              </th>
              {['Objects', 'Collections', 'Collected', 'Uncollectable'].map((title) => (
                <th key={title} scope="col" class="right">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {collector.generations.map((generation, i) => (
              <tr key={`${i}`}>
                <td>{i}</td>
                <td class="right">{generation.objects === undefined ? '–' : formatCount(generation.objects)}</td>
                <td class="right">{formatCount(generation.collections)}</td>
                <td class="right">{formatCount(generation.collected)}</td>
                <td class="right">{formatCount(generation.uncollectable)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
