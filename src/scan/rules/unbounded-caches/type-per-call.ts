// C08: classes made by code that runs again and again, instead of once.

import { walk } from '../../../source/ast-walk.ts';
import type { Call, Expr, Node, Subscript } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../../source/source-index.ts';
import type { Report, Rule } from '../../rule.ts';
import { callsByName, type ScannedFile, textOf } from '../../scanned-file.ts';

/** What makes a class, and the arguments it takes at least to do so. */
const CLASS_MAKERS: ReadonlyMap<string, number> = new Map([
  ['attr.make_class', 2],
  ['attrs.make_class', 2],
  ['builtins.type', 3],
  ['collections.namedtuple', 2],
  ['dataclasses.make_dataclass', 2],
  ['enum.Enum', 2],
  ['enum.Flag', 2],
  ['enum.IntEnum', 2],
  ['enum.IntFlag', 2],
  ['enum.StrEnum', 2],
  ['pydantic.TypeAdapter', 1],
  ['pydantic.create_model', 1],
  ['types.new_class', 1],
  ['typing.NamedTuple', 2],
  ['typing.TypedDict', 2],
]);

export const typePerCall: Rule = {
  name: 'type-per-call',
  code: 'C08',
  cause: 'unbounded cache',
  sameAs: [],
  doc: {
    what: 'A class made anew on every call: `type(…)`, `namedtuple`, `create_model`, `make_dataclass`, an enumeration, a generic model given a type variable, a `class` statement that holds `self`.',
    why: 'A class is a big object that refers to itself, so only the cycle collector frees it, and everything that keeps something per class (its bases, caches of validators and serializers, registries, `lru_cache` keyed by type) may keep it for good. A class per request grows memory by tens of kilobytes each.',
    evidence:
      'The call makes a class, stands in a function, and what it makes is not kept for the next call. Medium where a request handler, task or consumer comes to run the function, else low. A generic class given a type variable where a type is passed as an argument is medium: that is another class on every call, and no more specific than the plain one. So is a `class` statement in a method whose attributes hold `self`.',
    fix: 'Make the class once, at module level, or keep it in a bounded cache by what it depends on. Pass the plain generic class, not one of a type variable. There is no automatic fix.',
    ignore: 'The function runs once for each of a fixed number of classes, as a class factory used at import does.',
    example: {
      leaks: `
from collections import namedtuple

@app.route("/rows")
def rows():
    Row = namedtuple("Row", columns())
    return [Row(*values) for values in rows_of_today()]
`,
      fine: `
from collections import namedtuple

Row = namedtuple("Row", ["sku", "price"])

@app.route("/rows")
def rows():
    return [Row(*values) for values in rows_of_today()]
`,
    },
  },
  check(file, report) {
    const calls = callsByName(file);
    for (const [name, least] of CLASS_MAKERS) {
      for (const call of calls.get(name) ?? []) {
        const callee = enclosingFunction(file.source, call);
        if (callee === undefined || call.args.length + call.keywords.length < least) continue;
        if (isKept(file, call) || isMemoized(callee) || runsAtClassCreation(callee)) continue;
        report({
          node: call,
          confidence: 'medium',
          message: `\`${textOf(file, call.func)}\` makes another class on every call of \`${nameOf(callee)}\`, and classes are hard to free`,
          remedy: 'make the class once at module level, or cache it by what it depends on',
          conditions: [
            {
              condition: { kind: 'runs repeatedly', module: file.source.module, qualname: callee.qualname },
              otherwise: 'low',
            },
          ],
        });
      }
    }
    checkCapturingClasses(file, report);
    checkTypeVariables(file, report);
  },
};

/** A class statement whose attributes hold the object whose method runs it: class and object free each other late. */
function checkCapturingClasses(file: ScannedFile, report: Report): void {
  for (const { node, scope } of file.source.classes) {
    const around = scope.parent?.kind === 'function' ? file.source.functionOf.get(scope.parent.node) : undefined;
    if (around?.role !== 'method' && around?.role !== 'property') continue;
    const { args } = around.node;
    const self = (args.posonlyargs[0] ?? args.args[0])?.arg;
    const holding = node.body.find((statement) => statement.kind === 'Assign' && mentions(statement.value, self));
    if (self === undefined || holding === undefined || isMemoized(around)) continue;
    report({
      node,
      confidence: 'medium',
      message: `\`${node.name}\` is another class on every call of \`${nameOf(around)}\`, and it holds \`${self}\` until the collector comes`,
      remedy: 'define the class once at module level and hand its objects what they need',
      evidence: [{ node: holding, text: `holds \`${self}\`` }],
    });
  }
}

