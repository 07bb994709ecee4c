// The control-flow graph of one function or module body, with the edges exceptions take. A point is one simple statement
// or one step of a compound one; `finally` blocks and leaving `with` statements are laid out once for each way out.
// Syntax only: which calls raise or never return is the caller's to say.

import { pushChildren } from '../../source/ast-walk.ts';
import type {
  Call,
  ExceptHandler,
  Expr,
  For,
  If,
  Match,
  MatchCase,
  Node,
  Stmt,
  Try,
  While,
  With,
} from '../../source/python-ast.ts';

export type PointRole =
  /** Where the function returns, at its end or earlier. */
  | 'returned'
  /** Where an exception leaves the function. */
  | 'raised'
  /** A whole simple statement, or the header of a definition. */
  | 'statement'
  /** The condition of `if` and `while`, a `case`: `next` is [where it holds, where not]. */
  | 'test'
  /** What `for` iterates over, the subject of `match`. */
  | 'evaluate'
  /** One step of a loop: `next` is [body, after the last]. */
  | 'iterate'
  | 'enter'
  | 'exit'
  /** Where an exception looks for its handler: `next` is the handlers it may match, and where it goes when it matches none. */
  | 'dispatch'
  | 'handler';

/** How an exception may arise at a point: `call` is a call, `await` or `raise`; `access` an attribute, operator or subscript. */
export type Raising = 'none' | 'access' | 'call';

/** Points by index; the arrays are parallel. */
export interface ControlFlow {
  readonly entry: number;
  readonly roles: readonly PointRole[];
  readonly nodes: readonly Node[];
  readonly next: readonly (readonly number[])[];
  readonly raising: readonly Raising[];
  /** Where an exception goes from there; NOWHERE when none arises. */
  readonly raised: readonly number[];
  /** Where a generator goes that is closed at its `yield`; NOWHERE for points without one. */
  readonly abandoned: readonly number[];
}

export const NOWHERE = -1;
export const RETURNED = 0;
export const RAISED = 1;

export interface ControlFlowOptions {
  /** Whether a call is one whose failure is worth a thought. */
  readonly mayRaise: (call: Call) => boolean;
  readonly neverReturns: (call: Call) => boolean;
  /** Whether leaving the `with` statement may swallow an exception. */
  readonly swallows: (manager: Expr) => boolean;
}

/** Nested `finally` blocks multiply: beyond this many points there is no graph. */
const MAX_POINTS = 30_000;
/** CPython itself accepts 100 levels of indentation. */
const MAX_DEPTH = 100;

/** The graph of a body; undefined when it would be too large. */
export function controlFlowOf(
  owner: Node,
  body: readonly Stmt[],
  options: ControlFlowOptions,
): ControlFlow | undefined {
  const graph: Graph = {
    roles: [],
    nodes: [],
    next: [],
    raising: [],
    raised: [],
    abandoned: [],
    options,
    depth: 0,
    isTooLarge: false,
  };
  add(graph, 'returned', owner, []);
  add(graph, 'raised', owner, []);
  const returned = () => RETURNED;
  const raised = () => RAISED;
  const entry = block(graph, body, {
    next: RETURNED,
    raise: raised,
    abandon: raised,
    return: returned,
    break: returned,
    continue: returned,
  });
  return graph.isTooLarge ? undefined : { ...graph, entry };
}

/** What runs at a point, in order of evaluation. */
export function evaluatedAt(flow: ControlFlow, point: number): readonly Node[] {
  return evaluatedBy(flow.roles[point]!, flow.nodes[point]!);
}

function evaluatedBy(role: PointRole, node: Node): readonly Node[] {
  switch (role) {
    case 'statement':
      return [node];
    case 'test':
      return node.kind === 'match_case' ? defined([node.pattern, node.guard]) : [(node as While).test];
    case 'evaluate':
      return [node.kind === 'Match' ? node.subject : (node as For).iter];
    case 'iterate':
      return [(node as For).target];
    case 'enter':
      return node.kind === 'withitem' ? defined([node.context_expr, node.optional_vars]) : [];
    case 'handler':
      return defined([(node as ExceptHandler).type]);
    default:
      return [];
  }
}

/** Where each way on from a place leads. Places on the ways that few statements take are made when first needed. */
interface Ways {
  /** The statement that follows. */
  readonly next: number;
  readonly raise: Way;
  readonly abandon: Way;
  readonly return: Way;
  readonly break: Way;
  readonly continue: Way;
}
type Way = () => number;

