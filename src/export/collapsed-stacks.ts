// Stacks with their bytes, one a line, as Brendan Gregg's flamegraph.pl and its kin read them: `a;b;c 1024`.

import { type StackTree, stackOf } from './stack-tree.ts';

/** Lines in the tree's order; entries without memory of their own have none. */
export function* collapsedLines(tree: StackTree): Generator<string> {
  for (let entry = 1; entry < tree.nameOf.length; entry++) {
    if (tree.bytes[entry] === 0) continue;
    yield `${stackOf(tree, entry).map(frameText).join(';')} ${tree.bytes[entry]}\n`;
  }
}

/** What separates frames and lines cannot stand in them. */
function frameText(name: string): string {
  return name.replaceAll(';', ',').replace(/\s/g, ' ').trim();
}
