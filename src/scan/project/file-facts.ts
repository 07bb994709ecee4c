// What one file tells the rest of the project: what it calls and from where, what it runs again and again, what it takes
// out of other files' containers, what its functions do with resources. Plain data: project-links.ts joins it.

import { statementOf } from '../../source/ast-walk.ts';
import { attributeStores } from '../../source/class-members.ts';
import { usesOf } from '../../source/container-operations.ts';
import type { Attribute, Call, Expr, Keyword, Node, NodeKind } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { bindingOf, enclosingFunction, importedModule } from '../../source/source-index.ts';
import { ancestorsOf } from '../../source/type-inference.ts';
import { endlessLoopAround, registeringReason, repeatingReason } from '../lifetimes/repetition.ts';
import type { ResourceSummary } from '../resources/resource-summary.ts';
import { resourceSummariesOf } from '../resources/resource-summary.ts';
import type { ScannedFile } from '../scanned-file.ts';
import { loopAround } from '../scanned-file.ts';
import { firstParameter, projectName } from './project-names.ts';

export interface FileFacts {
  /** Names this file takes from others and thereby offers under its own: `from .m import f` in `pkg` offers `pkg.f`. */
  readonly imports: readonly ImportedName[];
  readonly functions: readonly FunctionFacts[];
  readonly classes: readonly ClassFacts[];
  /** Who calls what. `caller` is a qualified name, `<module>` for import time. */
  readonly calls: readonly CallFact[];
  /** Dotted names outside this file that it shrinks, rebinds or hands on: `shop.users.user_cache`. */
  readonly shrunkNames: readonly string[];
  /** Attributes by bare name that this file shrinks or rebinds on objects of classes it does not define. */
  readonly shrunkAttributes: readonly string[];
}

export interface ImportedName {
  readonly local: string;
  readonly module: string;
  /** Undefined for `import module`. */
  readonly name: string | undefined;
}

export interface FunctionFacts {
  readonly qualname: string;
  /** Why it runs again and again, where its own file says so: "handles requests". */
  readonly repeats: string | undefined;
  readonly resources: ResourceSummary | undefined;
}

export interface ClassFacts {
  readonly qualname: string;
  /** Dotted names of the bases, as far as imports tell. */
  readonly bases: readonly string[];
}

export interface CallFact {
  readonly caller: string;
  /** Dotted name of the callee (own functions under their module's name); `.name` for a method of an unknown object. */
  readonly callee: string;
  /** Whether the call stands in a loop of its function. */
  readonly inLoop: boolean;
  /** Whether a module's variable or a class attribute keeps what the call returns. */
  readonly keptForGood: boolean;
  /** Whether an attribute of the calling method's own object keeps it. */
  readonly keptBySelf: boolean;
  /** Why this call alone makes the callee run again and again: an endless loop, a route added by hand. */
  readonly repeats: string | undefined;
  /** Arguments, by place or name, that are the same at every run: constants, classes, members of an enum. */
  readonly fixedArguments: readonly (number | string)[];
}

const NO_FACTS: FileFacts = {
  imports: [],
  functions: [],
  classes: [],
  calls: [],
  shrunkNames: [],
  shrunkAttributes: [],
};

export function collectFacts(file: ScannedFile | undefined): FileFacts {
  if (file === undefined) return NO_FACTS;
  const resources = resourceSummariesOf(file);
  return {
    imports: importsOf(file),
    functions: file.source.functions
      .filter((callee) => callee.node.kind !== 'Lambda')
      .map((callee) => ({
        qualname: callee.qualname,
        repeats: repeatingReason(file, callee),
        resources: resources.get(callee.qualname),
      })),
    classes: file.source.classes.map(({ qualname, node }) => ({
      qualname,
      bases: node.bases.flatMap((base) => projectName(file, base) ?? []),
    })),
    calls: callsOf(file),
    ...shrinksOf(file),
  };
}

function importsOf(file: ScannedFile): readonly ImportedName[] {
  const found: ImportedName[] = [];
  for (const [local, binding] of file.source.scopes.module.bindings) {
    for (const definition of binding.definitions) {
      if (definition.kind === 'import') found.push({ local, module: definition.module, name: undefined });
      else if (definition.kind === 'import from') {
        found.push({ local, module: importedModule(file.source, definition.from), name: definition.node.name });
      }
    }
  }
  for (const star of file.source.scopes.starImports) {
    found.push({ local: '*', module: importedModule(file.source, star), name: '*' });
  }
  return found;
}