/** A graph being built, backwards: every part is told where to go on, and answers where it begins. */
interface Graph {
  readonly roles: PointRole[];
  readonly nodes: Node[];
  readonly next: number[][];
  readonly raising: Raising[];
  readonly raised: number[];
  readonly abandoned: number[];
  readonly options: ControlFlowOptions;
  depth: number;
  isTooLarge: boolean;
}

function block(graph: Graph, body: readonly Stmt[], ways: Ways): number {
  if (graph.depth >= MAX_DEPTH || graph.nodes.length > MAX_POINTS) {
    graph.isTooLarge = true;
    return ways.next;
  }
  graph.depth++;
  let next = ways.next;
  for (let i = body.length - 1; i >= 0; i--) next = statement(graph, body[i]!, { ...ways, next });
  graph.depth--;
  return next;
}

function statement(graph: Graph, node: Stmt, ways: Ways): number {
  switch (node.kind) {
    case 'If':
      return ifStatement(graph, node, ways);
    case 'While':
      return whileLoop(graph, node, ways);
    case 'For':
    case 'AsyncFor':
      return forLoop(graph, node, ways);
    case 'With':
    case 'AsyncWith':
      return withStatement(graph, node, ways);
    case 'Try':
    case 'TryStar':
      return tryStatement(graph, node, ways);
    case 'Match':
      return matchStatement(graph, node, ways);
    case 'Return':
      return evaluate(graph, 'statement', node, { ...ways, next: ways.return() });
    case 'Break':
      return add(graph, 'statement', node, [ways.break()]);
    case 'Continue':
      return add(graph, 'statement', node, [ways.continue()]);
    case 'Raise':
      return evaluate(graph, 'statement', node, { ...ways, next: NOWHERE });
    default:
      return evaluate(graph, 'statement', node, ways);
  }
}

function ifStatement(graph: Graph, node: If, ways: Ways): number {
  // `elif` nests in the tree; a chain of hundreds must not nest here.
  const chain = [node];
  for (let last = node; ; ) {
    const [only] = last.orelse;
    if (only?.kind !== 'If' || last.orelse.length !== 1) break;
    chain.push(only);
    last = only;
  }
  let otherwise = block(graph, chain[chain.length - 1]!.orelse, ways);
  for (const branch of chain.reverse()) {
    const then = block(graph, branch.body, ways);
    otherwise = evaluate(graph, 'test', branch, { ...ways, next: then }, otherwise);
  }
  return otherwise;
}

function whileLoop(graph: Graph, node: While, ways: Ways): number {
  const test = evaluate(graph, 'test', node, { ...ways, next: NOWHERE });
  const around = (): number => test;
  const body = block(graph, node.body, { ...ways, next: test, break: () => ways.next, continue: around });
  graph.next[test]!.push(body);
  const isEndless = node.test.kind === 'Constant' && Boolean(node.test.value);
  if (!isEndless) graph.next[test]!.push(block(graph, node.orelse, ways));
  return test;
}

function forLoop(graph: Graph, node: For, ways: Ways): number {
  const step = evaluate(graph, 'iterate', node, { ...ways, next: NOWHERE });
  const around = (): number => step;
  const body = block(graph, node.body, { ...ways, next: step, break: () => ways.next, continue: around });
  graph.next[step]!.push(body, block(graph, node.orelse, ways));
  return evaluate(graph, 'evaluate', node, { ...ways, next: step });
}

function withStatement(graph: Graph, node: With, ways: Ways): number {
  const around: Ways[] = [];
  let inside = ways;
  for (const item of node.items) {
    const outside = inside;
    around.push(outside);
    const swallowed = graph.options.swallows(item.context_expr) ? [outside.next] : [];
    inside = {
      ...throughEach(outside, (way) => add(graph, 'exit', item, [way()])),
      raise: once(() => add(graph, 'exit', item, [outside.raise(), ...swallowed])),
      next: add(graph, 'exit', item, [outside.next]),
    };
  }
  let next = block(graph, node.body, inside);
  for (let i = node.items.length - 1; i >= 0; i--) {
    next = evaluate(graph, 'enter', node.items[i]!, { ...around[i]!, next });
  }
  return next;
}

function tryStatement(graph: Graph, node: Try, ways: Ways): number {
  const { finalbody } = node;
  const leaving =
    finalbody.length === 0
      ? ways
      : {
          ...throughEach(ways, (way) => block(graph, finalbody, { ...ways, next: way() })),
          next: block(graph, finalbody, ways),
        };
  const handlers = once(() =>
    node.handlers.map((handler) => add(graph, 'handler', handler, [block(graph, handler.body, leaving)])),
  );
  const caught = once(() => add(graph, 'dispatch', node, handlers()));
  const perhapsCaught = once(() => add(graph, 'dispatch', node, [...handlers(), leaving.raise()]));
  const inside =
    node.handlers.length === 0
      ? leaving
      : {
          ...leaving,
          raise: node.handlers.some(catchesExceptions) ? caught : perhapsCaught,
          abandon: node.handlers.some(catchesAll) ? caught : leaving.abandon,
        };
  return block(graph, node.body, { ...inside, next: block(graph, node.orelse, leaving) });
}

