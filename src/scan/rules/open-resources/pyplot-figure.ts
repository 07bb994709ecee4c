// R13: figures of pyplot that are drawn again and again and never closed.

import type { Call, Expr, FunctionDef, Module, Name, Node, Stmt } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { hasOwnLines, linesAfter } from '../../edits/line-edits.ts';
import type { Conditional, Confidence, Fix } from '../../finding.ts';
import { blockWith, leaves } from '../../lifetimes/guards.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import { isScript } from '../../lifetimes/run-once.ts';
import { calleeOf, mentionsIn, parameterFate } from '../../resources/resource-uses.ts';
import type { Report, Rule } from '../../rule.ts';
import {
  callsByName,
  contextOf,
  functionAround,
  keywordOf,
  loopAround,
  oncePerFile,
  type ScannedFile,
  textOf,
} from '../../scanned-file.ts';

export const pyplotFigure: Rule = {
  name: 'pyplot-figure',
  code: 'R13',
  cause: 'open resource',
  sameAs: [],
  words: ['pyplot', 'pylab'],
  doc: {
    what: 'A figure made with `matplotlib.pyplot` in a loop or a function, and never closed.',
    why: '`pyplot` keeps every figure that it makes until `plt.close()` is told of it, whatever becomes of the variable. A figure with its axes and data easily takes megabytes.',
    evidence:
      'The figure is neither closed, shown, returned nor handed to something that may close it, and it has no number or name under which `pyplot` would find it again. High in a loop and in functions that are run again and again; medium in a function that saves the figure to a file, since then nobody needs it any more.',
    fix: 'Call `plt.close(figure)` when it is saved, which the automatic fix does, or make figures with `matplotlib.figure.Figure`, which nothing keeps.',
    ignore: 'When a caller closes all figures.',
    example: {
      leaks: `
import matplotlib.pyplot as plt

def plot_all(series):
    for name, values in series:
        fig, ax = plt.subplots()
        ax.plot(values)
        fig.savefig(name)
`,
      fine: `
import matplotlib.pyplot as plt

def plot_all(series):
    for name, values in series:
        fig, ax = plt.subplots()
        ax.plot(values)
        fig.savefig(name)
        plt.close(fig)
`,
    },
  },
  check(file, report) {
    for (const name of FIGURES) {
      for (const call of callsByName(file).get(name) ?? []) checkFigure(file, call, report);
    }
  },
};

const PYPLOT = ['matplotlib.pyplot', 'pylab', 'matplotlib.pylab'];
const FIGURES = PYPLOT.flatMap((module) =>
  ['figure', 'subplots', 'subplot_mosaic'].map((function_) => `${module}.${function_}`),
);
/** What closes figures, or hands them to a person who does. */
const CLOSING = PYPLOT.flatMap((module) => ['close', 'show', 'switch_backend'].map((name) => `${module}.${name}`));

function checkFigure(file: ScannedFile, call: Call, report: Report): void {
  if (isFoundAgain(call) || isClosedAround(file, call)) return;
  const figure = figureOf(call);
  if (figure === 'unknown') return;
  const owner = functionAround(file, call);
  if (figure !== undefined && isHandedOn(file, figure, owner ?? moduleOf(call))) return;
  const said = confidenceOf(file, call, figure);
  if (said === undefined) return;
  report({
    node: call,
    ...said,
    message: `\`pyplot\` keeps each figure made here until it is closed, and nothing closes ${figure === undefined ? 'this one' : `\`${figure.id}\``}`,
    remedy:
      figure === undefined
        ? 'call `plt.close()` when it is saved'
        : `call \`plt.close(${figure.id})\` when it is saved`,
    fix: () => closeFix(file, call, figure),
  });
}

/** A figure with a number or name is found again by the next call with the same. */
function isFoundAgain(call: Call): boolean {
  const number = keywordOf(call, 'num') ?? (isFigureCall(call) ? call.args[0] : undefined);
  return number !== undefined && !(number.kind === 'Constant' && number.value === null);
}

function isFigureCall({ func }: Call): boolean {
  return (func.kind === 'Attribute' ? func.attr : func.kind === 'Name' ? func.id : '') === 'figure';
}

interface Closing {
  readonly call: Call;
  readonly around: Node | undefined;
}

const closingsOf = oncePerFile((file): readonly Closing[] => {
  const byName = callsByName(file);
  return CLOSING.flatMap((name) =>
    (byName.get(name) ?? []).map((call) => ({ call, around: functionAround(file, call) })),
  );
});

/** Whether something closes figures in the same function, in module code, or in a function that calls this one. */
function isClosedAround(file: ScannedFile, figure: Call): boolean {
  const owner = functionAround(file, figure);
  return closingsOf(file).some(({ call, around }) => {
    if (around === owner) return comesAfter(figure, call);
    if (owner === undefined) return false;
    if (around === undefined) return true;
    return mentionsName(file, around, owner.name) || (isInside(owner, around) && comesAfter(figure, call));
  });
}

