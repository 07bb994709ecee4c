// R05: a descriptor number that nothing closes.

import type { Rule } from '../../rule.ts';
import { checkDuplicatedDescriptors } from './duplicated-descriptor.ts';
import { reportUnreleased } from './leak-findings.ts';

export const rawFd: Rule = {
  name: 'raw-fd',
  code: 'R05',
  cause: 'open resource',
  sameAs: [],
  words: ['os', 'fromfd', 'select', 'pty', 'tempfile'],
  doc: {
    what: 'A file descriptor of `os.open`, `os.pipe`, `os.dup`, `tempfile.mkstemp` and the like that is never closed, or that `socket.fromfd` has duplicated.',
    why: 'A descriptor is a plain number: no garbage collector closes it. Every call takes one for good, until `OSError: Too many open files`.',
    evidence:
      'No way through the function passes the number to `os.close`, `os.fdopen`, `open` or `socket.socket`, and it is not returned, stored, or passed to code that may keep it. That is certain, so the confidence is high. `mkstemp()[1]` drops the descriptor on the spot. `socket.fromfd` duplicates its descriptor: medium where the function does nothing else with the number. Selectors and epoll objects are counted among descriptors; CPython closes those when nothing refers to them.',
    fix: 'Close it in a `finally` block, or make a file of it with `os.fdopen` in a `with` statement. For temporary files use `tempfile.NamedTemporaryFile`.',
    ignore: 'When the descriptor is meant for a child process and the function ends in `exec`.',
    example: {
      leaks: `
import os
import tempfile

def temporary_name():
    fd, path = tempfile.mkstemp()
    return path
`,
      fine: `
import os
import tempfile

def temporary_name():
    fd, path = tempfile.mkstemp()
    os.close(fd)
    return path
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'descriptor', report);
    checkDuplicatedDescriptors(file, report);
  },
};