function matchStatement(graph: Graph, node: Match, ways: Ways): number {
  let otherwise = ways.next;
  for (const branch of [...node.cases].reverse()) {
    const then = { ...ways, next: block(graph, branch.body, ways) };
    otherwise = isCatchAll(branch)
      ? evaluate(graph, 'test', branch, then)
      : evaluate(graph, 'test', branch, then, otherwise);
  }
  return evaluate(graph, 'evaluate', node, { ...ways, next: otherwise });
}

/** `case _` and `case name` without a guard. */
function isCatchAll({ pattern, guard }: MatchCase): boolean {
  return guard === undefined && pattern.kind === 'MatchAs' && !('pattern' in pattern && pattern.pattern !== undefined);
}

function add(graph: Graph, role: PointRole, node: Node, next: number[]): number {
  graph.roles.push(role);
  graph.nodes.push(node);
  graph.next.push(next);
  graph.raising.push('none');
  graph.raised.push(NOWHERE);
  graph.abandoned.push(NOWHERE);
  return graph.nodes.length - 1;
}

/** Adds a point that runs code, with the edges of what the code may do. */
function evaluate(graph: Graph, role: PointRole, node: Node, ways: Ways, otherwise = NOWHERE): number {
  const point = add(graph, role, node, []);
  const does = whatRuns(evaluatedBy(role, node), graph.options);
  if (role === 'iterate' && does.raising === 'none') does.raising = node.kind === 'AsyncFor' ? 'call' : 'access';
  if (role === 'enter' && node.parent?.kind === 'AsyncWith') does.raising = 'call';
  if (!does.neverReturns) graph.next[point]!.push(...[ways.next, otherwise].filter((place) => place !== NOWHERE));
  graph.raising[point] = does.raising;
  if (does.raising !== 'none') graph.raised[point] = ways.raise();
  if (does.yields) graph.abandoned[point] = ways.abandon();
  return point;
}

interface Running {
  raising: Raising;
  yields: boolean;
  neverReturns: boolean;
}

/** What evaluating the nodes may do. Bodies of functions and lambdas only run later. */
function whatRuns(roots: readonly Node[], options: ControlFlowOptions): Running {
  const does: Running = { raising: 'none', yields: false, neverReturns: false };
  const pending: Node[] = [...roots];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    switch (node.kind) {
      case 'FunctionDef':
      case 'AsyncFunctionDef':
        pending.push(...node.decorator_list, ...node.args.defaults);
        continue;
      case 'Lambda':
        continue;
      case 'Call':
        if (options.neverReturns(node)) does.neverReturns = true;
        else if (options.mayRaise(node)) does.raising = 'call';
        break;
      case 'Raise':
      case 'Await':
      case 'Import':
      case 'ImportFrom':
        does.raising = 'call';
        break;
      case 'Yield':
      case 'YieldFrom':
        does.yields = true;
        break;
      case 'Attribute':
      case 'Subscript':
      case 'BinOp':
      case 'Compare':
      case 'Assert':
        if (does.raising === 'none') does.raising = 'access';
        break;
      default:
    }
    pushChildren(node, pending);
  }
  return does;
}

/** Every way but the next statement's, passing another place first. */
function throughEach(ways: Ways, through: (way: Way) => number): Ways {
  const passing = (way: Way) => once(() => through(way));
  return {
    next: ways.next,
    raise: passing(ways.raise),
    abandon: passing(ways.abandon),
    return: passing(ways.return),
    break: passing(ways.break),
    continue: passing(ways.continue),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Whether nothing a program usually raises passes the handler. */
function catchesExceptions(handler: ExceptHandler): boolean {
  return catchesAll(handler) || namesOf(handler).includes('Exception');
}

function catchesAll(handler: ExceptHandler): boolean {
  const names = namesOf(handler);
  return handler.type === undefined || names.includes('BaseException') || names.includes('GeneratorExit');
}

function namesOf({ type }: ExceptHandler): readonly string[] {
  const types = type?.kind === 'Tuple' ? type.elts : defined([type]);
  return types.map((each) => (each.kind === 'Name' ? each.id : each.kind === 'Attribute' ? each.attr : ''));
}

function defined<T>(values: readonly (T | undefined)[]): readonly T[] {
  return values.filter((value) => value !== undefined);
}
