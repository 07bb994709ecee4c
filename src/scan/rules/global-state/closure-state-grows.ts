// G04: containers that functions carry with them, as an attribute or in a closure, and that calls add to.

import type { Attribute, Expr, FunctionDef, Node } from '../../../source/python-ast.ts';
import type { Binding } from '../../../source/scopes.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../../source/source-index.ts';
import type { Confidence } from '../../finding.ts';
import {
  type Addition,
  type ContainerKind,
  containerMadeBy,
  effectsOf,
  lastingAddition,
} from '../../growth/container-additions.ts';
import type { Report, Rule } from '../../rule.ts';
import { functionAround, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';

export const closureStateGrows: Rule = {
  name: 'closure-state-grows',
  code: 'G04',
  cause: 'global state',
  sameAs: [],
  doc: {
    what: 'A container that a function carries along, as an attribute of the function or in the closure of a decorator, and that its calls add to.',
    why: 'The attribute of a module’s function, and the closure of a decorated one, live as long as the module. What calls add to such a container stays.',
    evidence:
      'Attributes: a container is assigned to an attribute of a function of the module, and a function adds to it. Closures: a function that takes a function, or that this file uses as a decorator, makes a container and returns an inner function that adds to it. Nothing takes anything out, sets it anew or compares its length. High where every call of a decorated function of this file adds to a list; medium where each call adds, or new keys made of arguments do.',
    fix: 'Bound it: `collections.deque(maxlen=…)`, `functools.lru_cache(maxsize=…)`, or a counter instead of a list. There is no automatic fix.',
    ignore: 'The keys are few, as in a registry by name.',
    example: {
      leaks: `
import functools, time

def timed(function):
    durations = []

    @functools.wraps(function)
    def wrapper(*args):
        start = time.perf_counter()
        result = function(*args)
        durations.append(time.perf_counter() - start)
        return result

    return wrapper

@timed
def render(page):
    return page.body
`,
      fine: `
import functools, time
from collections import deque

def timed(function):
    durations = deque(maxlen=100)

    @functools.wraps(function)
    def wrapper(*args):
        start = time.perf_counter()
        result = function(*args)
        durations.append(time.perf_counter() - start)
        return result

    return wrapper

@timed
def render(page):
    return page.body
`,
    },
  },
  check(file, report) {
    checkAttributes(file, report);
    for (const outer of outerFunctions(file)) checkClosure(file, outer, report);
  },
};

/** Functions with functions inside. */
const outerFunctions = oncePerFile((file): ReadonlySet<FunctionInfo> => {
  const found = new Set<FunctionInfo>();
  for (const { scope } of file.source.functions) {
    const outer = scope.parent?.kind === 'function' ? file.source.functionOf.get(scope.parent.node) : undefined;
    if (outer !== undefined) found.add(outer);
  }
  return found;
});

function checkClosure(file: ScannedFile, outer: FunctionInfo, report: Report): void {
  const use = decoratorUse(file, outer);
  if (use === 'none') return;
  for (const binding of outer.scope.bindings.values()) {
    const [definition] = binding.definitions;
    if (binding.definitions.length !== 1 || definition?.kind !== 'value') continue;
    const kind = containerMadeBy(file, definition.value);
    const growth = kind === undefined ? undefined : innerGrowth(file, outer, binding, kind);
    if (kind === undefined || growth === undefined) continue;
    const adder = enclosingFunction(file.source, growth.node);
    report({
      node: growth.node,
      confidence: growth.adds === 'always' && use === 'decorates' ? 'high' : 'medium',
      message: `each function that \`${nameOf(outer)}\` wraps keeps \`${binding.name}\`, and its calls add to it for good`,
      remedy: 'bound it (`deque(maxlen=…)`, `lru_cache`), or keep a count instead of a list',
      evidence: [{ node: definition.node, text: 'made here, once for each wrapped function' }],
      subject: {
        form: 'closure',
        module: file.source.module,
        qualname: adder?.qualname ?? outer.qualname,
        name: binding.name,
      },
    });
  }
}

function nameOf({ node }: FunctionInfo): string {
  return node.kind === 'Lambda' ? '<lambda>' : node.name;
}

/** How a function that returns an inner one is used: as a decorator in this file, perhaps as one elsewhere, or not so. */
function decoratorUse(file: ScannedFile, outer: FunctionInfo): 'decorates' | 'perhaps' | 'none' {
  const { node } = outer;
  if (node.kind === 'Lambda' || returnedFunctions(file, node).length === 0) return 'none';
  const outermost = outermostFunction(file, node);
  if (decoratedNames(file).has(outermost.name)) return 'decorates';
  const { args } = node;
  const first = [...args.posonlyargs, ...args.args][outer.class === undefined ? 0 : 1];
  return first !== undefined &&
    /^_?(?:f|fn|fun|func|function|method|callable|callback|view|wrapped|coro|user_function|target)$/.test(first.arg)
    ? 'perhaps'
    : 'none';
}

/** The inner functions that a function returns, as they are or wrapped in a call. */
function returnedFunctions(file: ScannedFile, node: FunctionDef): readonly FunctionDef[] {
  return node.body.flatMap((statement) => {
    if (statement.kind !== 'Return' || statement.value === undefined) return [];
    const { value } = statement;
    const names = value.kind === 'Call' ? [...value.args, value.func] : [value];
    return names.flatMap((name) =>
      name.kind !== 'Name'
        ? []
        : (bindingOf(file.source, name)?.definitions ?? []).flatMap((definition) =>
            definition.kind === 'function' && definition.scope.node === node ? [definition.node] : [],
          ),
    );
  });
}

function outermostFunction(file: ScannedFile, node: FunctionDef): FunctionDef {
  let outermost = node;
  for (let around = functionAround(file, node); around !== undefined; around = functionAround(file, around)) {
    outermost = around;
  }
  return outermost;
}

/** Names that decorate functions of the module or of its classes: those live as long as the module. */
const decoratedNames = oncePerFile((file): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { node, scope } of file.source.functions) {
    if (node.kind === 'Lambda' || node.decorator_list.length === 0) continue;
    if (scope.parent?.kind !== 'module' && scope.parent?.kind !== 'class') continue;
    for (const decorator of node.decorator_list) {
      const named = decorator.kind === 'Call' ? decorator.func : decorator;
      if (named.kind === 'Name') names.add(named.id);
    }
  }
  return names;
});

