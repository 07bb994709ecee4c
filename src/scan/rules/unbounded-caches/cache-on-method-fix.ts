// How to take a cache off a method without keeping its instances: the mildest rewrite that is right for this one. None of
// them may make a cache that the object holds and that holds the object (C04), and calls must stay as they are written.

import { walk } from '../../../source/ast-walk.ts';
import type { Expr, FunctionDef } from '../../../source/python-ast.ts';
import { bindingOf, type ClassInfo, type FunctionInfo } from '../../../source/source-index.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart } from '../../edits/edits.ts';
import { dropImportOf, useInsteadOf } from '../../edits/import-edits.ts';
import type { Edit, Fix } from '../../finding.ts';
import { hasSlots } from '../../lifetimes/instance-count.ts';
import { isNamed, type ScannedFile } from '../../scanned-file.ts';
import { isLookedAfter, type MemoizingCache } from './cache-decorators.ts';
import { cacheSizeEdits } from './cache-size-fix.ts';
import { hasUnboundedKeys } from './key-domain.ts';

type Method = FunctionInfo & { readonly class: ClassInfo };

export function cacheOnMethodFix(file: ScannedFile, method: Method, cache: MemoizingCache): Fix | undefined {
  const node = method.node as FunctionDef;
  if (isLookedAfter(file, node.name) || !standsAlone(file, cache.node)) return undefined;
  const { decorator_list: decorators } = node;
  if (decorators.length === 2 && decorators[1] === cache.node && isNamed(file, decorators[0]!, 'builtins.property')) {
    return asCachedProperty(file, method, node, cache) ?? withoutCache(file, cache.node);
  }
  if (decorators.length > 1 || isSpecial(node.name)) return withoutCache(file, cache.node);
  return (
    asStaticMethod(file, method, node, cache) ??
    withCachedProperty(file, method, node, cache) ??
    withoutCache(file, cache.node)
  );
}

