// R12: a directory listing that is neither closed nor read to its end.

import { pushChildren } from '../../../source/ast-walk.ts';
import type { Node } from '../../../source/python-ast.ts';
import { isHarmless } from '../../resources/borrowing-calls.ts';
import type { Leak } from '../../resources/resource-leaks.ts';
import { mentionsIn } from '../../resources/resource-uses.ts';
import type { Rule } from '../../rule.ts';
import { isNamed, type ScannedFile } from '../../scanned-file.ts';
import { reportableLeaks, unreleased } from './leak-findings.ts';

export const scandirNotClosed: Rule = {
  name: 'scandir-not-closed',
  code: 'R12',
  cause: 'open resource',
  sameAs: [],
  words: ['scandir'],
  doc: {
    what: 'A listing of `os.scandir` that is neither closed nor sure to be read to its end.',
    why: 'The listing holds a descriptor of the directory. Reading it to the end closes it; an exception, `break` or `return` in the loop does not, and what is left is up to the interpreter.',
    evidence:
      'The listing is not opened in a `with` statement nor closed, and the loop over it is left early, or calls something that may raise, or only its first entries are taken. A plain loop over all entries is fine. The confidence is medium: CPython closes the listing when nothing refers to it.',
    fix: 'Open it in a `with` statement; the automatic fix does.',
    ignore: 'When nothing in the loop can fail.',
    example: {
      leaks: `
import os

def sizes(path, measure):
    return [measure(entry) for entry in os.scandir(path)]
`,
      fine: `
import os

def sizes(path, measure):
    with os.scandir(path) as entries:
        return [measure(entry) for entry in entries]
`,
    },
  },
  check(file, report) {
    for (const leak of reportableLeaks(file)) {
      const isOpen = leak.kind === 'inline' || leak.kind === 'never released';
      if (leak.model.family === 'directory listing' && isOpen && mayStopEarly(file, leak))
        report(unreleased(file, leak));
    }
  },
};

/** Whether the listing may be left before its end. */
function mayStopEarly(file: ScannedFile, leak: Leak): boolean {
  const uses: readonly Node[] =
    leak.kind === 'inline' && leak.names.length === 0
      ? [leak.call]
      : leak.names.flatMap((name) => mentionsIn(file, name, leak.owner).filter(({ ctx }) => ctx === 'Load'));
  return uses.some((use) => stopsEarly(file, use));
}

function stopsEarly(file: ScannedFile, listing: Node): boolean {
  const user = listing.parent;
  switch (user?.kind) {
    case 'For':
      return user.body.some((statement) => mayLeave(file, statement));
    case 'comprehension': {
      const around = user.parent!;
      if (around.kind === 'GeneratorExp') return isTakenInPart(file, around) || mayLeave(file, around, user.iter);
      return mayLeave(file, around, user.iter);
    }
    case 'Call':
      return isTakenInPart(file, listing);
    default:
      return false;
  }
}

/** `next(…)` and `any(…)` stop at the first that will do. */
function isTakenInPart(file: ScannedFile, argument: Node): boolean {
  const call = argument.parent;
  return call?.kind === 'Call' && isNamed(file, call.func, 'builtins.next', 'builtins.any', 'builtins.all');
}

const LEAVING: ReadonlySet<string> = new Set(['Break', 'Return', 'Raise', 'Yield', 'YieldFrom', 'Await']);
/** Methods of an entry that the listing itself has the answer for. */
const ENTRY_METHODS: ReadonlySet<string> = new Set(['is_dir', 'is_file', 'is_symlink', 'inode', 'is_junction']);

/** Whether what runs for each entry may end the loop: leave it, or call what may raise. */
function mayLeave(file: ScannedFile, root: Node, except?: Node): boolean {
  const pending: Node[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === except) continue;
    if (LEAVING.has(node.kind)) return true;
    if (node.kind === 'Call' && !isHarmless(file.source, node)) {
      const { func } = node;
      if (func.kind !== 'Attribute' || !ENTRY_METHODS.has(func.attr)) return true;
    }
    pushChildren(node, pending);
  }
  return false;
}
