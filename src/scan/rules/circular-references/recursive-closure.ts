// X03: inner functions that call themselves or each other, made anew at every call of the function around them.

import { walk } from '../../../source/ast-walk.ts';
import type { FunctionDef, Name, Node } from '../../../source/python-ast.ts';
import type { Binding } from '../../../source/scopes.ts';
import type { FunctionInfo } from '../../../source/source-index.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import { isScript } from '../../lifetimes/run-once.ts';
import type { Rule } from '../../rule.ts';
import type { ScannedFile } from '../../scanned-file.ts';

export const recursiveClosure: Rule = {
  name: 'recursive-closure',
  code: 'X03',
  cause: 'circular reference',
  sameAs: [],
  words: ['def '],
  doc: {
    what: 'Functions defined inside a function that refer to each other, or one that refers to itself, by name.',
    why: 'An inner function finds the name in a cell of the function around it, and the cell holds the inner function: a cycle. Every call of the outer function makes another one, and with it stays all that the inner functions close over, arguments included, until the garbage collector comes by.',
    evidence:
      'The references are resolved by Python’s rules for names, and the function is not handed out, deleted or rebound. For functions that refer to each other: high where the outer function is known to run again and again and the cycle closes over its arguments, medium otherwise. A single function that refers to itself is medium where it closes over arguments, a note otherwise.',
    fix: 'Make them functions of the module that get what they need as arguments, or methods of a small class.',
    ignore: 'When the outer function runs seldom and closes over little.',
    example: {
      leaks: `
def to_json(root, limit):
    def of_node(node, depth):
        return of_list(node.children, depth) if depth < limit else None

    def of_list(nodes, depth):
        return [of_node(node, depth + 1) for node in nodes]

    return of_node(root, 0)
`,
      fine: `
def to_json(root, limit):
    return of_node(root, 0, limit)

def of_node(node, depth, limit):
    return of_list(node.children, depth, limit) if depth < limit else None

def of_list(nodes, depth, limit):
    return [of_node(node, depth + 1, limit) for node in nodes]
`,
    },
  },
  check(file, report) {
    const confinedToScript = isScript(file);
    for (const [outer, inner] of innerFunctions(file)) {
      for (const cycle of cyclesAmong(file, inner)) {
        if (cycle.some(({ binding, node }) => isHandedOut(file, binding, node, outer))) continue;
        const names = cycle.map(({ node }) => node.name);
        const mutual = cycle.length > 1;
        const heavy = closesOverArguments(outer, cycle);
        report({
          node: cycle[0]!.node,
          confidence: confinedToScript || !(mutual || heavy) ? 'low' : mutual && heavy ? 'high' : 'medium',
          message: `${described(names)}, so every call of \`${nameOf(outer)}\` leaves a cycle for the garbage collector`,
          remedy: 'move the inner functions to the module, or make them methods of a class',
          evidence: cycle.slice(1).map(({ node }) => ({ node, text: 'belongs to the cycle' })),
          conditions: [
            {
              condition: { kind: 'runs repeatedly', module: file.source.module, qualname: outer.qualname },
              otherwise: mutual || heavy ? 'medium' : 'low',
            },
          ],
        });
      }
    }
  },
};

interface InnerFunction {
  readonly node: FunctionDef;
  readonly binding: Binding;
}

/** The functions defined in each function, by the one around them. Names bound twice are left out. */
function innerFunctions(file: ScannedFile): ReadonlyMap<FunctionInfo, readonly InnerFunction[]> {
  const found = new Map<FunctionInfo, InnerFunction[]>();
  for (const { node, scope } of file.source.functions) {
    const outer = scope.parent?.kind === 'function' ? file.source.functionOf.get(scope.parent.node) : undefined;
    if (outer === undefined || node.kind === 'Lambda') continue;
    const binding = scope.parent!.bindings.get(node.name);
    if (binding?.definitions.length !== 1) continue;
    const known = found.get(outer);
    if (known === undefined) found.set(outer, [{ node, binding }]);
    else known.push({ node, binding });
  }
  return found;
}

/** Groups of functions that reach each other, and single ones that reach themselves. */
function cyclesAmong(file: ScannedFile, inner: readonly InnerFunction[]): readonly (readonly InnerFunction[])[] {
  const uses = inner.map(({ node, binding }) =>
    (file.source.names.get(node.name) ?? []).filter((name) => bindingOf(file.source, name) === binding),
  );
  const reaches = inner.map(({ node }) =>
    inner.filter((_, i) => uses[i]!.some((name) => isInside(name, bodyOf(node)))),
  );
  const cycles: InnerFunction[][] = [];
  const grouped = new Set<InnerFunction>();
  const reachable = inner.map((_, i) => reachableFrom(inner, reaches, i));
  inner.forEach((start, i) => {
    if (grouped.has(start) || !reachable[i]!.has(start)) return;
    const group = inner.filter((other, j) => reachable[i]!.has(other) && reachable[j]!.has(start));
    for (const member of group) grouped.add(member);
    cycles.push(group);
  });
  return cycles;
}

function reachableFrom(
  inner: readonly InnerFunction[],
  reaches: readonly (readonly InnerFunction[])[],
  start: number,
): ReadonlySet<InnerFunction> {
  const reached = new Set(reaches[start]);
  // A set grows while it is gone through, and gives what was added too.
  for (const next of reached) for (const further of reaches[inner.indexOf(next)]!) reached.add(further);
  return reached;
}

/** Where a use makes a closure: the body, not decorators, defaults and annotations. */
function bodyOf(node: FunctionDef): Pick<Node, 'start' | 'end'> {
  return { start: node.body[0]!.start, end: node.end };
}

/** Whether the function is returned, stored or passed on, and so meant to live longer than the call. */
function isHandedOut(file: ScannedFile, binding: Binding, node: FunctionDef, outer: FunctionInfo): boolean {
  if (node.decorator_list.length > 0) return true;
  return (file.source.names.get(node.name) ?? []).some((name) => {
    if (bindingOf(file.source, name) !== binding || !isInside(name, outer.node)) return false;
    return isKept(name) && file.source.scopes.scopeOf.get(outer.node) === binding.scope;
  });
}

function isKept(name: Name): boolean {
  const { parent } = name;
  switch (parent?.kind) {
    case 'Return':
    case 'Yield':
    case 'Assign':
    case 'AnnAssign':
    case 'Dict':
    case 'List':
    case 'Tuple':
      return true;
    case 'Attribute':
      return parent.ctx === 'Store';
    default:
      return false;
  }
}

/** Whether a function of the cycle reads a parameter of the one around it. */
function closesOverArguments(outer: FunctionInfo, cycle: readonly InnerFunction[]): boolean {
  const parameters = new Set<string>();
  for (const [name, { definitions }] of outer.scope.bindings) {
    if (definitions.some(({ node }) => node.kind === 'arg')) parameters.add(name);
  }
  let found = false;
  for (const { node } of cycle) {
    walk(node, (inner) => {
      if (inner.kind === 'Name' && inner.ctx === 'Load' && parameters.has(inner.id)) found = true;
    });
  }
  return found;
}

function described(names: readonly string[]): string {
  if (names.length === 1) return `\`${names[0]}\` refers to itself`;
  const others = names.length === 2 ? `\`${names[1]}\`` : `${names.length - 1} others`;
  return `\`${names[0]}\` and ${others} refer to each other`;
}

function nameOf({ node }: FunctionInfo): string {
  return node.kind === 'Lambda' ? 'lambda' : node.name;
}
