// G03: a list, dictionary or set as the default of a parameter, to which calls add. Defaults that are only read are fine.

import { isReceiver } from '../../../source/class-members.ts';
import type { Arg, Expr, FunctionDef, Node } from '../../../source/python-ast.ts';
import type { Binding } from '../../../source/scopes.ts';
import { bindingOf, type ClassInfo, type FunctionInfo } from '../../../source/source-index.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart, replaceNode } from '../../edits/edits.ts';
import type { Confidence, Edit, Fix } from '../../finding.ts';
import {
  type Addition,
  type ContainerKind,
  containerMadeBy,
  effectsOf,
  isEmptyContainer,
  lastingAddition,
} from '../../growth/container-additions.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const mutableDefaultGrows: Rule = {
  name: 'mutable-default-grows',
  code: 'G03',
  cause: 'global state',
  sameAs: ['B006', 'W0102'],
  words: ['=[', '= [', '={', '= {', 'list(', 'dict(', 'set(', 'deque(', 'Counter(', 'OrderedDict('],
  doc: {
    what: 'A list, dictionary or set as the default of a parameter, to which the function or its class adds.',
    why: 'A default is made once, when the function is defined, and lives as long as the function. Every call without that argument uses the same object: what one call adds, all later calls find, and nothing removes it.',
    evidence:
      'The default is a mutable container, and it is added to under the name of the parameter, under a local name for it, or under the attribute of `self` it is stored in, without having been copied or replaced before. High where every call adds to a list; medium where only new keys add to a dictionary or set. Containers that something is taken out of, and keys that the text names, are left out.',
    fix: 'Let the default be `None` and make the container in the function. The fix does that; it is unsafe, because some callers may count on what was kept. For a cache on purpose, use `functools.lru_cache` with a limit instead; no fix is offered for one.',
    ignore: 'The default is a cache on purpose, and its keys are few.',
    example: {
      leaks: `
def collect(value, seen=[]):
    seen.append(value)
    return seen
`,
      fine: `
def collect(value, seen=None):
    if seen is None:
        seen = []
    seen.append(value)
    return seen
`,
    },
  },
  check(file, report) {
    for (const callee of file.source.functions) {
      const { node } = callee;
      if (node.kind === 'Lambda') continue;
      for (const { parameter, value } of defaultsOf(node)) {
        const kind = containerMadeBy(file, value);
        // The defaults of a function made by a call go when that function does.
        if (kind === undefined || functionAround(file, node) !== undefined) continue;
        const growth = growthOf(file, callee, parameter, { value, kind });
        if (growth === undefined || isAlwaysGiven(file, callee, parameter.arg)) continue;
        report({
          node: value,
          confidence: confidenceOf(growth, kind),
          message: `the default of \`${parameter.arg}\` is one ${NAMES[kind]} for all calls of \`${node.name}\`, and calls add to it`,
          remedy: `let the default be \`None\` and make the ${NAMES[kind]} in the function`,
          evidence: [{ node: growth.node, text: 'grows here' }],
          subject: {
            form: 'default argument',
            module: file.source.module,
            qualname: callee.qualname,
            name: parameter.arg,
          },
          fix: () => noneFix(file, node, parameter, value),
        });
      }
    }
  },
};

const NAMES: Readonly<Record<ContainerKind, string>> = { list: 'list', set: 'set', dict: 'dictionary' };

function confidenceOf({ adds }: Addition, kind: ContainerKind): Confidence {
  return adds === 'always' && kind === 'list' ? 'high' : 'medium';
}

interface Defaulted {
  readonly parameter: Arg;
  readonly value: Expr;
}

function defaultsOf({ args }: FunctionDef): readonly Defaulted[] {
  const positional = [...args.posonlyargs, ...args.args];
  const first = positional.length - args.defaults.length;
  return [
    ...args.defaults.map((value, i) => ({ parameter: positional[first + i]!, value })),
    ...args.kwonlyargs.flatMap((parameter, i) => {
      const value = args.kw_defaults[i];
      return value === undefined ? [] : [{ parameter, value }];
    }),
  ];
}

interface DefaultContainer {
  readonly value: Expr;
  readonly kind: ContainerKind;
}

/** Where calls go on adding to the default, under whatever name. */
function growthOf(
  file: ScannedFile,
  callee: FunctionInfo,
  parameter: Arg,
  container: DefaultContainer,
): Addition | undefined {
  const binding = callee.scope.bindings.get(parameter.arg);
  if (binding === undefined) return undefined;
  const isEmpty = isEmptyContainer(container.value);
  const names = occurrencesBeforeRebinding(file, binding).filter((name) => !(isEmpty && isReplacedWhenEmpty(name)));
  const own = effectsOf(file, names, container.kind);
  if (own.isLimited) return undefined;
  const found = lastingAddition(own.additions);
  if (found !== undefined) return found;
  for (const alias of own.aliases) {
    const growth = growthUnder(file, callee, alias, container.kind);
    if (growth !== undefined) return growth;
  }
  return undefined;
}

