// When a container is filled: once behind a flag, at import by decorators and registrations, or whenever the function runs.

import { walk } from '../../source/ast-walk.ts';
import { returnedExpressions } from '../../source/class-members.ts';
import type { Expr, FunctionDef, Node } from '../../source/python-ast.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../source/source-index.ts';
import { endlessLoopAround } from '../lifetimes/repetition.ts';
import { oncePerFile, type ScannedFile, textOf } from '../scanned-file.ts';

/** Whether a flag or the container itself, tested before, lets the code at `node` run once only. */
export function runsOnce(file: ScannedFile, node: Node, around: FunctionInfo, denoting: ReadonlySet<Expr>): boolean {
  const flags = flagsSetIn(file)(around);
  const isDone = (expr: Expr) => denoting.has(expr) || flags.has(textOf(file, expr));
  let child = node;
  for (let outer = node.parent; outer !== undefined; child = outer, outer = outer.parent) {
    if (outer.kind === 'If' && outer.body.includes(child as never) && absenceTested(outer.test).some(isDone))
      return true;
    const body = 'body' in outer && Array.isArray(outer.body) ? (outer.body as readonly Node[]) : [];
    for (const earlier of body) {
      if (earlier === child || earlier.start > child.start) break;
      if (earlier.kind !== 'If' || earlier.body.at(-1)?.kind !== 'Return') continue;
      if (presenceTested(earlier.test).some(isDone)) return true;
    }
    if (outer === around.node) return false;
  }
  return false;
}

/** Whether it adds only while a count taken by `len()` is below a limit: `n = len(C)`, `if n < limit: C.add(…)`. */
export function isUnderLimit(
  file: ScannedFile,
  node: Node,
  around: FunctionInfo,
  denoting: ReadonlySet<Expr>,
): boolean {
  let child = node;
  for (let outer = node.parent; outer !== undefined && child !== around.node; child = outer, outer = outer.parent) {
    if (outer.kind !== 'If' || outer.test.kind !== 'Compare' || outer.test.left.kind !== 'Name') continue;
    const counts = bindingOf(file.source, outer.test.left)?.definitions ?? [];
    if (counts.some((count) => count.kind === 'value' && denoting.has(measured(count.value)))) return true;
  }
  return false;
}

/** What `not X`, `X is None`, `len(X) == 0` say is not there yet. */
function absenceTested(test: Expr): readonly Expr[] {
  switch (test.kind) {
    case 'UnaryOp':
      return test.op === 'Not' ? [measured(test.operand)] : [];
    case 'Compare':
      return test.ops[0] === 'Is' || test.ops[0] === 'Eq' ? [measured(test.left)] : [];
    case 'BoolOp':
      return test.op === 'And' ? test.values.flatMap(absenceTested) : [];
    default:
      return [];
  }
}

/** What `X`, `X is not None` say is there already. */
function presenceTested(test: Expr): readonly Expr[] {
  switch (test.kind) {
    case 'Name':
    case 'Attribute':
    case 'Call':
      return [measured(test)];
    case 'Compare':
      return test.ops[0] === 'IsNot' || test.ops[0] === 'Gt' ? [measured(test.left)] : [];
    case 'BoolOp':
      return test.values.flatMap(presenceTested);
    default:
      return [];
  }
}

function measured(expr: Expr): Expr {
  return expr.kind === 'Call' &&
    expr.func.kind === 'Name' &&
    /^(?:len|bool)$/.test(expr.func.id) &&
    expr.args[0] !== undefined
    ? expr.args[0]
    : expr;
}

/** Module variables and attributes each function assigns, by their text: the flags that say it has run. */
const flagsSetIn = oncePerFile((file) => {
  const known = new Map<FunctionInfo, ReadonlySet<string>>();
  return (around: FunctionInfo): ReadonlySet<string> => {
    const cached = known.get(around);
    if (cached !== undefined) return cached;
    const flags = new Set<string>();
    walk(around.node, (node) => {
      if (node.kind === 'Attribute' && node.ctx === 'Store') flags.add(textOf(file, node));
      else if (node.kind === 'Name' && node.ctx === 'Store' && around.scope.declared.get(node.id) === 'global') {
        flags.add(node.id);
      }
    });
    known.set(around, flags);
    return flags;
  };
});

const REGISTERING_FUNCTION =
  /^_*(?:register|unregister|install|define|declare|configure|enable|provide|add_(?:\w+_)?(?:types?|class|classes|parser|converter|codec|adapter|option|argument|command|rule|route|plugin|hook|extension|filter|factory|backend|encoder|decoder|implementation|method|function|middleware|provider|representer|constructor|resolver|alias|mapping|dialect|provider|checker|validator|formatter|lookup|category|subparser|param|flag|section|handler|listener_class|registry|source|resource_type|module|path|dir))(?:_\w+)?$/;
