// X09: a function kept for good that needs one field of a data frame, array or text, and keeps all of it.

import type { Call, Expr, Name, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { inferValues } from '../../../source/type-inference.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile } from '../../scanned-file.ts';

/** Types whose objects are large by nature, by dotted name or a function that returns one. */
const LARGE =
  /^(?:pandas\.(?:DataFrame|Series|read_\w+|concat|merge)|polars\.(?:DataFrame|read_\w+|scan_\w+)|numpy\.(?:ndarray|load|zeros|ones|empty|array|fromfile|loadtxt|memmap)|torch\.(?:Tensor|load)|xarray\.\w+|PIL\.Image\.open|cv2\.imread|json\.load|pickle\.load)$/;

/** Functions that keep what they are given until the process ends. */
const KEEPING: ReadonlySet<string> = new Set(['atexit.register', 'os.register_at_fork', 'codecs.register']);

export const closureCapturesBig: Rule = {
  name: 'closure-captures-big',
  code: 'X09',
  cause: 'circular reference',
  sameAs: [],
  words: ['lambda'],
  doc: {
    what: 'A lambda that is kept for good and reads one attribute of a data frame, array, image or parsed file, which it thereby keeps whole.',
    why: 'A closure holds the variable, not the field of it that is used. `lambda: frame.shape` keeps the frame for as long as anybody keeps the lambda.',
    evidence:
      'The variable is known to be large by its annotation or what it is assigned, the lambda reads only attributes of it or its length, and it goes to a list or dictionary of a module, an emitter of a module, or `atexit`. Medium.',
    fix: 'Compute the field first (`shape = frame.shape`), and close over that.',
    ignore: 'When the data is kept elsewhere anyway.',
    example: {
      leaks: `
import pandas

REPORTS = []

def load(path):
    frame = pandas.read_csv(path)
    REPORTS.append(lambda: frame.shape)
`,
      fine: `
import pandas

REPORTS = []

def load(path):
    frame = pandas.read_csv(path)
    shape = frame.shape
    REPORTS.append(lambda: shape)
`,
    },
  },
  check(file, report) {
    for (const call of file.source.calls) {
      for (const argument of call.args) {
        if (argument.kind !== 'Lambda' || !isKeptForGood(file, call)) continue;
        for (const name of capturedNames(file, argument)) {
          if (!isLarge(file, name)) continue;
          report({
            node: argument,
            confidence: 'medium',
            message: `this lambda keeps all of \`${name.id}\` for one part of it`,
            remedy: `compute the part before, so that \`${name.id}\` can go`,
            evidence: [{ node: name, text: 'all that is used of it' }],
          });
          break;
        }
      }
    }
  },
};

function isKeptForGood(file: ScannedFile, call: Call): boolean {
  const name = dottedName(file.source, call.func);
  if (name !== undefined && KEEPING.has(name)) return true;
  const { func } = call;
  if (func.kind !== 'Attribute' || func.value.kind !== 'Name') return false;
  if (!/^(?:append|add|on|subscribe|add_listener|register|connect|insert)$/.test(func.attr)) return false;
  return bindingOf(file.source, func.value)?.scope.kind === 'module';
}

/** Local variables of the function around that the lambda reads, each only for a part of it. */
function capturedNames(file: ScannedFile, lambda: Node): readonly Name[] {
  const around = functionAround(file, lambda);
  if (around === undefined) return [];
  const found: Name[] = [];
  for (const [, names] of file.source.names) {
    const inside = names.filter((name) => isInside(name, lambda));
    const first = inside[0];
    if (first === undefined || !inside.every(isReadInPart)) continue;
    if (bindingOf(file.source, first)?.scope.node === around) found.push(first);
  }
  return found;
}

function isReadInPart({ parent }: Node): boolean {
  if (parent?.kind === 'Attribute') return parent.parent?.kind !== 'Call' || parent.parent.func !== parent;
  return parent?.kind === 'Call' && parent.func.kind === 'Name' && parent.func.id === 'len';
}

function isLarge(file: ScannedFile, name: Expr): boolean {
  return inferValues(file.index, file.source, name).some(
    (value) => value.kind === 'external' && value.called && LARGE.test(value.name),
  );
}
