// What a function does with resources, as its callers in other files need to know it: whether it hands one out, and which
// parameters it leaves alone.

import type { Node } from '../../source/python-ast.ts';
import type { FunctionInfo } from '../../source/source-index.ts';
import { enclosingFunction } from '../../source/source-index.ts';
import { projectName } from '../project/project-names.ts';
import type { ScannedFile } from '../scanned-file.ts';
import { oncePerFile } from '../scanned-file.ts';
import { isCalledDirectly, returnedResources } from './resource-leaks.ts';
import { parameterFate } from './resource-uses.ts';

export interface ResourceSummary {
  /** What the resource it returns open is called ("a file"), where its own file shows it. */
  readonly returns: string | undefined;
  /** Dotted names of functions whose result it returns. */
  readonly returnsResultOf: readonly string[];
  /**
   * Parameters by position (`self` not counted) that it only uses: neither kept, nor returned, nor released. Functions and
   * constructors of module-level classes only.
   */
  readonly borrows: readonly number[];
}

/** Summaries by qualified name; functions that have nothing to do with resources have none. */
export const resourceSummariesOf = oncePerFile((file): ReadonlyMap<string, ResourceSummary> => {
  const summaries = new Map<string, ResourceSummary>();
  const returned = returnedResources(file);
  const forwarded = forwardedCalls(file);
  for (const callee of file.source.functions) {
    if (callee.node.kind === 'Lambda') continue;
    const returns = returned.get(callee.node)?.noun;
    const returnsResultOf = forwarded.get(callee.node) ?? [];
    const borrows = isReachedByName(callee) ? borrowedParameters(file, callee) : [];
    if (returns === undefined && returnsResultOf.length === 0 && borrows.length === 0) continue;
    summaries.set(callee.qualname, { returns, returnsResultOf, borrows });
  }
  return summaries;
});

/** Whether other files can call it by the name of a module's variable: a function, or a class for its `__init__`. */
function isReachedByName({ node, class: cls, scope }: FunctionInfo): boolean {
  if (cls === undefined) return scope.parent?.kind === 'module';
  return node.kind !== 'Lambda' && node.name === '__init__' && cls.scope.parent?.kind === 'module';
}

function borrowedParameters(file: ScannedFile, callee: FunctionInfo): readonly number[] {
  const { args } = callee.node;
  const parameters = [...args.posonlyargs, ...args.args].slice(callee.class === undefined ? 0 : 1);
  return parameters.flatMap(({ arg }, i) => (parameterFate(file, callee, arg) === 'borrows' ? [i] : []));
}

/** Names of what each function returns the result of: `return connect(host)`. */
function forwardedCalls(file: ScannedFile): ReadonlyMap<Node, readonly string[]> {
  const found = new Map<Node, string[]>();
  for (const call of file.source.calls) {
    if (call.parent?.kind !== 'Return') continue;
    const name = projectName(file, call.func);
    const callee = name === undefined ? undefined : enclosingFunction(file.source, call);
    if (callee === undefined || !isCalledDirectly(callee)) continue;
    found.set(callee.node, [...(found.get(callee.node) ?? []), name!]);
  }
  return found;
}
