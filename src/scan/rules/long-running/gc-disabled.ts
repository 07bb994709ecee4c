// L12: the cycle collector switched off for good.

import type { Call, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, type ScannedFile } from '../../scanned-file.ts';

export const gcDisabled: Rule = {
  name: 'gc-disabled',
  code: 'L12',
  cause: 'long-running process',
  sameAs: [],
  words: ['gc'],
  doc: {
    what: '`gc.disable()`, or `gc.set_threshold(0)`, that nothing takes back.',
    why: 'Objects that refer to each other in a circle are freed by the cycle collector alone. Exceptions with their frames, closures, classes and parsers make such circles all the time: with the collector off, each stays until the process ends.',
    evidence:
      'The file neither calls nor hands on `gc.enable` or `gc.collect`. Medium; low in a script’s `if __name__ == "__main__"`, and where `gc.freeze` shows that the collector is off just until a fork.',
    fix: 'Switch it on again in a `finally`, call `gc.collect()` at quiet moments, or raise the thresholds instead. There is no automatic fix.',
    ignore: 'The process is short, or is known to make no cycles, and something restarts it when its memory grows.',
    example: {
      leaks: `
import gc

def serve(app):
    gc.disable()
    app.run()
`,
      fine: `
import gc

def load(path):
    gc.disable()
    try:
        return parse(path)
    finally:
        gc.enable()
`,
    },
  },
  check(file, report) {
    const calls = callsByName(file);
    const disabling = [
      ...(calls.get('gc.disable') ?? []),
      ...(calls.get('gc.set_threshold') ?? []).filter(isThresholdZero),
    ];
    if (disabling.length === 0 || uses(file, 'gc.enable') || uses(file, 'gc.collect')) return;
    const isBeforeFork = uses(file, 'gc.freeze');
    for (const call of disabling) {
      report({
        node: call,
        confidence: isBeforeFork || isInMainGuard(call) ? 'low' : 'medium',
        message: 'the cycle collector stays off: objects in reference cycles are never freed from here on',
        remedy: 'switch it on again, or call `gc.collect()` at quiet moments',
      });
    }
  },
};

function isThresholdZero({ args }: Call): boolean {
  return args[0]?.kind === 'Constant' && args[0].value === 0;
}

/** Whether the file names the function, called or handed on. */
function uses(file: ScannedFile, name: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const { attributes, names } = file.source;
  return [...(attributes.get(last) ?? []), ...(names.get(last) ?? [])].some(
    (expr) => dottedName(file.source, expr) === name,
  );
}

function isInMainGuard(node: Node): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind !== 'If' || outer.test.kind !== 'Compare') continue;
    if (outer.test.left.kind === 'Name' && outer.test.left.id === '__name__') return true;
  }
  return false;
}
