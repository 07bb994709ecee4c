// The code of one function or module body as the resource analysis needs it: its control flow, and at which points each
// of its names is mentioned. Made only for bodies that open something.

import { pushChildren } from '../../source/ast-walk.ts';
import type { Expr, Module, Name, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { oncePerFile, type ScannedFile } from '../scanned-file.ts';
import { isHarmless, neverReturns } from './borrowing-calls.ts';
import { type ControlFlow, controlFlowOf, evaluatedAt } from './control-flow.ts';

export interface NameAt {
  readonly point: number;
  readonly name: Name;
  /** Mentioned by a function or class defined at the point, which may use it whenever it runs. */
  readonly isCaptured: boolean;
}

export interface FunctionCode {
  readonly owner: CodeOwner;
  readonly flow: ControlFlow;
  /** Mentions of each name, in the order in which a point evaluates them. */
  readonly names: ReadonlyMap<string, readonly NameAt[]>;
  /** The points that evaluate a call: several where a `finally` block is laid out more than once. */
  readonly pointsOf: ReadonlyMap<Node, readonly number[]>;
}

/** What owns a body: a function (no lambda) or the module. */
export type CodeOwner = Module | (Node & { readonly kind: 'FunctionDef' | 'AsyncFunctionDef' });

const codes = oncePerFile((): Map<Node, FunctionCode | undefined> => new Map());

/** Undefined when the body is too large to follow. */
export function codeOf(file: ScannedFile, owner: CodeOwner): FunctionCode | undefined {
  const known = codes(file);
  if (!known.has(owner)) known.set(owner, analyse(file, owner));
  return known.get(owner);
}

const SWALLOWING: ReadonlySet<string> = new Set(['contextlib.suppress', 'pytest.raises']);

function analyse(file: ScannedFile, owner: CodeOwner): FunctionCode | undefined {
  const { source } = file;
  const flow = controlFlowOf(owner, owner.body, {
    mayRaise: (call) => !isHarmless(source, call),
    neverReturns: (call) => neverReturns(source, call),
    swallows: (manager) => swallows(file, manager),
  });
  if (flow === undefined) return undefined;
  const names = new Map<string, NameAt[]>();
  const pointsOf = new Map<Node, number[]>();
  for (let point = 0; point < flow.nodes.length; point++) {
    for (const root of evaluatedAt(flow, point)) collectNames(root, point, { names, pointsOf });
  }
  return { owner, flow, names, pointsOf };
}

function swallows(file: ScannedFile, manager: Expr): boolean {
  if (manager.kind !== 'Call') return false;
  const name = dottedName(file.source, manager.func);
  if (name !== undefined && SWALLOWING.has(name)) return true;
  return manager.func.kind === 'Attribute' && /^assert(?:Raises|Warns)/.test(manager.func.attr);
}

function collectNames(
  root: Node,
  point: number,
  found: { readonly names: Map<string, NameAt[]>; readonly pointsOf: Map<Node, number[]> },
): void {
  const pending: Node[] = [root];
  // Whatever lies in the text of an inner function belongs to it; the walk is in the order of the text.
  let innerEnd = 0;
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const isCaptured = node.start < innerEnd;
    if (node.kind === 'Name') append(found.names, node.id, { point, name: node, isCaptured });
    else if (node.kind === 'Call' && !isCaptured) append(found.pointsOf, node, point);
    else if (INNER_CODE.has(node.kind)) innerEnd = Math.max(innerEnd, node.end);
    pushChildren(node, pending);
  }
}

const INNER_CODE: ReadonlySet<string> = new Set(['FunctionDef', 'AsyncFunctionDef', 'ClassDef', 'Lambda']);

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