function mentions(root: Node, name: string | undefined): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.kind === 'Name' && node.id === name) found = true;
  });
  return found;
}

function checkTypeVariables(file: ScannedFile, report: Report): void {
  for (const subscript of file.source.subscripts) {
    const callee = isPassedAsType(subscript) ? enclosingFunction(file.source, subscript) : undefined;
    if (callee === undefined || !isTypeVariable(file, subscript.slice)) continue;
    report({
      node: subscript,
      confidence: 'medium',
      message: `\`${textOf(file, subscript)}\` may be another class on every call of \`${nameOf(callee)}\`, with validators of its own`,
      remedy: `pass the plain \`${textOf(file, subscript.value)}\`: a type variable says nothing at run time`,
    });
  }
}

function nameOf({ node }: FunctionInfo): string {
  return node.kind === 'Lambda' ? '<lambda>' : node.name;
}

/** Whether what the call makes is stored where the next call can find it, or made only when it is not there. */
function isKept(file: ScannedFile, call: Call): boolean {
  let child: Node = call;
  for (let node = call.parent; node !== undefined; child = node, node = node.parent) {
    switch (node.kind) {
      case 'Assign':
        if (node.targets.some((target) => isLasting(file, target))) return true;
        break;
      case 'Call':
        if (node.func.kind === 'Attribute' && node.func.attr === 'setdefault') return true;
        if (dottedName(file.source, node.func) === 'builtins.setattr') return true;
        break;
      case 'If':
        if (node.body.includes(child as never) && isAbsenceTest(node.test)) return true;
        break;
      case 'ExceptHandler':
        return true;
      case 'FunctionDef':
      case 'AsyncFunctionDef':
      case 'Lambda':
        return false;
      default:
    }
  }
  return false;
}

function isLasting(file: ScannedFile, target: Expr): boolean {
  if (target.kind === 'Subscript' || target.kind === 'Attribute') return true;
  return target.kind === 'Name' && bindingOf(file.source, target)?.scope.kind === 'module';
}

function isAbsenceTest(test: Expr): boolean {
  switch (test.kind) {
    case 'Compare':
      return test.ops[0] === 'NotIn' || test.ops[0] === 'Is';
    case 'UnaryOp':
      return test.op === 'Not';
    default:
      return false;
  }
}

/** Whether a decorator remembers what the function returned. */
function isMemoized({ node }: FunctionInfo): boolean {
  if (node.kind === 'Lambda') return false;
  return node.decorator_list.some((decorator) => {
    const named = decorator.kind === 'Call' ? decorator.func : decorator;
    const name = named.kind === 'Name' ? named.id : named.kind === 'Attribute' ? named.attr : '';
    return /cache|memo|once|lazy|reify/i.test(name);
  });
}

/** Hooks that Python runs once for each class. */
function runsAtClassCreation({ node, class: cls }: FunctionInfo): boolean {
  if (node.kind === 'Lambda') return false;
  if (/^__(?:init_subclass|set_name|class_getitem|prepare)__$/.test(node.name)) return true;
  const isMeta = cls?.node.bases.some((base) => base.kind === 'Name' && /^type$|Meta/.test(base.id)) ?? false;
  return isMeta && /^__(?:new|init|call)__$/.test(node.name);
}

/** `type_=Page[T]`, `TypeAdapter(Page[T])`: a type given as a value, not in an annotation and not to `cast`. */
function isPassedAsType({ parent, ctx }: Subscript): boolean {
  if (ctx !== 'Load' || parent === undefined) return false;
  return (
    parent.kind === 'keyword' &&
    /^(?:type_?|cls|model|model_class|cast_to|response_model|schema)$/.test(parent.arg ?? '')
  );
}

function isTypeVariable(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind !== 'Name') return false;
  const definitions = bindingOf(file.source, expr)?.definitions ?? [];
  return definitions.some((definition) => {
    if (definition.kind === 'import from') return /T$/.test(definition.node.name);
    return (
      definition.kind === 'value' &&
      definition.value.kind === 'Call' &&
      /(?:^|\.)TypeVar$/.test(dottedName(file.source, definition.value.func) ?? '')
    );
  });
}