/** Whether the closing is reached once the figure is there: it stands behind, or both are in a loop. */
function comesAfter(figure: Call, closing: Call): boolean {
  return closing.start > figure.start || loopAround(figure) !== undefined;
}

function mentionsName(file: ScannedFile, around: Node, name: string): boolean {
  const { names, attributes } = file.source;
  return [...(names.get(name) ?? []), ...(attributes.get(name) ?? [])].some((use) => isInside(use, around));
}

/** The name that holds the figure: undefined where none does, `unknown` where it goes elsewhere at once. */
function figureOf(call: Call): Name | undefined | 'unknown' {
  const { parent } = call;
  if (parent?.kind === 'Expr') return undefined;
  if (parent?.kind !== 'Assign' || parent.targets.length !== 1) return 'unknown';
  const target: Expr = parent.targets[0]!;
  if (isFigureCall(call)) return target.kind === 'Name' ? target : 'unknown';
  const figure = target.kind === 'Tuple' ? target.elts[0] : undefined;
  return figure?.kind === 'Name' ? figure : 'unknown';
}

/** Whether the figure is returned, stored, or passed to what may close it. */
function isHandedOn(file: ScannedFile, figure: Name, owner: Node): boolean {
  const binding = bindingOf(file.source, figure);
  if (binding?.scope.kind === 'module' && functionAround(file, figure) !== undefined) return true;
  return mentionsIn(file, figure.id, owner).some((mention) => {
    if (mention.ctx !== 'Load' || bindingOf(file.source, mention) !== binding) return false;
    switch (mention.parent?.kind) {
      case 'Attribute':
      case 'Compare':
      case 'UnaryOp':
      case 'BoolOp':
      case 'If':
      case 'Subscript':
      case 'Expr':
        return false;
      case 'Call':
        return !isBorrowed(file, mention.parent, mention);
      case 'keyword':
        return mention.parent.arg !== 'fig' && mention.parent.arg !== 'figure';
      default:
        return true;
    }
  });
}

/** Whether a call only draws on the figure or saves it. */
function isBorrowed(file: ScannedFile, call: Call, figure: Name): boolean {
  const { func } = call;
  if (func.kind === 'Attribute' && /^(?:savefig|add_figure|sca|setp|colorbar|figimage)$/.test(func.attr)) return true;
  const callee = calleeOf(file, call);
  const position = call.args.indexOf(figure);
  if (callee === undefined || position < 0 || callee.class !== undefined) return false;
  const { args } = callee.node;
  const parameter = [...args.posonlyargs, ...args.args][position];
  return parameter !== undefined && parameterFate(file, callee, parameter.arg) === 'borrows';
}

function moduleOf(node: Node): Module {
  let root: Node = node;
  while (root.parent !== undefined) root = root.parent;
  return root as Module;
}

function confidenceOf(
  file: ScannedFile,
  call: Call,
  figure: Name | undefined,
): { readonly confidence: Confidence; readonly conditions?: readonly Conditional[] } | undefined {
  const isRepeated = loopAround(call) !== undefined;
  const owner = functionAround(file, call);
  const isSaved = savesFigure(file, owner ?? moduleOf(call));
  if (isRepeated && (isSaved || figure !== undefined)) return { confidence: isScript(file) ? 'medium' : 'high' };
  if (owner === undefined || isScript(file)) return undefined;
  const qualname = contextOf(file, call);
  const condition = { kind: 'runs repeatedly', module: file.source.module, qualname } as const;
  return { confidence: 'high', conditions: [{ condition, otherwise: isSaved ? 'medium' : 'low' }] };
}

function savesFigure(file: ScannedFile, owner: Node): boolean {
  return (file.source.attributes.get('savefig') ?? []).some((use) => isInside(use, owner));
}

/** Closes the figure at the end of the block it is made in. */
function closeFix(file: ScannedFile, call: Call, figure: Name | undefined): Fix | undefined {
  const statement = call.parent as Stmt;
  if (call.func.kind !== 'Attribute' || statement.parent === undefined) return undefined;
  const block = blockWith(statement.parent, statement);
  const last = block.at(-1);
  if (last === undefined || leaves(block) || last.kind === 'If' || isDefinition(last)) return undefined;
  const { text } = file.source;
  if (!hasOwnLines(text, last)) return undefined;
  const close = `${textOf(file, call.func.value)}.close(${figure?.id ?? ''})`;
  return {
    title: 'Close the figure when it is done with',
    safety: 'unsafe',
    edits: [linesAfter(text, last, [close])],
  };
}

function isDefinition(node: Node): node is FunctionDef {
  return node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'ClassDef';
}