/** Where an inner function goes on adding to a container of the outer one. */
function innerGrowth(
  file: ScannedFile,
  outer: FunctionInfo,
  binding: Binding,
  kind: ContainerKind,
): Addition | undefined {
  const names = (file.source.names.get(binding.name) ?? []).filter((name) => bindingOf(file.source, name) === binding);
  const { additions, isLimited, aliases } = effectsOf(file, names, kind);
  // Handed out under another name (`wrapper.cache = cache`), it may be looked after by whoever asks for it.
  if (isLimited || aliases.length > 0) return undefined;
  // Others than the returned functions are called for a reason of their own: `singledispatch`'s `register`.
  const returned = returnedFunctions(file, outer.node as FunctionDef);
  return lastingAddition(additions.filter(({ node }) => returned.some((inner) => isInside(node, inner))));
}

function isInside(node: Node, around: Node): boolean {
  for (let outer: Node | undefined = node; outer !== undefined; outer = outer.parent) {
    if (outer === around) return true;
  }
  return false;
}

/** `f.calls = []` beside `def f`, and `f.calls.append(…)` in a function. */
function checkAttributes(file: ScannedFile, report: Report): void {
  for (const attributes of file.source.attributes.values()) {
    const made = attributes.flatMap((attribute) => containerStored(file, attribute) ?? []);
    for (const { store, kind, owner } of made) {
      const occurrences = attributes.filter((attribute) => functionNamed(file, attribute.value) === owner);
      const isReset = occurrences.some((other) => other !== store && other.ctx === 'Store' && !isAugmented(other));
      const { additions, isLimited, aliases } = effectsOf(file, occurrences, kind);
      const growth = lastingAddition(
        additions.filter(({ node }) => enclosingFunction(file.source, node) !== undefined),
      );
      if (growth === undefined || isReset || isLimited || aliases.length > 0) continue;
      const adder = enclosingFunction(file.source, growth.node)!;
      const confidence: Confidence = growth.adds === 'always' ? 'high' : 'medium';
      report({
        node: growth.node,
        confidence,
        message: `\`${textOf(file, store)}\` lives as long as the function, and calls of \`${nameOf(adder)}\` add to it for good`,
        remedy: 'bound it (`deque(maxlen=…)`, `lru_cache`), or keep a count instead of a list',
        evidence: [{ node: store, text: 'made here' }],
        conditions: [
          {
            condition: { kind: 'runs repeatedly', module: file.source.module, qualname: adder.qualname },
            otherwise: 'medium',
          },
        ],
      });
    }
  }
}

interface StoredContainer {
  readonly store: Attribute;
  readonly kind: ContainerKind;
  readonly owner: FunctionDef;
}

function containerStored(file: ScannedFile, store: Attribute): StoredContainer | undefined {
  if (store.ctx !== 'Store' || store.parent?.kind !== 'Assign') return undefined;
  const owner = functionNamed(file, store.value);
  const kind = owner === undefined ? undefined : containerMadeBy(file, store.parent.value);
  return owner === undefined || kind === undefined ? undefined : { store, kind, owner };
}

function isAugmented({ parent }: Expr): boolean {
  return parent?.kind === 'AugAssign';
}

/** The module's function that a name means. */
function functionNamed(file: ScannedFile, expr: Expr): FunctionDef | undefined {
  if (expr.kind !== 'Name') return undefined;
  const binding = bindingOf(file.source, expr);
  const [definition] = binding?.definitions ?? [];
  return binding?.scope.kind === 'module' && definition?.kind === 'function' ? definition.node : undefined;
}
