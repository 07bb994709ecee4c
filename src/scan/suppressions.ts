// Comments that silence findings: `# leakscope: ignore[rule] reason` on the line or on the statement's first line, and other
// linters' `# noqa: CODE` where the code means the same. What a comment silences is decided when findings are selected.

import { lineStart } from './edits/edits.ts';
import type { ScannedFile } from './scanned-file.ts';

export interface Suppression {
  /** 1-based line the comment stands on. */
  readonly line: number;
  /** Whether nothing else stands on that line. */
  readonly alone: boolean;
  /** `leakscope` names rules by name or code; `noqa` gives other linters' codes. Empty: every rule. */
  readonly kind: 'leakscope' | 'noqa';
  readonly names: readonly string[];
  /** What follows the brackets; undefined when nothing does. */
  readonly reason: string | undefined;
}

const IGNORE = /#\s*leakscope:\s*ignore(?:\[([\w\s,-]*)\])?\s*(.*)$/i;
const NOQA = /#\s*noqa\b(?:\s*:\s*([A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?/i;

export function suppressionsOf(file: ScannedFile): readonly Suppression[] {
  return file.source.comments.flatMap(({ start, end, line }): Suppression[] => {
    const text = file.source.text.slice(start, end);
    const alone = file.source.text.slice(lineStart(file.source.text, start), start).trim() === '';
    const ignore = IGNORE.exec(text);
    if (ignore !== null) {
      const reason = ignore[2]!.replace(/^[-–—:#\s]+/, '').trim();
      return [{ line, alone, kind: 'leakscope', names: listed(ignore[1]), reason: reason === '' ? undefined : reason }];
    }
    const noqa = NOQA.exec(text);
    return noqa === null ? [] : [{ line, alone, kind: 'noqa', names: listed(noqa[1]), reason: undefined }];
  });
}

function listed(names: string | undefined): readonly string[] {
  return (names ?? '').split(/[\s,]+/).filter((name) => name !== '');
}
