// A line that adds to a holder, in its source, with the change that leakscope proposes beside it.

import type { JSX } from 'preact';
import type { Finding } from '../../src/diagnose/find-report.ts';
import type { SourceExcerpt } from '../../src/protocol/web/source-views.ts';
import { useAnswer } from '../state/answer.ts';
import { withQuery } from '../state/api.ts';
import { CodeExcerpt } from './code-excerpt.tsx';
import { DiffView } from './diff-view.tsx';

export function SiteSource(props: {
  pid: number;
  site: Finding['sites'][number];
  advice: string;
  /** What the scan found about it, where it did. */
  scan?: Finding['scan'];
  /** Lines shown before and after the one that matters; all that are there without. */
  around?: number;
}): JSX.Element {
  const { pid, site, advice, scan, around } = props;
  const { file, line, code_excerpt_allowed, source_changed } = site;
  const answer = useAnswer<SourceExcerpt>(
    code_excerpt_allowed ? withQuery(`/api/processes/${pid}/source`, { file, line }) : undefined,
  );
  const place = (
    <p class="place">
      <code>
        {file}:{line}
      </code>{' '}
      <span class="faint">in {site.function}</span>
      {source_changed === true ? <span class="warn"> changed since the process started: lines may differ</span> : null}
    </p>
  );
  if (answer.state !== 'ready') {
    return (
      <>
        {place}
        {site.code === undefined ? null : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line is scrolled to by the keyboard
          <pre class="code" tabIndex={0} role="group" aria-label="source line">
            <span class="code-line">
              <code>{site.code}</code>
            </span>
          </pre>
        )}
        <p>{advice}</p>
      </>
    );
  }
  const { fix } = answer.value;
  return (
    <>
      {place}
      <div class={fix === undefined ? 'source-pair alone' : 'source-pair'}>
        <CodeExcerpt {...excerptOf(answer.value, around)} marked={answer.value.line} />
        {fix === undefined ? null : (
          <div>
            <p class="fix-title">
              {fix.title} <span class="faint">({fix.safety} fix)</span>
            </p>
            <DiffView diff={fix.diff} />
            {scan?.fix === undefined ? null : (
              <p class="fix-command">
                To write it:{' '}
                <code>
                  leakscope fix {scan.file}:{scan.line}
                  {fix.safety === 'unsafe' ? ' --unsafe' : ''} --apply
                </code>
              </p>
            )}
          </div>
        )}
      </div>
      <p>{advice}</p>
    </>
  );
}

function excerptOf(
  { first_line, lines, line }: SourceExcerpt,
  around = Number.POSITIVE_INFINITY,
): { readonly firstLine: number; readonly lines: readonly string[] } {
  const from = Math.max(first_line, line - around);
  return { firstLine: from, lines: lines.slice(from - first_line, line + around + 1 - first_line) };
}