/** Whether the decorator has its lines to itself. */
function standsAlone(file: ScannedFile, decorator: Expr): boolean {
  const { text } = file.source;
  const before = text.slice(lineStart(text, decorator.start), decorator.start);
  const after = text.slice(decorator.end, nextLineStart(text, decorator.end));
  return /^[ \t]*@[ \t]*$/.test(before) && /^[ \t]*(?:#.*)?[\r\n]*$/.test(after);
}

function isSpecial(name: string): boolean {
  return /^__\w+__$/.test(name);
}

/** `@property` over the cache: what `cached_property` is for. */
function asCachedProperty(
  file: ScannedFile,
  method: Method,
  node: FunctionDef,
  cache: MemoizingCache,
): Fix | undefined {
  const [property] = node.decorator_list;
  const between = file.source.text.slice(property!.start, cache.node.end);
  const isAccessor = ['setter', 'deleter', 'getter'].some((attribute) =>
    (file.source.attributes.get(attribute) ?? []).some(({ value }) => value.kind === 'Name' && value.id === node.name),
  );
  if (isAccessor || between.includes('#') || hasSlots(file, method.class)) return undefined;
  const use = useInsteadOf(file, cache.node, 'functools', 'cached_property');
  if (use === undefined) return undefined;
  return {
    title: 'Keep the value on the object with cached_property',
    safety: 'unsafe',
    edits: [{ start: property!.start, end: cache.node.end, text: use.expression }, ...use.edits],
  };
}

/** A method that never looks at its object needs it in no key. */
function asStaticMethod(file: ScannedFile, method: Method, node: FunctionDef, cache: MemoizingCache): Fix | undefined {
  const { args } = node;
  const first = args.posonlyargs[0] ?? args.args[0]!;
  const next = args.posonlyargs[1] ?? (args.posonlyargs.length === 0 ? args.args[1] : undefined);
  if (args.posonlyargs.length === 1 || usesObject(method, first.arg) || isCalledOnClass(file, method)) {
    return undefined;
  }
  const { text } = file.source;
  const hasOthers = next !== undefined || args.vararg !== undefined || args.kwonlyargs.length > 0 || args.kwarg;
  // Between `self` and what follows it stand a comma and white space; a bare `*` is no parameter of its own.
  const gap = /^\s*,\s*/.exec(text.slice(first.end))?.[0] ?? '';
  if (hasOthers && gap === '') return undefined;
  const line = lineStart(text, cache.node.start);
  const edits: Edit[] = [
    { start: line, end: line, text: `${indentationAt(text, line)}@staticmethod${lineEndOf(text)}` },
    { start: first.start, end: first.end + gap.length, text: '' },
  ];
  if (!hasOthers || cache.size !== 'unbounded' || !hasUnboundedKeys(file, method)) {
    return { title: 'Make it a static method: it does not use the object', safety: 'unsafe', edits };
  }
  const size = cacheSizeEdits(file, cache);
  if (size === undefined) return undefined;
  return { title: 'Make it a static method with a bounded cache', safety: 'unsafe', edits: [...edits, ...size] };
}

function usesObject(method: Method, self: string): boolean {
  const node = method.node as FunctionDef;
  let found = false;
  for (const statement of node.body) {
    walk(statement, (inner) => {
      if (inner.kind === 'Name') found ||= inner.id === self || inner.id === 'super' || inner.id === '__class__';
    });
  }
  return found;
}

/** `Report.total(report)` would pass the object to a static method. */
function isCalledOnClass(file: ScannedFile, method: Method): boolean {
  return (file.source.attributes.get((method.node as FunctionDef).name) ?? []).some(({ value }) => {
    if (value.kind !== 'Name') return false;
    return (bindingOf(file.source, value)?.definitions ?? []).some(({ kind }) => kind === 'class');
  });
}

/** A method of `self` alone: its value becomes a cached property, which the method hands out. */
function withCachedProperty(
  file: ScannedFile,
  method: Method,
  node: FunctionDef,
  cache: MemoizingCache,
): Fix | undefined {
  const { args } = node;
  const isAlone =
    args.posonlyargs.length + args.args.length === 1 &&
    args.vararg === undefined &&
    args.kwarg === undefined &&
    args.kwonlyargs.length === 0;
  const name = `_${node.name.replace(/^_+/, '')}_cached`;
  const isTaken = file.source.attributes.has(name) || file.source.names.has(name);
  if (!isAlone || isTaken || node.kind !== 'FunctionDef' || hasSlots(file, method.class)) return undefined;
  if (method.class.scope.bindings.get(node.name)?.definitions.length !== 1) return undefined;
  const use = useInsteadOf(file, cache.node, 'functools', 'cached_property');
  if (use === undefined) return undefined;
  const { text } = file.source;
  const nameStart = node.start + /^def\s+/.exec(text.slice(node.start))![0].length;
  const last = node.body.at(-1)!;
  const header = text.slice(nameStart, headerEnd(text, node));
  const self = args.args[0]?.arg ?? args.posonlyargs[0]!.arg;
  if (lineStart(text, last.start) <= node.start) return undefined;
  const end = lineEndOf(text);
  const outer = indentationAt(text, node.start);
  const inner = indentationAt(text, node.body[0]!.start);
  const at = nextLineStart(text, last.end);
  const missing = at === text.length && !/[\r\n]$/.test(text) ? end : '';
  return {
    title: 'Keep the result on the object, in a cached property behind the method',
    safety: 'unsafe',
    edits: [
      { start: cache.node.start, end: cache.node.end, text: use.expression },
      { start: nameStart, end: nameStart + node.name.length, text: name },
      {
        start: at,
        end: at,
        text: `${missing}${end}${outer}def ${header}${end}${inner}return ${self}.${name}${end}`,
      },
      ...use.edits,
    ],
  };
}

/** Offset just past the colon that ends the header of a function. */
function headerEnd(text: string, node: FunctionDef): number {
  const from = node.returns?.end ?? node.args.args.at(-1)?.end ?? node.args.posonlyargs.at(-1)!.end;
  return text.indexOf(':', from) + 1;
}

function withoutCache(file: ScannedFile, decorator: Expr): Fix {
  const { text } = file.source;
  return {
    title: 'Remove the cache: its keys keep every instance',
    safety: 'unsafe',
    edits: [
      { start: lineStart(text, decorator.start), end: nextLineStart(text, decorator.end), text: '' },
      ...dropImportOf(file, decorator),
    ],
  };
}