/** Each kind of call once: a second one in the same function says nothing new. */
function callsOf(file: ScannedFile): readonly CallFact[] {
  const found: CallFact[] = [];
  const known = new Map<string, Map<string, CallFact[]>>();
  const add = (fact: CallFact) => {
    const ofCaller = getOrMake(known, fact.caller, () => new Map<string, CallFact[]>());
    const alike = getOrMake(ofCaller, fact.callee, () => []);
    if (alike.some((other) => saysTheSame(other, fact))) return;
    alike.push(fact);
    found.push(fact);
  };
  const circumstances = callCircumstances(file);
  for (const call of file.source.calls) {
    // Written out field by field: this sees every call of a project.
    const { caller, inLoop, isEndless } = circumstances(call);
    const callee = calleeName(file, call.func);
    if (callee !== undefined) {
      add({
        caller,
        callee,
        inLoop,
        keptForGood: isKeptForGood(file, call),
        keptBySelf: isKeptBySelf(file, call),
        repeats: isEndless ? 'is called in an endless loop' : undefined,
        fixedArguments: fixedArgumentsOf(file, call),
      });
    }
    // A function handed on is run by whoever gets it: `Thread(target=work)`, `map(parse, lines)`.
    for (const list of [call.args, call.keywords]) {
      for (const argument of list) {
        const handedOn = handedOnName(file, call, argument);
        if (handedOn === undefined) continue;
        const repeats = registeringReason(call);
        add({ caller, callee: handedOn, inLoop, keptForGood: false, keptBySelf: false, repeats, fixedArguments: NONE });
      }
    }
  }
  return found;
}

const NONE: CallFact['fixedArguments'] = [];

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Whether two calls of one function by one caller differ in nothing. */
function saysTheSame(a: CallFact, b: CallFact): boolean {
  return (
    a.inLoop === b.inLoop &&
    a.keptForGood === b.keptForGood &&
    a.keptBySelf === b.keptBySelf &&
    a.repeats === b.repeats &&
    a.fixedArguments.length === b.fixedArguments.length &&
    a.fixedArguments.every((argument, i) => argument === b.fixedArguments[i])
  );
}

/** What holds for all calls of a statement: who makes them, and whether in a loop. */
function callCircumstances(file: ScannedFile) {
  const ask = (node: Node) => ({
    caller: enclosingFunction(file.source, node)?.qualname ?? '<module>',
    inLoop: loopAround(node) !== undefined,
    isEndless: endlessLoopAround(file, node) !== undefined,
  });
  const known = new Map<Node, ReturnType<typeof ask>>();
  return (call: Call) => {
    const statement = statementOf(call);
    // Parts of other statements (a loop's head and its body, a default, a decorator) differ in that.
    if (!SIMPLE.has(statement.kind) || hasOwnScope(call, statement)) return ask(call);
    const answer = known.get(statement) ?? ask(call);
    known.set(statement, answer);
    return answer;
  };
}

const SIMPLE: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'Expr',
  'Assign',
  'AnnAssign',
  'AugAssign',
  'Return',
  'Raise',
]);

/** Whether the call runs in a lambda or comprehension inside its statement. */
function hasOwnScope(call: Call, statement: Node): boolean {
  for (let node: Node | undefined = call.parent; node !== undefined && node !== statement; node = node.parent) {
    if (node.kind === 'Lambda' || node.kind.endsWith('Comp') || node.kind === 'GeneratorExp') return true;
  }
  return false;
}

function calleeName(file: ScannedFile, callee: Node): string | undefined {
  return projectName(file, callee) ?? (callee.kind === 'Attribute' ? `.${callee.attr}` : undefined);
}

/** The function an argument may be. An attribute of an unknown object is data, unless the call is one that takes functions. */
function handedOnName(file: ScannedFile, call: Call, argument: Expr | Keyword): string | undefined {
  const value = argument.kind === 'keyword' ? argument.value : argument;
  if (value.kind !== 'Name' && value.kind !== 'Attribute') return undefined;
  const known = projectName(file, value);
  if (known !== undefined || value.kind === 'Name') return known;
  const { func } = call;
  const called = func.kind === 'Attribute' ? func.attr : func.kind === 'Name' ? func.id : '';
  const isForFunctions =
    TAKES_FUNCTIONS.test(called) || (argument.kind === 'keyword' && FUNCTION_KEYWORD.test(argument.arg ?? ''));
  return isForFunctions ? `.${value.attr}` : undefined;
}

const TAKES_FUNCTIONS =
  /(?:thread|timer|submit|register|connect|subscribe|callback|handler|listener|schedule|spawn|executor|call_(?:soon|later|at)|add_job|add_route|partial)/i;
const FUNCTION_KEYWORD =
  /^(?:target|callback|cb|func|fn|function|handler|endpoint|view_func|hook|on_\w+|\w+_callback)$/;

function fixedArgumentsOf(file: ScannedFile, call: Call): readonly (number | string)[] {
  const fixed: (number | string)[] = [];
  call.args.forEach((argument, i) => {
    if (isFixed(file, argument)) fixed.push(i);
  });
  for (const { arg, value } of call.keywords) {
    if (arg !== undefined && isFixed(file, value)) fixed.push(arg);
  }
  return fixed;
}

/**
 * Whether an argument is the same at every run: a constant, a class, a member of an enum, or a module's variable that no
 * loop gives another value.
 */