/** The variable's occurrences up to where it is first given another value. */
function occurrencesBeforeRebinding(file: ScannedFile, binding: Binding): readonly Expr[] {
  const rebound = binding.definitions.flatMap(({ kind, node }) =>
    kind === 'parameter' || node.parent?.kind === 'AugAssign' ? [] : [node.start],
  );
  const first = Math.min(...rebound);
  return (file.source.names.get(binding.name) ?? []).filter(
    (name) => name.start < first && bindingOf(file.source, name) === binding,
  );
}

/** `items or []`: while the default is empty, the other side is taken. */
function isReplacedWhenEmpty(name: Expr): boolean {
  const { parent } = name;
  return parent?.kind === 'BoolOp' && parent.op === 'Or' && parent.values.at(-1) !== name;
}

/** What is added under another name for the default: a local variable, or an attribute of the object. */
function growthUnder(file: ScannedFile, callee: FunctionInfo, alias: Expr, kind: ContainerKind): Addition | undefined {
  if (alias.kind === 'Name') {
    const binding = bindingOf(file.source, alias);
    if (binding?.definitions.length !== 1 || binding.scope.kind !== 'function') return undefined;
    const names = (file.source.names.get(alias.id) ?? []).filter((name) => bindingOf(file.source, name) === binding);
    const { additions, isLimited } = effectsOf(file, names, kind);
    return isLimited ? undefined : lastingAddition(additions);
  }
  if (alias.kind !== 'Attribute' || callee.class === undefined) return undefined;
  const cls = callee.class;
  const occurrences = (file.source.attributes.get(alias.attr) ?? []).filter((attribute) =>
    isOnReceiver(file, cls, attribute.value),
  );
  // Another value for the attribute, in whichever method, may be the one that grows.
  if (occurrences.filter(({ ctx, parent }) => ctx === 'Store' && parent?.kind !== 'AugAssign').length > 1) {
    return undefined;
  }
  const { additions, isLimited } = effectsOf(file, occurrences, kind);
  return isLimited ? undefined : lastingAddition(additions);
}

function isOnReceiver(file: ScannedFile, cls: ClassInfo, expr: Expr): boolean {
  if (expr.kind !== 'Name') return false;
  return (bindingOf(file.source, expr)?.definitions ?? []).some(
    (definition) => definition.kind === 'parameter' && isReceiver(cls, definition),
  );
}

/** Whether the function is private and all its calls give the parameter: then its default is never used. */
function isAlwaysGiven(file: ScannedFile, { node, class: cls }: FunctionInfo, parameter: string): boolean {
  if (node.kind === 'Lambda' || !/^_[^_]/.test(node.name)) return false;
  const position = [...node.args.posonlyargs, ...node.args.args].findIndex(({ arg }) => arg === parameter);
  const needed = position - (cls === undefined ? 0 : 1);
  const named: readonly Expr[] = [
    ...(file.source.names.get(node.name) ?? []),
    ...(file.source.attributes.get(node.name) ?? []),
  ];
  return (
    named.length > 0 &&
    named.every((expr) => {
      const call = expr.parent;
      if (call?.kind !== 'Call' || call.func !== expr) return false;
      return (position >= 0 && call.args.length > needed) || call.keywords.some(({ arg }) => arg === parameter);
    })
  );
}

/** Names that say the container is kept on purpose. */
const ON_PURPOSE = /cache|memo|seen_|registry/i;

function noneFix(file: ScannedFile, node: FunctionDef, { arg, annotation }: Arg, value: Expr): Fix | undefined {
  const { text } = file.source;
  const at = startOfBody(file, node);
  if (ON_PURPOSE.test(arg) || at === undefined) return undefined;
  const indentation = indentationAt(text, node.body[0]!.start);
  const end = lineEndOf(text);
  const unit = indentation.slice(indentationAt(text, node.start).length);
  const edits: Edit[] = [
    replaceNode(value, 'None'),
    {
      start: at,
      end: at,
      text: `${indentation}if ${arg} is None:${end}${indentation}${unit}${arg} = ${textOf(file, value)}${end}`,
    },
  ];
  const [major, minor] = file.project.minimumPython;
  const hasUnions = major > 3 || minor >= 10;
  if (annotation !== undefined && hasUnions && annotation.kind !== 'Constant') {
    edits.push({ start: annotation.end, end: annotation.end, text: ' | None' });
  }
  return { title: 'Make the default None and the container in the function', safety: 'unsafe', edits };
}

/** Offset of the line on which statements of the body may begin, past the docstring; undefined on the header's line. */
function startOfBody(file: ScannedFile, { body, start }: FunctionDef): number | undefined {
  const { text } = file.source;
  const [first, second] = body;
  const isDocumented =
    first?.kind === 'Expr' && first.value.kind === 'Constant' && typeof first.value.value === 'string';
  const at = (isDocumented ? second : first) as Node | undefined;
  if (at === undefined) return undefined;
  const offset = isDocumented ? nextLineStart(text, first!.end) : lineStart(text, headOf(at).start);
  const isOwnLine = text.slice(lineStart(text, headOf(at).start), headOf(at).start).trim() === '';
  return isOwnLine && offset > start && offset <= headOf(at).start ? offset : undefined;
}

/** Where a statement begins, decorators included. */
function headOf(node: Node): { readonly start: number } {
  const decorator = 'decorator_list' in node ? node.decorator_list[0] : undefined;
  return decorator === undefined ? node : { start: decorator.start - 1 };
}
