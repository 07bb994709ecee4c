// R10: a temporary file or directory that nothing removes.

import type { Rule } from '../../rule.ts';
import { reportableLeaks, unreleased } from './leak-findings.ts';
import { handsOnPathWithin } from './path-within.ts';

export const tempNotRemoved: Rule = {
  name: 'temp-not-removed',
  code: 'R10',
  cause: 'open resource',
  sameAs: [],
  words: ['mkdtemp', 'mkstemp'],
  doc: {
    what: 'A directory of `tempfile.mkdtemp`, or a file of `tempfile.mkstemp`, that is never removed.',
    why: 'Nothing removes it but the program: not the interpreter, and on many systems not even a restart. Each call takes disk space for good; where the temporary directory is in memory, it takes memory.',
    evidence:
      'No way through the function removes or moves it, and its path, or one within it, is neither returned nor stored nor passed to code whose name says that it takes care of it. Functions that are merely given the path are taken to use it.',
    fix: 'Use `tempfile.TemporaryDirectory` or `tempfile.NamedTemporaryFile` in a `with` statement, or `shutil.rmtree` in a `finally` block.',
    ignore: 'When somebody else is told the path some other way and removes it.',
    example: {
      leaks: `
import subprocess
import tempfile

def build(source):
    directory = tempfile.mkdtemp()
    subprocess.run(["make", "-C", source, "O=" + directory], check=True)
`,
      fine: `
import subprocess
import tempfile

def build(source):
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["make", "-C", source, "O=" + directory], check=True)
`,
    },
  },
  check(file, report) {
    for (const leak of reportableLeaks(file)) {
      if (leak.model.family !== 'temporary' || leak.kind === 'not on exceptions') continue;
      if (!handsOnPathWithin(leak)) report(unreleased(file, leak));
    }
  },
};
