// Turns a named retaining path into what the source analysis can look for: the variable, attribute or cache that holds.

import type { HeapGraph } from '../graph/heap-graph.ts';
import type { PathStep } from '../graph/path-names.ts';
import type { HolderReference } from '../source/growth-site-query.ts';
import type { ProgramFacts } from './program-facts.ts';

export interface NamedHolder {
  readonly reference: HolderReference | undefined;
  /** Dotted short form: `shop.users.user_cache`, `Bus.listeners`, `Document.score (cache)`. */
  readonly name: string;
}

/** The last step of the path that source code can name, walking back from the holder. */
export function referenceOf(graph: HeapGraph, facts: ProgramFacts, steps: readonly PathStep[]): NamedHolder {
  for (let i = steps.length - 1; i >= 0; i--) {
    const found = referenceAt(graph, facts, steps, i);
    if (found !== undefined) return found;
  }
  return { reference: undefined, name: steps.at(-1)?.text.trim() ?? '' };
}

function referenceAt(
  graph: HeapGraph,
  facts: ProgramFacts,
  steps: readonly PathStep[],
  i: number,
): NamedHolder | undefined {
  const step = steps[i]!;
  const before = steps[i - 1];
  const module = moduleBefore(steps, i);
  switch (step.kind) {
    case 'root':
      if (step.text !== 'sys.modules') return undefined;
      return { reference: { form: 'global', module: 'sys', name: 'modules' }, name: step.text };
    case 'global':
      if (module === undefined) return undefined;
      return { reference: { form: 'global', module, name: step.name }, name: dotted(module, step.name) };
    case 'attribute':
      return before === undefined ? undefined : attributeOf(graph, facts, steps, i, module);
    case 'field': {
      if (step.name !== 'cache' || before === undefined) return undefined;
      const wrapped = facts.wrappedBy(before.node);
      if (wrapped === undefined) return undefined;
      const owner = wrapped.module ?? module ?? '__main__';
      return {
        reference: { form: 'function cache', module: owner, qualname: wrapped.qualname },
        name: dotted(owner, wrapped.qualname),
      };
    }
    case 'closure':
    case 'default':
    case 'local': {
      const owner = ownerFunction(facts, steps, i, module);
      if (owner === undefined) return undefined;
      const form = step.kind === 'closure' ? 'closure' : step.kind === 'default' ? 'default argument' : 'local';
      return {
        reference: { form, ...owner, name: step.name },
        name: `${dotted(owner.module, owner.qualname)} (${form} ${step.name})`,
      };
    }
    default:
      return undefined;
  }
}

function attributeOf(
  graph: HeapGraph,
  facts: ProgramFacts,
  steps: readonly PathStep[],
  i: number,
  module: string | undefined,
): NamedHolder | undefined {
  const step = steps[i]!;
  const owner = steps[i - 1]!;
  const cls = facts.classAt(owner.node);
  if (cls !== undefined) {
    const reference: HolderReference = {
      form: 'class attribute',
      module: cls.module,
      className: cls.name,
      name: step.name,
    };
    // A cache on a method is reached through the class, but it is the function that a fix would touch.
    return { reference, name: dotted(cls.module, `${cls.name}.${step.name}`) };
  }
  const type = graph.types[graph.typeOf[owner.node]!]!;
  if (type.module === '' && type.name === '<frame>') return undefined;
  const global = owner.kind === 'global' && module !== undefined ? { module, name: owner.name } : undefined;
  return {
    reference: {
      form: 'instance attribute',
      module: type.module,
      className: type.name,
      name: step.name,
      ...(global === undefined ? {} : { owner: global }),
    },
    name:
      global === undefined
        ? dotted(type.module, `${type.name}.${step.name}`)
        : dotted(global.module, `${global.name}.${step.name}`),
  };
}

function moduleBefore(steps: readonly PathStep[], i: number): string | undefined {
  for (let k = i - 1; k >= 0; k--) if (steps[k]!.kind === 'module') return steps[k]!.name;
  return undefined;
}

function ownerFunction(
  facts: ProgramFacts,
  steps: readonly PathStep[],
  i: number,
  module: string | undefined,
): { module: string; qualname: string } | undefined {
  for (let k = i - 1; k >= 0; k--) {
    const step = steps[k]!;
    if (step.kind !== 'function' && step.kind !== 'frame') continue;
    // A frame is labelled `handle (app.py:31)`.
    const qualname = step.name.replace(/ \([^()]*\)$/, '');
    return { module: facts.moduleOf(step.node) ?? module ?? '__main__', qualname };
  }
  return undefined;
}

function dotted(module: string, name: string): string {
  return module === '' || module === '__main__' || module === 'builtins' ? name : `${module}.${name}`;
}
