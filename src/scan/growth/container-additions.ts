// What the uses of one variable add to the container it holds: which of them add on every call, which only what is new,
// and whether anything takes out again. For containers that one function or class body shows whole; containers that a
// program passes around are source/holder-uses.ts's business.

import { usesOf } from '../../source/container-operations.ts';
import type { Call, Expr, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { keywordOf, type ScannedFile } from '../scanned-file.ts';

export type ContainerKind = 'list' | 'set' | 'dict';

const CONTAINER_CALLS: Readonly<Record<string, ContainerKind>> = {
  'builtins.bytearray': 'list',
  'builtins.dict': 'dict',
  'builtins.list': 'list',
  'builtins.set': 'set',
  'collections.Counter': 'dict',
  'collections.OrderedDict': 'dict',
  'collections.defaultdict': 'dict',
  'collections.deque': 'list',
};

/** The kind of container an expression makes; undefined when it makes none, or one with a limit. */
export function containerMadeBy(file: ScannedFile, expr: Expr): ContainerKind | undefined {
  switch (expr.kind) {
    case 'List':
    case 'ListComp':
      return 'list';
    case 'Set':
    case 'SetComp':
      return 'set';
    case 'Dict':
    case 'DictComp':
      return 'dict';
    case 'Call': {
      const name = dottedName(file.source, expr.func);
      const isLimited =
        keywordOf(expr, 'maxlen') !== undefined || (name === 'collections.deque' && expr.args.length > 1);
      return name === undefined || isLimited || !Object.hasOwn(CONTAINER_CALLS, name)
        ? undefined
        : CONTAINER_CALLS[name];
    }
    default:
      return undefined;
  }
}

export function isEmptyContainer(expr: Expr): boolean {
  switch (expr.kind) {
    case 'List':
    case 'Set':
      return expr.elts.length === 0;
    case 'Dict':
      return expr.values.length === 0;
    case 'Call':
      return expr.args.length === 0 || /defaultdict$/.test(expr.func.kind === 'Name' ? expr.func.id : '');
    default:
      return false;
  }
}

export interface Addition {
  readonly node: Node;
  /** `append`, `subscript assignment`, … */
  readonly operation: string;
  /** always: an entry on every call. new keys: an entry for every key not yet there. fixed keys: what the text names. */
  readonly adds: 'always' | 'new keys' | 'fixed keys';
}

export interface ContainerEffects {
  readonly additions: readonly Addition[];
  /** Whether anything takes entries out, sets the variable anew, or compares the length with a limit. */
  readonly isLimited: boolean;
  /** Assignment targets that get the container as another name. */
  readonly aliases: readonly Expr[];
}

/** What the given occurrences of a variable do to its container. */
export function effectsOf(file: ScannedFile, occurrences: readonly Expr[], kind: ContainerKind): ContainerEffects {
  const additions: Addition[] = [];
  const aliases: Expr[] = [];
  let isLimited = false;
  for (const occurrence of occurrences) {
    for (const use of usesOf(occurrence)) {
      switch (use.effect) {
        case 'grow':
          if (!use.entry && !use.unsure) {
            const adds = isFirstFilling(occurrence) ? 'fixed keys' : growthOf(file, use.node, kind);
            additions.push({ node: use.node, operation: use.operation, adds });
          }
          break;
        case 'shrink':
        case 'measured':
          isLimited = true;
          break;
        case 'alias':
          if (!use.entry) aliases.push(use.target);
          break;
        default:
      }
    }
  }
  return { additions, isLimited, aliases };
}

/** `if not known: known.append(…)`: adds just once. */
function isFirstFilling(occurrence: Expr): boolean {
  let child: Node = occurrence;
  for (let node = occurrence.parent; node !== undefined; child = node, node = node.parent) {
    if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'Lambda') return false;
    if (node.kind !== 'If' || !node.body.includes(child as never)) continue;
    const { test } = node;
    if (test.kind === 'UnaryOp' && test.op === 'Not' && isSameName(test.operand, occurrence)) return true;
  }
  return false;
}

function isSameName(a: Expr, b: Expr): boolean {
  if (a.kind === 'Name' && b.kind === 'Name') return a.id === b.id;
  return a.kind === 'Attribute' && b.kind === 'Attribute' && a.attr === b.attr && isSameName(a.value, b.value);
}

/** Those that go on adding, the surest first; undefined when there are none. */
export function lastingAddition(additions: readonly Addition[]): Addition | undefined {
  return additions.find(({ adds }) => adds === 'always') ?? additions.find(({ adds }) => adds === 'new keys');
}

function growthOf(file: ScannedFile, node: Node, kind: ContainerKind): Addition['adds'] {
  if (node.kind === 'Subscript') {
    // `items[0] = x` replaces an entry of a list.
    return kind === 'list' || isFixedKey(file, node.slice) ? 'fixed keys' : 'new keys';
  }
  if (kind === 'list') return 'always';
  if (node.kind !== 'Call') return 'new keys';
  return addsFixedKeys(file, node) ? 'fixed keys' : 'new keys';
}

/** `d.update(a=1)`, `d.update({"a": 1})`, `d.setdefault("a", 1)`, `s.add("a")`. */
function addsFixedKeys(file: ScannedFile, call: Call): boolean {
  const [first] = call.args;
  if (first === undefined) return call.keywords.every(({ arg }) => arg !== undefined);
  if (first.kind === 'Dict') return first.keys.every((key) => key !== undefined && isFixedKey(file, key));
  if (first.kind === 'List' || first.kind === 'Tuple' || first.kind === 'Set') {
    return first.elts.every((key) => isFixedKey(file, key));
  }
  return isFixedKey(file, first);
}

/** Keys of which a program has only as many as its text: constants, classes, names of functions. */
function isFixedKey(file: ScannedFile, key: Expr): boolean {
  switch (key.kind) {
    case 'Constant':
      return true;
    case 'Name':
      return /^(?:cls|klass|[A-Z][A-Z0-9_]*)$/.test(key.id);
    case 'Attribute':
      return /^(?:__class__|__name__|__qualname__|__module__|[A-Z][A-Z0-9_]*)$/.test(key.attr);
    case 'Call':
      return dottedName(file.source, key.func) === 'builtins.type';
    case 'Tuple':
      return key.elts.every((part) => isFixedKey(file, part));
    default:
      return false;
  }
}
