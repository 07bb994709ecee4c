// R04: a variable that is given another value while it holds an open resource.

import type { Rule } from '../../rule.ts';
import { conditionsOf, confidenceOf, remedyOf, reportableLeaks } from './leak-findings.ts';

export const handleRebound: Rule = {
  name: 'handle-rebound',
  code: 'R04',
  cause: 'open resource',
  sameAs: [],
  doc: {
    what: 'A variable that is given another file, socket or other resource while it still holds an open one.',
    why: 'The release at the end is for the last resource only. Those before it stay open, one for each pass of a loop.',
    evidence:
      'On some way through the function, without an exception, the only name of an open resource is assigned again or deleted, and the function does release what the name holds elsewhere. Where nothing is ever released, the rule for the kind of resource speaks instead.',
    fix: 'Release the resource before the name is used again, best with a `with` statement inside the loop.',
    ignore: 'When the resource was handed to something that keeps it in a way that the rule does not see.',
    example: {
      leaks: `
def merge(paths, out):
    for path in paths:
        f = open(path)
        out.write(f.read())
    f.close()
`,
      fine: `
def merge(paths, out):
    for path in paths:
        f = open(path)
        out.write(f.read())
        f.close()
`,
    },
  },
  check(file, report) {
    for (const leak of reportableLeaks(file)) {
      if (leak.kind !== 'rebound') continue;
      report({
        node: leak.call,
        confidence: confidenceOf(file, leak),
        message: `\`${leak.names[0]}\` is given another value while the ${leak.model.noun.replace(/^an? /, '')} it holds is open`,
        remedy: remedyOf(leak),
        evidence: leak.lostAt === undefined ? [] : [{ node: leak.lostAt, text: 'another value here' }],
        conditions: conditionsOf(leak),
      });
    }
  },
};