const REGISTRY =
  /(?:registry|registered|registr|plugins?|commands?|converters?|factories|backends?|drivers?|adapters?|codecs?|formatters?|loaders?|parsers?|serializers?|validators?|extensions?|aliases|dispatch|classes|_types?|^types|models?|schemas?|signals|providers?|strategies|builders?|routes|url_map|middlewares?|implementations?|subclasses|builtins|keywords|opcodes|mappings?|resolvers|encoders|decoders|representers|constructors|engines|features|settings|config|options|defaults)$/i;
const CODE_VALUE =
  /^(?:cls|klass|class_|fn|func|fun|function|f|handler|callback|factory|plugin|module|obj_type|type_|parser|converter|adapter|codec|command|model|wrapper|wrapped|decorated|method|callable_?|target_class|impl)$/;

/** Whether the growth fills a table of code: at import, by a decorator, in a class's making, under a registry's name. */
export function isRegistration(
  file: ScannedFile,
  label: string,
  around: FunctionInfo,
  key: Expr | undefined,
  value: Expr | undefined,
): boolean {
  if (REGISTRY.test(label)) return true;
  if (around.node.kind === 'Lambda') return false;
  if (REGISTERING_FUNCTION.test(around.node.name)) return true;
  if (isClassCreation(around) || isDecorator(file, around)) return true;
  if (LISTENING.test(label) || LISTENING_FUNCTION.test(around.node.name)) return false;
  return [key, value].some((expr) => expr?.kind === 'Name' && CODE_VALUE.test(expr.id) && isHandedIn(file, expr));
}

/** Functions handed in as listeners come with objects, and as often as those. */
const LISTENING = /(?:listener|observer|subscriber|callback|watcher)s?$/i;
const LISTENING_FUNCTION =
  /^_*(?:subscribe|listen|on|connect|attach|observe|watch|bind_to|add_(?:\w+_)?(?:listener|observer|callback|subscriber|watcher))(?:_\w+)?$/;

function isHandedIn(file: ScannedFile, name: Expr & { readonly kind: 'Name' }): boolean {
  return bindingOf(file.source, name)?.definitions[0]?.kind === 'parameter';
}

/** Hooks that run when a class is made, and methods of metaclasses. */
function isClassCreation(around: FunctionInfo): boolean {
  if (around.node.kind === 'Lambda') return false;
  if (/^__(?:init_subclass|set_name|class_getitem|prepare|subclasshook)__$/.test(around.node.name)) return true;
  return around.class?.node.bases.some((base) => /^(?:type|\w*Meta|\w*MetaClass)$/.test(lastName(base))) ?? false;
}

function lastName(expr: Expr): string {
  return expr.kind === 'Name' ? expr.id : expr.kind === 'Attribute' ? expr.attr : '';
}

/** `def register(fn): …; return fn`, and the decorator inside a function that makes one. */
function isDecorator(file: ScannedFile, around: FunctionInfo): boolean {
  const node = around.node as FunctionDef;
  const parameters = [...node.args.posonlyargs, ...node.args.args];
  if (around.class !== undefined && around.role !== 'static method') parameters.shift();
  const first = parameters[0];
  if (first === undefined || parameters.length > 2) return false;
  const returned = returnedExpressions(around);
  return (
    returned.length > 0 &&
    returned.some(
      (expr) => expr.kind === 'Name' && expr.id === first.arg && bindingOf(file.source, expr)?.scope === around.scope,
    ) &&
    isCodeName(first.arg)
  );
}

function isCodeName(name: string): boolean {
  return CODE_VALUE.test(name) || /(?:cls|class|func|fun|fn|handler|decorat|method|type)/.test(name);
}

/** Whether the function exists only where a switch of the module is on: `if BENCHMARK:`, `if __debug__:`. */
export function isBehindSwitch(around: FunctionInfo): boolean {
  const outer = around.node.parent;
  return outer?.kind === 'If' && outer.parent?.kind === 'Module' && outer.test.kind === 'Name';
}

/** Whether this file calls the function, and only while it is imported: a loop of the module that goes on is its program. */
export function isCalledAtImportOnly(file: ScannedFile, around: FunctionInfo): boolean {
  if (around.class !== undefined || around.node.kind === 'Lambda') return false;
  const mentions = (file.source.names.get(around.node.name) ?? []).filter((mention) => mention.ctx === 'Load');
  return (
    mentions.length > 0 &&
    mentions.every(
      (mention) =>
        isCalledHere(mention) &&
        enclosingFunction(file.source, mention) === undefined &&
        endlessLoopAround(file, mention) === undefined,
    )
  );
}

/** `f()` or `@f`, not `run(f)`. */
function isCalledHere(mention: Node): boolean {
  const { parent } = mention;
  if (parent?.kind === 'Call') return parent.func === mention;
  return parent?.kind === 'FunctionDef' || parent?.kind === 'AsyncFunctionDef' || parent?.kind === 'ClassDef';
}
