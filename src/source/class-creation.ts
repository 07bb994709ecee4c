// Where objects of a class, and classes themselves, are made: constructor calls, class statements, `type(…)` calls.

import type { Call, Expr, Node } from './python-ast.ts';
import type { ClassInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, filesMentioning } from './source-index.ts';
import { ancestorsOf, inferValues } from './type-inference.ts';

/** A place that runs a function, whether or not it spells a call. */
export interface CallSite {
  readonly source: ModuleSource;
  readonly node: Node;
  readonly operation:
    | 'call'
    | 'constructor call'
    | 'class creation'
    | 'operator'
    | 'decorator'
    | 'callback'
    | 'attribute access';
  /** False when only the method's name matched. */
  readonly certain: boolean;
  /** The object whose method is called, where there is one. */
  readonly receiver: Expr | undefined;
}

/** Subclasses looked at for one base class. */
const MAX_SUBCLASSES = 64;

/** The class and everything in the index that derives from it. */
export function subclassesOf(index: SourceIndex, base: ClassInfo): readonly ClassInfo[] {
  const found = [base];
  const names = new Set([base.node.name]);
  for (let i = 0; i < found.length && found.length < MAX_SUBCLASSES; i++) {
    const name = found[i]!.node.name;
    for (const source of filesMentioning(index, name)) {
      for (const cls of source.classes) {
        if (!found.includes(cls) && ancestorsOf(index, cls).includes(base)) {
          found.push(cls);
          names.add(cls.node.name);
        }
      }
    }
  }
  return found;
}

/** Calls of any of the classes for which `counts` holds. */
export function constructions(
  index: SourceIndex,
  classes: readonly ClassInfo[],
  counts: (made: ClassInfo) => boolean = () => true,
): readonly CallSite[] {
  const names = [...new Set(classes.map((cls) => cls.node.name))];
  const sites: CallSite[] = [];
  for (const source of filesMentioning(index, ...names)) {
    for (const call of source.calls) {
      if (!mayConstruct(source, call, names)) continue;
      const made = inferValues(index, source, call.func).some(
        (value) => value.kind === 'class' && classes.includes(value.class) && counts(value.class),
      );
      if (made) sites.push({ source, node: call, operation: 'constructor call', certain: true, receiver: undefined });
    }
  }
  return sites;
}

/** Cheap test before inference: the callee is spelled as one of the classes, an alias, `cls`, `type(self)`. */
function mayConstruct(source: ModuleSource, call: Call, names: readonly string[]): boolean {
  const { func } = call;
  const spelled =
    func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : func.kind === 'Call' ? 'cls' : '';
  return (
    names.includes(spelled) ||
    spelled === 'cls' ||
    spelled === '__class__' ||
    names.some((name) => source.importedAs.get(name)?.includes(spelled)) ||
    (func.kind === 'Name' &&
      bindingOf(source, func)?.definitions.some((definition) => definition.kind === 'value') === true)
  );
}

/** Class statements and `type(name, bases, …)` calls that make a class deriving from `base` (or of metaclass `base`). */
export function classCreations(index: SourceIndex, base: ClassInfo): readonly CallSite[] {
  const meta = isMetaclass(index, base);
  const roots = meta ? classesOfMetaclass(index, base) : [base];
  const family = [...new Set(roots.flatMap((root) => subclassesOf(index, root)))];
  const sites: CallSite[] = [];
  for (const cls of family) {
    if (cls === base) continue;
    sites.push({ source: cls.file, node: cls.node, operation: 'class creation', certain: true, receiver: undefined });
  }
  for (const source of filesMentioning(index, ...new Set(family.map((cls) => cls.node.name)))) {
    for (const call of source.calls) {
      const [, bases] = call.args;
      if (bases?.kind !== 'Tuple' && bases?.kind !== 'List') continue;
      const derives = bases.elts.some((element) =>
        inferValues(index, source, element).some((value) => value.kind === 'class' && family.includes(value.class)),
      );
      if (derives) sites.push({ source, node: call, operation: 'class creation', certain: true, receiver: undefined });
    }
  }
  return sites;
}

export function isMetaclass(index: SourceIndex, cls: ClassInfo): boolean {
  return ancestorsOf(index, cls).some((ancestor) =>
    ancestor.node.bases.some((base) =>
      inferValues(index, ancestor.file, base).some(
        (value) => value.kind === 'external' && (value.name === 'builtins.type' || value.name === 'abc.ABCMeta'),
      ),
    ),
  );
}

function classesOfMetaclass(index: SourceIndex, meta: ClassInfo): readonly ClassInfo[] {
  const family = subclassesOf(index, meta);
  return filesMentioning(index, ...family.map((cls) => cls.node.name)).flatMap((source) =>
    source.classes.filter((cls) => {
      const declared = cls.node.keywords.find((keyword) => keyword.arg === 'metaclass');
      const made = [
        ...(declared === undefined ? [] : [declared.value]),
        ...cls.node.bases.filter((base) => base.kind === 'Call'),
      ];
      return made.some((expr) => {
        const names = expr.kind === 'Call' ? expr.args : [expr];
        return names.some((name) =>
          inferValues(index, source, name).some((value) => value.kind === 'class' && family.includes(value.class)),
        );
      });
    }),
  );
}
