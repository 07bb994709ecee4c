// R01: a file that no path of its function closes.

import type { Rule } from '../../rule.ts';
import { reportUnreleased } from './leak-findings.ts';

export const openNotClosed: Rule = {
  name: 'open-not-closed',
  code: 'R01',
  cause: 'open resource',
  sameAs: ['SIM115'],
  doc: {
    what: 'A file, archive or database file that is opened into a local variable and never closed.',
    why: 'The descriptor stays taken until nothing refers to the file any more. CPython notices that at once in the plain case, but a traceback, a debugger, a reference cycle or another interpreter (PyPy) keeps the file for longer; what was written may not have reached the disk, and on Windows the file cannot be removed.',
    evidence:
      'Every way from the opening to the end of the function is followed. The rule speaks when none closes the file and it is not returned, stored, captured by an inner function or passed to code that may keep it. A file that some path closes is for `close-not-on-exception`. What a function of the project is known to open and return counts as well, whatever it is. The confidence is medium: where CPython runs the function, the file is closed when the function is left.',
    fix: 'Open it in a `with` statement. The automatic fix does that when everything that uses the file follows in the same block.',
    ignore: 'When the file is meant to stay open as long as the program runs.',
    example: {
      leaks: `
import json

def load(path):
    f = open(path)
    settings = json.load(f)
    return settings
`,
      fine: `
import json

def load(path):
    with open(path) as f:
        settings = json.load(f)
    return settings
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'file', report, ['never released']);
  },
};