function isFixed(file: ScannedFile, argument: Expr): boolean {
  switch (argument.kind) {
    case 'Constant':
      return true;
    case 'Name': {
      const binding = bindingOf(file.source, argument);
      if (binding === undefined) return true;
      return binding.scope.kind === 'module' && binding.definitions.every(({ node }) => loopAround(node) === undefined);
    }
    case 'Attribute':
      return /^[A-Z]/.test(argument.attr) || (argument.value.kind === 'Name' && /^[A-Z]/.test(argument.value.id));
    default:
      return false;
  }
}

/** Whether what a call returns is bound to a module's variable, a class attribute, or an attribute of such an object. */
function isKeptForGood(file: ScannedFile, call: Call): boolean {
  return assignedTargets(call).some((target) => {
    if (target.kind === 'Name') {
      const around = enclosingFunction(file.source, target);
      return around === undefined ? !isInMainBlock(call) : around.scope.declared.get(target.id) === 'global';
    }
    if (target.kind === 'Subscript') return isGlobalObject(file, target.value);
    return target.kind === 'Attribute' && isGlobalObject(file, target.value);
  });
}

/** Whether it stands under `if __name__ == '__main__'`: a demonstration, which no importer ever runs. */
function isInMainBlock(node: Node): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind !== 'If' || outer.test.kind !== 'Compare') continue;
    if (outer.test.left.kind === 'Name' && outer.test.left.id === '__name__') return true;
  }
  return false;
}

/** A module's variable, a class, an application's `state`, or an attribute of one. */
function isGlobalObject(file: ScannedFile, expr: Expr): boolean {
  let root = expr;
  while (root.kind === 'Attribute') {
    if (root.attr === 'state' && root.value.kind === 'Name' && root.value.id === 'app') return true;
    root = root.value;
  }
  return root.kind === 'Name' && bindingOf(file.source, root)?.scope.kind === 'module';
}

function isKeptBySelf(file: ScannedFile, call: Call): boolean {
  const method = enclosingFunction(file.source, call);
  if (method?.class === undefined) return false;
  const self = firstParameter(method.node);
  return assignedTargets(call).some(
    (target) => target.kind === 'Attribute' && target.value.kind === 'Name' && target.value.id === self,
  );
}

/** What an assignment gives the result of the call to, directly or inside a list, dict or tuple display. */
function assignedTargets(call: Call): readonly Expr[] {
  let value: Node = call;
  while (value.parent?.kind === 'List' || value.parent?.kind === 'Tuple' || value.parent?.kind === 'Dict') {
    value = value.parent;
  }
  const parent = value.parent;
  if (parent?.kind === 'Assign') return parent.targets;
  return parent?.kind === 'AnnAssign' ? [parent.target] : [];
}

function shrinksOf(file: ScannedFile): Pick<FileFacts, 'shrunkNames' | 'shrunkAttributes'> {
  const names = new Set<string>();
  const attributes = new Set<string>();
  for (const nodes of file.source.attributes.values()) {
    for (const node of nodes) {
      if (!takesAway(node)) continue;
      const name = dottedName(file.source, node);
      const isDotted = name !== undefined && !name.startsWith('builtins.');
      if (isDotted) names.add(name);
      // `bus.listeners` of an imported `bus` is an attribute of an object; `module.NAME` never is.
      if (isDotted ? !isModule(file, node.value) : !isOwnAttribute(file, node)) attributes.add(node.attr);
    }
  }
  for (const { local, name, module } of importsOf(file)) {
    if (name === undefined || name === '*') continue;
    if ((file.source.names.get(local) ?? []).some(takesAway)) names.add(`${module}.${name}`);
  }
  return { shrunkNames: [...names], shrunkAttributes: [...attributes] };
}

function isModule(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind !== 'Name') return false;
  return bindingOf(file.source, expr)?.definitions.some(({ kind }) => kind === 'import') ?? false;
}

/** `self.x` where the class around, or a base of it in this file, gives itself an `x`: the file's own findings know of it. */
function isOwnAttribute(file: ScannedFile, node: Attribute): boolean {
  if (node.value.kind !== 'Name') return false;
  const method = enclosingFunction(file.source, node);
  const cls = method?.class;
  if (cls === undefined || node.value.id !== firstParameter(method!.node)) return false;
  return ancestorsOf(file.index, cls).some(
    (ancestor) => ancestor.scope.bindings.has(node.attr) || attributeStores(ancestor, node.attr).length > 0,
  );
}

/** Whether the code around takes something out of the container, gives its name another, or hands it to unknown code. */
function takesAway(node: Node): boolean {
  if (node.kind !== 'Name' && node.kind !== 'Attribute') return false;
  return usesOf(node).some(
    (use) =>
      use.effect === 'shrink' ||
      use.effect === 'rebind' ||
      (use.effect === 'alias' && !use.entry) ||
      (use.effect === 'argument' && !use.entry),
  );
}
