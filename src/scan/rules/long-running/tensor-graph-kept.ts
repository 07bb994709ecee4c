// L14: losses of a training loop added up or collected together with the graphs they were computed by.

import type { Call, Expr, Name, Node } from '../../../source/python-ast.ts';
import type { Binding } from '../../../source/scopes.ts';
import { bindingOf } from '../../../source/source-index.ts';
import type { Rule } from '../../rule.ts';
import { loopAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const tensorGraphKept: Rule = {
  name: 'tensor-graph-kept',
  code: 'L14',
  cause: 'long-running process',
  sameAs: [],
  words: ['.backward('],
  doc: {
    what: 'A tensor on which `backward()` was called, added to a sum or list that outlives the step.',
    why: 'Such a tensor refers to the graph of the operations it came from. A sum of losses is a tensor too, whose graph holds those of all steps; a list holds each of them. Memory grows with every step until the sum or list goes.',
    evidence:
      'In the same loop, `loss.backward()` is called and `loss` itself, not `loss.item()` or `loss.detach()`, is added up (high) or appended to a list (medium). Sums and lists on which `backward()` is called themselves are left out.',
    fix: 'Keep `loss.detach()`, or `loss.item()` for the number alone. The fix detaches it, which leaves the rest of the code as it is; it is unsafe, because a later `backward()` through the sum would no longer reach the loss.',
    ignore: 'The graph is wanted, for a second `backward()` through the sum.',
    example: {
      leaks: `
def train(model, batches, optimizer):
    total = 0
    for batch in batches:
        loss = model(batch)
        loss.backward()
        optimizer.step()
        total += loss
    return total
`,
      fine: `
def train(model, batches, optimizer):
    total = 0
    for batch in batches:
        loss = model(batch)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total
`,
    },
  },
  check(file, report) {
    const backward = backwardCalls(file);
    const told = new Set<Node>();
    for (const { call, loss } of backward) {
      const binding = bindingOf(file.source, loss);
      const loop = loopAround(call);
      if (binding === undefined || loop === undefined) continue;
      for (const name of file.source.names.get(loss.id) ?? []) {
        const kept = name.start >= loop.start && name.end <= loop.end ? keptIn(name) : undefined;
        if (kept === undefined || told.has(name) || bindingOf(file.source, name) !== binding) continue;
        if (isReplaced(binding, call, name) || isDifferentiated(file, backward, kept.holder)) continue;
        told.add(name);
        report({
          node: kept.node,
          confidence: kept.isSum ? 'high' : 'medium',
          message: `\`${textOf(file, kept.holder)}\` keeps the graph of every \`${loss.id}\`: memory grows with each step`,
          remedy: `keep \`${loss.id}.detach()\` or \`${loss.id}.item()\``,
          evidence: [{ node: call, text: 'the tensor has a graph' }],
          fix: () => ({
            title: 'Detach the tensor from its graph',
            safety: 'unsafe',
            edits: [{ start: name.end, end: name.end, text: '.detach()' }],
          }),
        });
      }
    }
  },
};

interface BackwardCall {
  readonly call: Call;
  readonly loss: Name;
}

/** `loss.backward()`, `scaler.scale(loss).backward()`, `accelerator.backward(loss)`. */
function backwardCalls(file: ScannedFile): readonly BackwardCall[] {
  return (file.source.attributes.get('backward') ?? []).flatMap((attribute) => {
    const call = attribute.parent;
    if (call?.kind !== 'Call' || call.func !== attribute) return [];
    const { value } = attribute;
    const candidates = [value, ...(value.kind === 'Call' ? value.args : []), ...call.args];
    const loss = value.kind === 'Name' && call.args[0]?.kind === 'Name' ? call.args[0] : candidates.find(isName);
    return loss?.kind === 'Name' ? [{ call, loss }] : [];
  });
}

function isName(expr: Expr): boolean {
  return expr.kind === 'Name';
}

interface Kept {
  readonly node: Node;
  readonly holder: Expr;
  readonly isSum: boolean;
}

/** Where the tensor itself goes into a sum or a list: `total += loss`, `total += loss * n`, `losses.append(loss)`. */
function keptIn(name: Name): Kept | undefined {
  let value: Node = name;
  while (value.parent?.kind === 'BinOp' && value.parent.op !== 'Pow') value = value.parent;
  const { parent } = value;
  if (parent?.kind === 'AugAssign' && parent.op === 'Add' && parent.value === value) {
    return { node: parent, holder: parent.target, isSum: true };
  }
  if (parent?.kind === 'Assign' && value.kind === 'BinOp' && value.op === 'Add' && parent.targets.length === 1) {
    // `total = total + loss`
    const [target] = parent.targets;
    const adds = [value.left, value.right].some(
      (side) => side.kind === 'Name' && target?.kind === 'Name' && side.id === target.id,
    );
    return adds && target?.kind === 'Name' && target.id !== name.id
      ? { node: parent, holder: target, isSum: true }
      : undefined;
  }
  const call = parent?.kind === 'Tuple' ? parent.parent : parent;
  if (call?.kind === 'Call' && call.func.kind === 'Attribute' && call.func.attr === 'append') {
    return { node: call, holder: call.func.value, isSum: false };
  }
  return undefined;
}

/** `loss = loss.item()` between `backward()` and the use. */
function isReplaced(binding: Binding, call: Call, name: Name): boolean {
  return binding.definitions.some(({ node }) => node.start > call.start && node.start < name.start);
}

/** Whether `backward()` is called on the sum or list, or on what is made of it. */
function isDifferentiated(file: ScannedFile, backward: readonly BackwardCall[], holder: Expr): boolean {
  const named = new RegExp(`(?<![\\w.])${escaped(textOf(file, holder))}(?!\\w)`);
  return backward.some(({ call, loss }) => {
    if (named.test(textOf(file, call))) return true;
    return (bindingOf(file.source, loss)?.definitions ?? []).some(
      (definition) => definition.kind === 'value' && named.test(textOf(file, definition.value)),
    );
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
