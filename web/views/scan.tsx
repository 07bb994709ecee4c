// Scan: the lines of the program's source that will leak, by file, each with the change that would mend it.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ScanView as Scanned } from '../../src/protocol/web/source-views.ts';
import { DiffView } from '../components/diff-view.tsx';
import { Section } from '../components/section.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { useAnswer } from '../state/answer.ts';
import { linkTo, route, setParams } from '../state/route.ts';
import { currentProcess } from '../state/workspace.ts';

export function ScanView(): JSX.Element {
  const process = currentProcess.value;
  if (process === undefined) {
    return (
      <Empty title="The source of a running process is scanned.">
        <p>
          <a href={linkTo('overview')}>Open one</a>, or scan a folder in the terminal: <code>leakscope scan</code>
        </p>
      </Empty>
    );
  }
  return <ScanOf key={process.pid} pid={process.pid} app={process.app} />;
}

function ScanOf({ pid, app }: { pid: number; app: string }): JSX.Element {
  const [version, setVersion] = useState(0);
  const answer = useAnswer<Scanned>(`/api/processes/${pid}/scan`, version);
  const { search = '' } = route.value.params;
  return (
    <Section
      title={`Causes in the source of ${app}`}
      actions={
        <>
          <input
            type="search"
            data-search=""
            placeholder="rule, file or word"
            aria-label="search findings"
            value={search}
            onInput={(event) => setParams({ search: event.currentTarget.value })}
          />
          <button type="button" class="button" onClick={() => setVersion(version + 1)}>
            Scan again
          </button>
        </>
      }
    >
      <Answered answer={answer} what="reading and checking the source">
        {(found) => <Findings scanned={found} search={search.toLowerCase()} />}
      </Answered>
    </Section>
  );
}

type ScanFinding = Scanned['report']['findings'][number];

function Findings({ scanned, search }: { scanned: Scanned; search: string }): JSX.Element {
  const all = scanned.report.findings.map((finding, index) => ({ finding, diff: scanned.diffs[index] }));
  const found = all.filter(({ finding }) =>
    `${finding.rule} ${finding.path} ${finding.message}`.toLowerCase().includes(search),
  );
  if (all.length === 0) return <Empty title="Nothing in it will leak, as far as reading tells." />;
  if (found.length === 0) return <Empty title={`Nothing with ${search} in it.`} />;
  const files = [...new Set(found.map(({ finding }) => finding.path))];
  return (
    <>
      {files.map((file) => (
        <section key={file} class="scan-file" aria-label={file}>
          <h3>
            <code>{file}</code>
          </h3>
          <ul class="list-plain cards">
            {found
              .filter(({ finding }) => finding.path === file)
              .map(({ finding, diff }) => (
                <li key={`${finding.rule} ${finding.line}`}>
                  <FindingCard finding={finding} diff={diff} />
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function FindingCard({ finding, diff }: { finding: ScanFinding; diff: string | undefined }): JSX.Element {
  return (
    <article class="panel card" aria-label={`${finding.rule} at line ${finding.line}`}>
      <header class="card-head">
        <h4>
          line {finding.line}: {finding.rule}
        </h4>
        <span class="faint">{finding.confidence} confidence</span>
      </header>
      <p>{finding.message}</p>
      {diff === undefined ? null : (
        <details>
          <summary>What to write instead</summary>
          <DiffView diff={diff} />
        </details>
      )}
    </article>
  );
}
