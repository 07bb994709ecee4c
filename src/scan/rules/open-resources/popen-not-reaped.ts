// R08: a child process that nothing waits for, or one of whose pipes nothing closes.

import type { Attribute, Call, Expr, Node } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { mentionsIn } from '../../resources/resource-uses.ts';
import type { Report, Rule } from '../../rule.ts';
import { callsByName, functionAround, isNamed, keywordOf, type ScannedFile } from '../../scanned-file.ts';
import { reportableLeaks, unreleased } from './leak-findings.ts';

export const popenNotReaped: Rule = {
  name: 'popen-not-reaped',
  code: 'R08',
  cause: 'open resource',
  sameAs: [],
  words: ['Popen'],
  doc: {
    what: 'A `subprocess.Popen` that is never waited for, or one of whose pipes is never closed while the others are.',
    why: 'A child that has ended stays in the process table until its parent asks for its exit status; its pipes take a descriptor each. CPython asks for forgotten children when it starts the next one, and closes the pipes when nothing refers to the object, so that a few always remain.',
    evidence:
      'No way through the function calls `wait`, `communicate` or `poll` or uses a `with` statement, and the process is not returned, stored or passed on. With a pipe the confidence is medium; without one, as for a program started to run on its own, it is low. Of pipes: one is closed in the function, another one is not, and `communicate`, which closes all, is not called.',
    fix: 'Call `communicate()` or `wait()`, and close every pipe, or use `subprocess.run`. There is no automatic fix: waiting may block.',
    ignore: 'When the child is meant to outlive the program.',
    example: {
      leaks: `
import subprocess

def first_line(command):
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    return child.stdout.readline()
`,
      fine: `
import subprocess

def first_line(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        return child.stdout.readline()
`,
    },
  },
  check(file, report) {
    for (const leak of reportableLeaks(file)) {
      if (leak.model.family !== 'process' || (leak.kind !== 'never released' && leak.kind !== 'inline')) continue;
      const finding = unreleased(file, leak);
      const hasPipe = PIPES.some((pipe) => isPiped(file, leak.call, pipe));
      report({ ...finding, confidence: hasPipe ? 'medium' : 'low' });
    }
    for (const call of callsByName(file).get('subprocess.Popen') ?? []) reportForgottenPipe(file, call, report);
  },
};

const PIPES = ['stdin', 'stdout', 'stderr'] as const;

/** Of the pipes of one child, some are closed and one is not. */
function reportForgottenPipe(file: ScannedFile, call: Call, report: Report): void {
  const target = call.parent?.kind === 'Assign' ? call.parent.targets[0] : undefined;
  const owner = functionAround(file, call);
  if (target?.kind !== 'Name' || owner === undefined) return;
  const binding = bindingOf(file.source, target);
  const uses = mentionsIn(file, target.id, owner).filter(
    (name) => name.ctx === 'Load' && bindingOf(file.source, name) === binding,
  );
  // A process that is used whole (returned, passed on, entered) may be cleaned up there.
  const attributes = uses.map(({ parent }) => parent).filter((parent) => parent?.kind === 'Attribute');
  if (attributes.length < uses.length || attributes.some(({ attr }) => attr === 'communicate')) return;
  const closings = attributes.map(closingOf);
  const closed = closings.filter((closing) => closing !== undefined).pop();
  if (closed === undefined) return;
  const forgotten = PIPES.find(
    (pipe) =>
      isPiped(file, call, pipe) &&
      !attributes.some(
        (attribute, i) => attribute.attr === pipe && (closings[i] !== undefined || isHandedOn(attribute)),
      ),
  );
  if (forgotten === undefined) return;
  report({
    node: closed,
    confidence: 'medium',
    message: `Pipes of \`${target.id}\` are closed here, but \`${target.id}.${forgotten}\` never is`,
    remedy: `close \`${target.id}.${forgotten}\` too, or use \`communicate()\`, which closes all`,
    evidence: [{ node: call, text: 'started here' }],
  });
}

/** Whether a call gives the child a pipe (`stderr=subprocess.PIPE`) for one of its streams. */
function isPiped(file: ScannedFile, call: Call, stream: string): boolean {
  const value: Expr | undefined = keywordOf(call, stream);
  return value !== undefined && isNamed(file, value, 'subprocess.PIPE');
}

/** The call in `process.stdout.close()`. */
function closingOf(pipe: Attribute): Node | undefined {
  const method = pipe.parent;
  return method?.kind === 'Attribute' && method.attr === 'close' && method.parent?.kind === 'Call'
    ? method.parent
    : undefined;
}

/** Whether the pipe itself is given to something, that is, more is done than calling its methods, iterating and testing. */
function isHandedOn(pipe: Attribute): boolean {
  switch (pipe.parent?.kind) {
    case 'Attribute':
    case 'For':
    case 'comprehension':
    case 'If':
    case 'While':
    case 'BoolOp':
    case 'UnaryOp':
    case 'Compare':
    case 'Assert':
      return false;
    default:
      return true;
  }
}
