// Lines of Python as they stand in a file, coloured, with numbers; the one that matters is marked.

import { highlightCode, tagHighlighter, tags } from '@lezer/highlight';
import { parser } from '@lezer/python';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

interface Piece {
  readonly text: string;
  readonly kind: string;
}

const HIGHLIGHTER = tagHighlighter([
  { tag: tags.keyword, class: 'code-keyword' },
  { tag: tags.string, class: 'code-string' },
  { tag: tags.comment, class: 'code-comment' },
  { tag: tags.number, class: 'code-number' },
  { tag: [tags.bool, tags.null], class: 'code-number' },
  { tag: tags.definition(tags.function(tags.variableName)), class: 'code-definition' },
  { tag: tags.definition(tags.className), class: 'code-definition' },
]);

export function CodeExcerpt(props: {
  /** 1-based number of the first line. */
  firstLine: number;
  lines: readonly string[];
  /** 1-based number of the line that matters. */
  marked: number;
}): JSX.Element {
  const { firstLine, lines, marked } = props;
  const pieces = useMemo(() => highlightLines(lines), [lines]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled to by the keyboard
    <pre class="code" tabIndex={0} role="group" aria-label={`source, line ${marked} marked`}>
      {pieces.map((line, i) => {
        const number = firstLine + i;
        return (
          <span key={number} class={number === marked ? 'code-line marked' : 'code-line'}>
            <span class="code-number-column">{number}</span>
            <code>
              {line.map((piece, j) => (
                <span key={`${j}`} class={piece.kind}>
                  {piece.text}
                </span>
              ))}
              {'\n'}
            </code>
          </span>
        );
      })}
    </pre>
  );
}

/** An excerpt may begin inside a function or a string; the parser makes of that what it can. */
function highlightLines(lines: readonly string[]): Piece[][] {
  const text = lines.join('\n');
  const all: Piece[][] = [[]];
  highlightCode(
    text,
    parser.parse(text),
    HIGHLIGHTER,
    (piece, kind) => all.at(-1)!.push({ text: piece, kind }),
    () => all.push([]),
  );
  return all;
}
