// R03: a resource that is released on some ways out of its function only.

import type { Node } from '../../../source/python-ast.ts';
import type { Leak } from '../../resources/resource-leaks.ts';
import type { ReportedFinding, Rule } from '../../rule.ts';
import type { ScannedFile } from '../../scanned-file.ts';
import { conditionsOf, confidenceOf, fixOf, released, remedyOf, reportableLeaks } from './leak-findings.ts';

export const closeNotOnException: Rule = {
  name: 'close-not-on-exception',
  code: 'R03',
  cause: 'open resource',
  sameAs: [],
  doc: {
    what: 'A file, socket, process or other resource that is released at the end, but not when an exception or an early `return` comes before.',
    why: 'Errors come in series: a server that is down, a file that cannot be decoded. Each one leaves the resource open, held by the frame in the traceback for as long as that is kept, by the process for good where nothing closes it at its end.',
    evidence:
      'All ways out of the function are followed, those of exceptions too: of calls, `await`, `raise` and the `yield` of a generator that is closed early. Calls that hardly fail (`len`, `print`, logging, methods of lists and strings) and attributes do not count. An `if` around the release is trusted to know when it is needed. Reported at the release that is skipped, or where the resource is opened if it is handed on instead.',
    fix: 'Use a `with` statement, or release it in a `finally` block. The automatic fix writes the `with` statement when everything that uses the resource follows in the same block.',
    ignore: 'When the process ends anyway after the exception.',
    example: {
      leaks: `
def read_table(path, parse):
    f = open(path)
    rows = [parse(line) for line in f]
    f.close()
    return rows
`,
      fine: `
def read_table(path, parse):
    f = open(path)
    try:
        rows = [parse(line) for line in f]
    finally:
        f.close()
    return rows
`,
    },
  },
  check(file, report) {
    const reported = new Set<Node>();
    for (const leak of reportableLeaks(file)) {
      if (leak.kind !== 'not on exceptions' && leak.kind !== 'not on every path') continue;
      const finding = skippedRelease(file, leak);
      if (!reported.has(finding.node)) report(finding);
      reported.add(finding.node);
    }
  },
};

function skippedRelease(file: ScannedFile, leak: Leak): ReportedFinding {
  const name = leak.names[0]!;
  const release = leak.releases[leak.releases.length - 1];
  const isRaised = leak.kind === 'not on exceptions';
  const when = isRaised ? 'if an exception comes first' : 'on every way out of the function';
  return {
    node: release === undefined ? leak.call : release.parent!,
    confidence: confidenceOf(file, leak),
    message: `\`${name}\` holds ${leak.model.noun} that is not ${released(leak)} ${when}`,
    remedy: remedyOf(leak),
    evidence: [
      { node: leak.call, text: 'opened here' },
      ...(leak.lostAt === undefined ? [] : [{ node: leak.lostAt, text: isRaised ? 'may raise' : 'left here' }]),
    ],
    conditions: conditionsOf(leak),
    fix: () => fixOf(file, leak),
  };
}
