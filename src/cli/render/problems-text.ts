// Problems met while reading: one line with their number, or each with its count under --verbose.

import type { Problem } from '../../base/problems.ts';
import { formatCount } from '../../base/units.ts';
import { wrap } from './layout.ts';
import { counted } from './phrases.ts';
import type { RenderStyle } from './render-style.ts';

/** Lines to append to a report; none when nothing went wrong. Expects sanitised text. */
export function renderProblems(problems: readonly Problem[], style: RenderStyle): string[] {
  if (problems.length === 0) return [];
  if (!style.verbose) {
    const total = problems.reduce((sum, problem) => sum + problem.count, 0);
    const kinds = problems.length === 1 ? '1 kind' : `${problems.length} kinds`;
    return [style.paint('faint', `${counted(total, 'problem')} of ${kinds} while reading; --verbose lists them`)];
  }
  const lines = [style.paint('label', 'problems while reading:')];
  for (const problem of problems) {
    const examples = problem.examples.length === 0 ? '' : ` (${problem.examples.join(', ')})`;
    const text = `${formatCount(problem.count)} × ${problem.code}: ${problem.message}${examples}`;
    const [first = '', ...rest] = wrap(text, style.width - 4);
    lines.push(`  ${first}`, ...rest.map((line) => `    ${line}`));
  }
  return lines;
}
