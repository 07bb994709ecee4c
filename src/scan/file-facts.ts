// What one file tells the rest of the project: what it calls and from where, what it runs again and again, what it takes
// out of other files' containers, what its functions do with resources. Plain data: project-links.ts joins it.

import { usesOf } from '../source/container-operations.ts';
import type { Node } from '../source/python-ast.ts';
import { dottedName } from '../source/qualified-name.ts';
import { enclosingFunction, importedModule } from '../source/source-index.ts';
import { repeatingReason } from './repetition.ts';
import type { ResourceSummary } from './resource-summary.ts';
import { resourceSummariesOf } from './resource-summary.ts';
import type { ScannedFile } from './scanned-file.ts';
import { loopAround } from './scanned-file.ts';

export interface FileFacts {
  /** Names this file takes from others and thereby offers under its own: `from .m import f` in `pkg` offers `pkg.f`. */
  readonly imports: readonly ImportedName[];
  readonly functions: readonly FunctionFacts[];
  readonly classes: readonly ClassFacts[];
  /** Who calls what. `caller` is a qualified name, `<module>` for import time. */
  readonly calls: readonly CallFact[];
  /** Dotted names outside this file that it shrinks, rebinds or hands on: `shop.users.user_cache`. */
  readonly shrunkNames: readonly string[];
  /** Attributes by bare name that this file shrinks or rebinds on objects other than `self`. */
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

/** The dotted name an expression has project-wide: imported names as imported, this module's own under its name. */
export function projectName(file: ScannedFile, expr: Node): string | undefined {
  if (expr.kind !== 'Name' && expr.kind !== 'Attribute') return undefined;
  const imported = dottedName(file.source, expr);
  if (imported !== undefined) return imported.startsWith('builtins.') ? undefined : imported;
  const attributes: string[] = [];
  let root: Node = expr;
  while (root.kind === 'Attribute') {
    attributes.push(root.attr);
    root = root.value;
  }
  if (root.kind !== 'Name') return undefined;
  const callee = enclosingFunction(file.source, expr);
  const first =
    callee?.class === undefined || callee.role === 'static method' ? undefined : firstParameter(callee.node);
  if (first !== undefined && root.id === first && callee?.class !== undefined) {
    return attributes.length === 1 ? `${file.source.module}.${callee.class.qualname}.${attributes[0]}` : undefined;
  }
  const binding = file.source.scopes.module.bindings.get(root.id);
  const isOwn = binding?.definitions.some(({ kind }) => kind === 'function' || kind === 'class' || kind === 'value');
  return isOwn === true ? [file.source.module, root.id, ...attributes.reverse()].join('.') : undefined;
}

function firstParameter(node: {
  readonly args: {
    readonly posonlyargs: readonly { readonly arg: string }[];
    readonly args: readonly { readonly arg: string }[];
  };
}): string | undefined {
  return (node.args.posonlyargs[0] ?? node.args.args[0])?.arg;
}

function callsOf(file: ScannedFile): readonly CallFact[] {
  const found: CallFact[] = [];
  const add = (node: Node, callee: Node, keptForGood: boolean) => {
    const name = projectName(file, callee) ?? (callee.kind === 'Attribute' ? `.${callee.attr}` : undefined);
    if (name === undefined) return;
    found.push({
      caller: enclosingFunction(file.source, node)?.qualname ?? '<module>',
      callee: name,
      inLoop: loopAround(node) !== undefined,
      keptForGood,
    });
  };
  for (const call of file.source.calls) {
    add(call, call.func, isKeptForGood(file, call));
    // A function handed on is run by whoever gets it: `Thread(target=work)`, `map(parse, lines)`.
    for (const argument of [...call.args, ...call.keywords.map((keyword) => keyword.value)]) {
      if (argument.kind === 'Name' || argument.kind === 'Attribute') add(call, argument, false);
    }
  }
  return found;
}

/** Whether what a call returns is bound to a module's variable or a class attribute. */
function isKeptForGood(file: ScannedFile, call: Node): boolean {
  const parent = call.parent;
  if (parent?.kind !== 'Assign' && parent?.kind !== 'AnnAssign') return false;
  const targets = parent.kind === 'Assign' ? parent.targets : [parent.target];
  return targets.some((target) => {
    if (target.kind === 'Attribute') {
      return file.source.classes.some((cls) => target.value.kind === 'Name' && target.value.id === cls.node.name);
    }
    if (target.kind !== 'Name') return false;
    const around = enclosingFunction(file.source, target);
    return around === undefined || around.scope.declared.get(target.id) === 'global';
  });
}

function shrinksOf(file: ScannedFile): Pick<FileFacts, 'shrunkNames' | 'shrunkAttributes'> {
  const names = new Set<string>();
  const attributes = new Set<string>();
  for (const nodes of file.source.attributes.values()) {
    for (const node of nodes) {
      if (!takesAway(node)) continue;
      const name = dottedName(file.source, node);
      if (name !== undefined && !name.startsWith('builtins.')) names.add(name);
      else if (node.value.kind !== 'Name' || (node.value.id !== 'self' && node.value.id !== 'cls')) {
        attributes.add(node.attr);
      }
    }
  }
  for (const { local, name, module } of importsOf(file)) {
    if (name === undefined || name === '*') continue;
    if ((file.source.names.get(local) ?? []).some(takesAway)) names.add(`${module}.${name}`);
  }
  return { shrunkNames: [...names], shrunkAttributes: [...attributes] };
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
