// Overview: does it leak, where is the memory, what grows, who holds it. The answer first.

import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { formatByteRate, formatBytes, formatCount, formatDuration } from '../../src/base/units.ts';
import type { FindReport } from '../../src/diagnose/find-report.ts';
import type { WatchedProcess } from '../../src/protocol/web/workspace.ts';
import { PartsBar } from '../components/charts/parts-bar.tsx';
import { ProcessTimeline } from '../components/charts/process-timeline.tsx';
import { HeapHolders } from '../components/heap-holders.tsx';
import { ObservationControl } from '../components/observation-control.tsx';
import { ProcessPicker } from '../components/process-picker.tsx';
import { Section } from '../components/section.tsx';
import { SnapshotNeeded } from '../components/snapshot-needed.tsx';
import { Answered, Failure } from '../components/states.tsx';
import { SuspectCard } from '../components/suspect-card.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { linkTo } from '../state/route.ts';
import { currentProcess, currentSnapshot, findingsVersion, readTimeline } from '../state/workspace.ts';

export function OverviewView(): JSX.Element {
  const process = currentProcess.value;
  if (process !== undefined) return <ProcessOverview key={process.pid} process={process} />;
  if (currentSnapshot.value !== undefined) {
    return (
      <SnapshotNeeded>
        <HeapHolders />
      </SnapshotNeeded>
    );
  }
  return (
    <Section title="Which process?" note="Python processes on this machine, largest first">
      <p class="introduction">
        leakscope finds who holds the memory of a Python program, and the line that makes it grow. It reads from
        outside: the program is not changed, and stands still only while its memory is copied.
      </p>
      <ProcessPicker />
    </Section>
  );
}

function ProcessOverview({ process }: { process: WatchedProcess }): JSX.Element {
  const { pid, has_findings, failure } = process;
  useEffect(() => void readTimeline(pid), [pid]);
  const report = useAnswer<FindReport>(
    has_findings ? `/api/processes/${pid}/findings` : undefined,
    findingsVersion.value[pid] ?? 0,
  );
  return (
    <>
      {failure === undefined ? null : <Failure failure={failure} />}
      {has_findings ? (
        <Answered answer={report} what="reading the answer">
          {(found) => <Verdict report={found} />}
        </Answered>
      ) : (
        <NotYet process={process} />
      )}
      <ObservationControl process={process} />
      {report.state === 'ready' || (report.state === 'loading' && report.before !== undefined) ? (
        <Answered answer={report} what="reading the answer">
          {(found) => <Findings report={found} pid={pid} />}
        </Answered>
      ) : null}
      <Section title="Live" note="costs the process nothing">
        <ProcessTimeline pid={pid} />
      </Section>
      {!has_findings && currentSnapshot.value?.state === 'ready' ? <HeapHolders /> : null}
    </>
  );
}

function NotYet({ process }: { process: WatchedProcess }): JSX.Element {
  return (
    <div class="verdict verdict-unknown">
      <h1>{process.observing === undefined ? 'Does it leak? Not known yet.' : 'Watching what grows…'}</h1>
      <p>
        A leak is what grows and stays. leakscope takes a few snapshots a while apart, each with a short{' '}
        <Term of="pause">pause</Term>, and follows what grew to who holds it and to the line that adds to it.
      </p>
    </div>
  );
}

const VERDICTS: Readonly<Record<FindReport['verdict'], string>> = {
  leak: 'It leaks',
  suspect: 'It may leak',
  healthy: 'It does not leak',
  inconclusive: 'It cannot be told yet',
};

function Verdict({ report }: { report: FindReport }): JSX.Element {
  const { verdict, summary, growth, heap, observed_seconds, target, pauses_ms } = report;
  const longest = Math.max(0, ...pauses_ms);
  const [worst] = report.findings;
  const site = worst?.sites[0];
  return (
    <div class={`verdict verdict-${verdict}`}>
      <h1>
        {VERDICTS[verdict]}. <span class="verdict-word">{verdict}</span>
      </h1>
      <p class="verdict-summary">{summary}</p>
      {site === undefined || worst === undefined ? null : (
        <p class="verdict-line">
          <Term of="site">Grows at</Term>{' '}
          <a href={linkTo('suspect', String(worst.rank))}>
            {shortPlace(site.file)}:{site.line}
          </a>{' '}
          {site.code === undefined ? (
            <span class="faint">in {site.function}</span>
          ) : (
            <code class="verdict-code">{site.code.trim()}</code>
          )}
        </p>
      )}
      <dl class="headline">
        <Fact name="RSS" value={formatBytes(target.rss_bytes)} detail={formatByteRate(growth.rss_bytes_per_minute)} />
        <Fact name="live objects" value={formatCount(heap.objects)} detail={`${formatBytes(heap.bytes)}`} />
        <Fact name="objects grow" value={formatByteRate(growth.bytes_per_minute)} />
        {growth.seconds_to_limit === undefined ? null : (
          <Fact name="out of memory in" value={formatDuration(growth.seconds_to_limit)} />
        )}
        <Fact
          name="observed"
          value={formatDuration(observed_seconds)}
          detail={`longest pause ${Math.round(longest)} ms`}
        />
      </dl>
    </div>
  );
}

/** The last two names of a path, which tell a file from others on sight; the whole stands in the suspect. */
function shortPlace(file: string): string {
  return file.split('/').slice(-2).join('/');
}

function Fact({ name, value, detail }: { name: string; value: string; detail?: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong class="figure">{value}</strong>
        {detail === undefined ? null : <span class="faint figure"> {detail}</span>}
      </dd>
    </div>
  );
}

/** Suspects stand first: they are what the reader came for. */
function Findings({ report, pid }: { report: FindReport; pid: number }): JSX.Element {
  return (
    <>
      {report.findings.length === 0 ? null : (
        <Section title="Suspects" note="worst first">
          <ul class="list-plain cards">
            {report.findings.map((finding) => (
              <li key={finding.rank}>
                <SuspectCard finding={finding} pid={pid} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      {report.resident.length === 0 ? null : (
        <Section
          title={
            <>
              Where the <Term of="RSS">resident memory</Term> is
            </>
          }
          note={formatBytes(report.target.rss_bytes)}
          actions={<a href={linkTo('memory')}>Memory map</a>}
        >
          <PartsBar title={`resident memory ${formatBytes(report.target.rss_bytes)}`} parts={report.resident} />
        </Section>
      )}
      {report.not_leaking.length === 0 ? null : (
        <Section title="Looked at, and no leak">
          <ul class="sentences">
            {report.not_leaking.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
