// Names across the files of a project: which module a dotted name belongs to, and what it is called where it is defined.
// Answers are remembered, as calls name the same few things again and again.

import type { FileResult } from '../check-file.ts';
import type { FunctionFacts, ImportedName } from './file-facts.ts';

export interface NameResolution {
  /** The name under the module that defines it: `pkg.f` becomes `pkg.impl.f` where `pkg` imports it from there. */
  resolve(name: string): string;
  /** The longest module of the project that the name begins with, and what follows it. */
  split(name: string): readonly [module: string, rest: string] | undefined;
  /** What is known of the function of that name. */
  functionFacts(name: string): FunctionFacts | undefined;
}

/** Re-exports and aliases followed for one name. */
const MAX_STEPS = 8;

export function resolveNames(results: readonly FileResult[]): NameResolution {
  const imports = new Map(results.map(({ module, facts }) => [module, byLocalName(facts.imports)]));
  const functions = new Map<string, FunctionFacts>();
  for (const { module, facts } of results) {
    for (const each of facts.functions) functions.set(`${module}.${each.qualname}`, each);
  }
  const resolved = new Map<string, string>();

  const split = (name: string): readonly [module: string, rest: string] | undefined => {
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const module = name.slice(0, dot);
      if (imports.has(module)) return [module, name.slice(dot + 1)];
    }
    return undefined;
  };
  /** One step closer to the definition; undefined there. */
  const next = (name: string): string | undefined => {
    const parts = split(name);
    if (parts === undefined) return undefined;
    const [module, rest] = parts;
    const dot = rest.indexOf('.');
    const imported = imports.get(module)!.get(dot < 0 ? rest : rest.slice(0, dot));
    if (imported === undefined) return undefined;
    const target = imported.name === undefined ? imported.module : `${imported.module}.${imported.name}`;
    return dot < 0 ? target : target + rest.slice(dot);
  };
  const resolve = (name: string): string => {
    const known = resolved.get(name);
    if (known !== undefined) return known;
    let current = name;
    for (let step = 0; step < MAX_STEPS; step++) {
      const closer = next(current);
      if (closer === undefined || closer === current) break;
      current = closer;
    }
    resolved.set(name, current);
    return current;
  };
  return { resolve, split, functionFacts: (name) => functions.get(resolve(name)) };
}

/** The first of each name, as it is the one others see. */
function byLocalName(imports: readonly ImportedName[]): ReadonlyMap<string, ImportedName> {
  const byName = new Map<string, ImportedName>();
  for (const each of imports) if (!byName.has(each.local)) byName.set(each.local, each);
  return byName;
}
