// R02: a file that is opened in the middle of an expression.

import type { Rule } from '../../rule.ts';
import { reportUnreleased } from './leak-findings.ts';

export const openInline: Rule = {
  name: 'open-inline',
  code: 'R02',
  cause: 'open resource',
  sameAs: ['SIM115'],
  doc: {
    what: 'A file that is opened in the middle of an expression, as in `open(path).read()`.',
    why: 'No variable holds the file, so nothing can close it: that is left to the interpreter. CPython does so when the expression is done, unless an exception comes first and its traceback keeps the frame; PyPy does so at some later collection. With `-X dev` every such line is a `ResourceWarning`.',
    evidence:
      'The result of the opening call is only read, iterated over or passed to a function that is known to use it and no more. Passing it to anything unknown, returning and storing it are not reported, nor is `open(path, "w").close()`. The confidence is medium, since CPython closes the file in the usual case.',
    fix: 'Open it in a `with` statement. The automatic fix does that for statements of their own line in which nothing else is called before.',
    ignore: 'In short scripts, if you like.',
    example: {
      leaks: `
def read_version(path):
    return open(path).read().strip()
`,
      fine: `
def read_version(path):
    with open(path) as f:
        return f.read().strip()
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'file', report, ['inline']);
  },
};
