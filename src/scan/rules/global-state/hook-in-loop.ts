// G07: exit and fork hooks registered again and again, in a loop or in a function that runs for every request.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { isGuardedByOwnFlag } from '../../lifetimes/guards.ts';
import { holdsObject } from '../../lifetimes/held-objects.ts';
import { receiverAround } from '../../lifetimes/receivers.ts';
import { repeatingReason } from '../../lifetimes/repetition.ts';
import type { Report, Rule } from '../../rule.ts';
import { callsByName, functionAround, loopAround, type ScannedFile } from '../../scanned-file.ts';

/** Functions that add to a list nobody empties, and what takes entries back, where something does. */
const REGISTRARS: Readonly<Record<string, readonly string[]>> = {
  'atexit.register': ['unregister', '_clear'],
  'os.register_at_fork': [],
  'threading._register_atexit': [],
  'codecs.register': ['unregister'],
  'sys.addaudithook': [],
};

export const hookInLoop: Rule = {
  name: 'hook-in-loop',
  code: 'G07',
  cause: 'global state',
  sameAs: [],
  words: ['atexit', 'register_at_fork', 'codecs', 'addaudithook'],
  doc: {
    what: 'A hook for the end of the process, a fork, a codec look-up or an audit event that is registered in a loop, or in a function that handles requests, tasks or messages.',
    why: 'These lists only get longer: each registration keeps its function and arguments until the process ends, and all of them run then.',
    evidence:
      'The registration stands in a loop that is not over constants, or in a function known to run again and again, and the file unregisters nothing. High in endless loops and in functions that handle requests or messages themselves, medium in other loops, low in what such functions call.',
    fix: 'Register one hook at import that goes over a collection, and take from the collection what is done.',
    ignore: 'When the loop is over a handful of things at start-up.',
    example: {
      leaks: `
import atexit, shutil

def consume(queue):
    while True:
        folder = unpack(queue.get())
        atexit.register(shutil.rmtree, folder)
`,
      fine: `
import atexit, shutil

FOLDERS = set()

@atexit.register
def remove_folders():
    for folder in FOLDERS:
        shutil.rmtree(folder)

def consume(queue):
    while True:
        folder = unpack(queue.get())
        FOLDERS.add(folder)
        work_in(folder)
        FOLDERS.discard(folder)
`,
    },
  },
  check(file, report) {
    for (const [registrar, inverses] of Object.entries(REGISTRARS)) {
      if (inverses.some((inverse) => file.source.attributes.has(inverse))) continue;
      for (const call of callsByName(file).get(registrar) ?? []) checkRegistration(file, call, registrar, report);
    }
  },
};

function checkRegistration(file: ScannedFile, call: Call, registrar: string, report: Report): void {
  if (isGuardedByOwnFlag(file, call)) return;
  const common = { node: call, remedy: 'register one hook at import, and let it go over what is still to do' };
  const loop = loopAround(call);
  if (loop !== undefined && !isOverConstants(file, loop)) {
    report({
      ...common,
      confidence: isEndless(loop) ? 'high' : 'medium',
      message: `each turn of the loop adds to what \`${registrar}\` keeps until the process ends`,
      evidence: [{ node: loop, text: 'runs it again and again' }],
    });
    return;
  }
  const around = functionAround(file, call);
  const info = around === undefined ? undefined : file.source.functionOf.get(around);
  if (around === undefined || info === undefined || loop !== undefined || keepsReceiver(file, call)) return;
  report({
    ...common,
    confidence: repeatingReason(file, info) === undefined ? 'low' : 'high',
    message: `every call of \`${around.name}\` adds to what \`${registrar}\` keeps until the process ends`,
    conditions: [
      {
        condition: { kind: 'runs repeatedly', module: file.source.module, qualname: info.qualname },
        otherwise: 'drop',
      },
    ],
  });
}

/** Such a hook is exit-hook-bound-method's case. */
function keepsReceiver(file: ScannedFile, call: Call): boolean {
  const receiver = receiverAround(file, call);
  const values = [...call.args, ...call.keywords.map(({ value }) => value)];
  return receiver !== undefined && values.some((value) => holdsObject(file, value, receiver.name));
}

function isEndless(loop: Node): boolean {
  return loop.kind === 'While' && loop.test.kind === 'Constant' && loop.test.value !== false;
}

/** `for s in (SIGINT, SIGTERM)`, `for i in range(3)`, `for name in NAMES` with a literal NAMES. */
function isOverConstants(file: ScannedFile, loop: Node): boolean {
  if (loop.kind !== 'For') return false;
  const { iter } = loop;
  if (isDisplay(iter)) return true;
  if (iter.kind === 'Call') {
    return iter.func.kind === 'Name' && iter.func.id === 'range' && iter.args.every(({ kind }) => kind === 'Constant');
  }
  if (iter.kind !== 'Name') return false;
  const definitions = bindingOf(file.source, iter)?.definitions ?? [];
  return definitions.length === 1 && definitions[0]!.kind === 'value' && isDisplay(definitions[0]!.value);
}

function isDisplay(expr: Expr): boolean {
  return expr.kind === 'Tuple' || expr.kind === 'List' || expr.kind === 'Set' || expr.kind === 'Dict';
}
