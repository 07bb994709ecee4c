// Stacks as a speedscope file: one profile of bytes and one of objects over the same frames.

import type { StackTree } from './stack-tree.ts';

const SCHEMA_ADDRESS = 'https://www.speedscope.app/file-format-schema.json';

export interface SpeedscopeOptions {
  readonly title: string;
  readonly exporter: string;
}

/** The file in pieces. */
export function* speedscopeText(tree: StackTree, { title, exporter }: SpeedscopeOptions): Generator<string> {
  const used = usedNames(tree);
  const frames = Array.from(used.keys(), (name) => ({ name: tree.names[name] }));
  const head = { $schema: SCHEMA_ADDRESS, name: title, exporter, activeProfileIndex: 0, shared: { frames } };
  yield `${JSON.stringify(head).slice(0, -1)},"profiles":[`;
  yield* profileText(tree, used, { name: 'retained bytes', unit: 'bytes', weights: tree.bytes });
  yield ',';
  yield* profileText(tree, used, { name: 'retained objects', unit: 'none', weights: tree.objects });
  yield ']}\n';
}

interface Profile {
  readonly name: string;
  readonly unit: 'bytes' | 'none';
  readonly weights: readonly number[];
}

function* profileText(
  tree: StackTree,
  used: ReadonlyMap<number, number>,
  { name, unit, weights }: Profile,
): Generator<string> {
  const entries = weights.flatMap((weight, entry) => (weight > 0 && entry > 0 ? [entry] : []));
  const endValue = entries.reduce((sum, entry) => sum + weights[entry]!, 0);
  const head = { type: 'sampled', name, unit, startValue: 0, endValue };
  yield `${JSON.stringify(head).slice(0, -1)},"samples":[`;
  for (const [index, entry] of entries.entries()) {
    const stack: number[] = [];
    for (let at = entry; at !== 0; at = tree.parentOf[at]!) stack.push(used.get(tree.nameOf[at]!)!);
    yield `${index === 0 ? '' : ','}[${stack.reverse().join(',')}]`;
  }
  yield `],"weights":[${entries.map((entry) => weights[entry]).join(',')}]}`;
}

/** Names that stand in a stack, numbered anew in the order they are met. */
function usedNames(tree: StackTree): Map<number, number> {
  const used = new Map<number, number>();
  for (let entry = 1; entry < tree.nameOf.length; entry++) {
    const name = tree.nameOf[entry]!;
    if (!used.has(name)) used.set(name, used.size);
  }
  return used;
}
