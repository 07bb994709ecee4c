// A unified diff: what goes and what comes, told by sign and colour.

import type { JSX } from 'preact';

/** Names of files are left out where there is one: it stands above. */
export function DiffView({ diff }: { diff: string }): JSX.Element {
  const all = diff.replace(/\n$/, '').split('\n');
  const isOneFile = all.filter((line) => line.startsWith('+++ ')).length === 1;
  const lines = isOneFile && all[0]?.startsWith('--- ') && all[1]?.startsWith('+++ ') ? all.slice(2) : all;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled to by the keyboard
    <pre class="code diff" tabIndex={0} role="group" aria-label="proposed change">
      {lines.map((line, i) => (
        // Lines of a diff may be alike.
        <span key={`${i}`} class={`diff-line ${kindOf(line)}`}>
          {line === '' ? ' ' : line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

function kindOf(line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) return 'diff-file';
  if (line.startsWith('@@')) return 'diff-place';
  if (line.startsWith('+')) return 'diff-new';
  if (line.startsWith('-')) return 'diff-old';
  return '';
}
