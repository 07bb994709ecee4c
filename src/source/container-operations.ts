// What the code around an expression does to the container it denotes: adds, removes, rebinds, hands it on.
// Pure syntax over one expression and its parents; whose container it is, is holder-uses.ts's business.

import type { Arg, Call, Compare, Expr, Node } from './python-ast.ts';

export type Use =
  /** Adds an element; `entry` when to a container inside the holder, `unsure` when the operation may as well replace. */
  | {
      readonly effect: 'grow';
      readonly operation: string;
      readonly node: Node;
      readonly entry: boolean;
      readonly unsure: boolean;
    }
  | { readonly effect: 'shrink'; readonly operation: string; readonly node: Node }
  /** Reads by subscript, which adds to a defaultdict. */
  | { readonly effect: 'read'; readonly node: Node }
  /** Is assigned to (`X = …`); what that means depends on the value. */
  | { readonly effect: 'rebind'; readonly target: Expr; readonly value: Expr | undefined }
  /** Gets another name. */
  | { readonly effect: 'alias'; readonly target: Expr; readonly entry: boolean }
  /** Is the default of a parameter. */
  | { readonly effect: 'default'; readonly parameter: Arg; readonly entry: boolean }
  | { readonly effect: 'argument'; readonly call: Call; readonly position: number | string; readonly entry: boolean }
  | { readonly effect: 'returned'; readonly node: Node; readonly entry: boolean }
  /** Has a method called that no container has. */
  | { readonly effect: 'method'; readonly name: string; readonly call: Call }
  /** Has its length compared. */
  | { readonly effect: 'measured'; readonly compare: Compare };

export const ADDING_METHODS: ReadonlySet<string> = new Set([
  '__ior__',
  '__setitem__',
  'add',
  'append',
  'appendleft',
  'extend',
  'extendleft',
  'insert',
  'insort',
  'push',
  'put',
  'put_nowait',
  'register',
  'setdefault',
  'update',
]);

export const REMOVING_METHODS: ReadonlySet<string> = new Set([
  '__delitem__',
  'clear',
  'difference_update',
  'discard',
  'get_nowait',
  'intersection_update',
  'pop',
  'popitem',
  'popleft',
  'remove',
  'unregister',
]);

/** Methods that look and leave the container as it is. */
const READING_METHODS: ReadonlySet<string> = new Set([
  '__contains__',
  '__getitem__',
  '__len__',
  'copy',
  'count',
  'difference',
  'empty',
  'format',
  'full',
  'get',
  'index',
  'intersection',
  'isdisjoint',
  'issubset',
  'issuperset',
  'items',
  'join',
  'keys',
  'move_to_end',
  'qsize',
  'reverse',
  'rotate',
  'sort',
  'task_done',
  'union',
  'values',
]);

/** Functions of the standard library that add to, or remove from, their first argument. */
const ADDING_FUNCTIONS: ReadonlySet<string> = new Set([
  'heappush',
  'insort',
  'insort_left',
  'insort_right',
  'setitem',
  'iadd',
  'iconcat',
]);
const REMOVING_FUNCTIONS: ReadonlySet<string> = new Set(['heappop', 'delitem', 'delattr']);

/** Functions that neither keep nor change their argument. */
const READING_FUNCTIONS: ReadonlySet<string> = new Set([
  'all',
  'any',
  'bool',
  'deepcopy',
  'dict',
  'dir',
  'enumerate',
  'filter',
  'frozenset',
  'hasattr',
  'hash',
  'heapify',
  'id',
  'isinstance',
  'issubclass',
  'iter',
  'len',
  'list',
  'map',
  'max',
  'min',
  'next',
  'print',
  'repr',
  'reversed',
  'set',
  'sorted',
  'str',
  'sum',
  'tuple',
  'type',
  'zip',
]);

/** Everything done to the container that `expr` denotes at this place. */
export function usesOf(expr: Expr): readonly Use[] {
  const uses: Use[] = [];
  follow(expr, false, uses);
  return uses;
}

/** `entry`: `expr` is not the holder but something taken out of it. */
function follow(expr: Expr, entry: boolean, uses: Use[]): void {
  const parent = expr.parent;
  switch (parent?.kind) {
    case 'Subscript':
      if (parent.value === expr) followSubscript(parent, entry, uses);
      return;
    case 'Attribute':
      followAttribute(parent, entry, uses);
      return;
    case 'Call':
      if (parent.func !== expr) followArgument(expr, parent, parent.args.indexOf(expr), entry, uses);
      return;
    case 'keyword':
      if (parent.arg !== undefined && parent.parent?.kind === 'Call') {
        uses.push({ effect: 'argument', call: parent.parent, position: parent.arg, entry });
      }
      return;
    case 'AugAssign':
      if (parent.target !== expr) return;
      if (parent.op === 'Sub' || parent.op === 'BitAnd') {
        uses.push({ effect: 'shrink', operation: 'augmented assignment', node: parent });
      } else grow(uses, 'augmented assignment', parent, entry);
      return;
    case 'Assign':
      if (parent.value === expr) {
        for (const target of parent.targets) uses.push({ effect: 'alias', target, entry });
      } else uses.push({ effect: 'rebind', target: expr, value: parent.value });
      return;
    case 'AnnAssign':
      if (parent.value === expr) uses.push({ effect: 'alias', target: parent.target, entry });
      else if (parent.target === expr && parent.value !== undefined) {
        uses.push({ effect: 'rebind', target: expr, value: parent.value });
      }
      return;
    case 'NamedExpr':
      if (parent.value === expr) uses.push({ effect: 'alias', target: parent.target, entry });
      follow(parent, entry, uses);
      return;
    case 'Tuple':
    case 'List':
      if (isStored(expr)) uses.push({ effect: 'rebind', target: expr, value: undefined });
      return;
    case 'BoolOp':
    case 'Await':
      follow(parent, entry, uses);
      return;
    case 'IfExp':
      if (parent.test !== expr) follow(parent, entry, uses);
      return;
    case 'Delete':
      uses.push({ effect: 'shrink', operation: 'del', node: parent });
      return;
    case 'Return':
      uses.push({ effect: 'returned', node: parent, entry });
      return;
    case 'arguments':
      uses.push(...defaultOf(expr, entry));
      return;
    case 'withitem':
      if (parent.context_expr === expr && parent.optional_vars !== undefined) {
        uses.push({ effect: 'alias', target: parent.optional_vars, entry });
      }
      return;
    default:
  }
}

function followSubscript(subscript: Expr & { readonly kind: 'Subscript' }, entry: boolean, uses: Use[]): void {
  const holder = subscript.parent!;
  if (subscript.ctx === 'Del') {
    uses.push({
      effect: 'shrink',
      operation: subscript.slice.kind === 'Slice' ? 'slice deletion' : 'del',
      node: subscript,
    });
    return;
  }
  if (subscript.ctx === 'Store') {
    if (holder.kind === 'AugAssign') grow(uses, 'augmented assignment', subscript, entry);
    else if (subscript.slice.kind === 'Slice') {
      uses.push({ effect: 'shrink', operation: 'slice assignment', node: subscript });
    } else grow(uses, 'subscript assignment', subscript, entry);
    return;
  }
  if (!entry) uses.push({ effect: 'read', node: subscript });
  follow(subscript, true, uses);
}

function followAttribute(attribute: Expr & { readonly kind: 'Attribute' }, entry: boolean, uses: Use[]): void {
  const { attr, parent } = attribute;
  if (attribute.ctx === 'Store') {
    uses.push({ effect: 'grow', operation: 'attribute assignment', node: attribute, entry, unsure: true });
    return;
  }
  if (attribute.ctx === 'Del') {
    uses.push({ effect: 'shrink', operation: 'del', node: attribute });
    return;
  }
  if (attr === '__dict__') {
    follow(attribute, entry, uses);
    return;
  }
  if (parent?.kind !== 'Call' || parent.func !== attribute) {
    // A bound method handed on: `task.add_done_callback(tasks.discard)`, `push = heap.append`.
    if (REMOVING_METHODS.has(attr)) uses.push({ effect: 'shrink', operation: `${attr} as callback`, node: attribute });
    else if (ADDING_METHODS.has(attr)) grow(uses, `${attr} as callback`, attribute, entry);
    return;
  }
  if (attr === 'get' && isQueueRead(parent)) {
    uses.push({ effect: 'shrink', operation: 'get', node: parent });
    return;
  }
  if (REMOVING_METHODS.has(attr) || attr === 'cache_clear') {
    if (!entry || attr !== 'pop') uses.push({ effect: 'shrink', operation: attr, node: parent });
    return;
  }
  if (ADDING_METHODS.has(attr)) {
    grow(uses, attr, parent, entry);
    if (attr === 'setdefault') follow(parent, true, uses);
    return;
  }
  if (attr === 'get' || attr === '__getitem__') {
    if (attr === '__getitem__' && !entry) uses.push({ effect: 'read', node: parent });
    follow(parent, true, uses);
    return;
  }
  if (!READING_METHODS.has(attr) && !entry) uses.push({ effect: 'method', name: attr, call: parent });
}

function followArgument(expr: Expr, call: Call, position: number, entry: boolean, uses: Use[]): void {
  const { func } = call;
  const name = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
  if (name === 'len' && func.kind === 'Name') {
    const compare = call.parent;
    if (compare?.kind === 'Compare' && !entry) uses.push({ effect: 'measured', compare });
    return;
  }
  if (position === 0) {
    if (name === 'setattr' && func.kind === 'Name') {
      grow(uses, 'setattr', call, entry);
      return;
    }
    if (name === 'vars' || name === 'cast') {
      follow(call, entry, uses);
      return;
    }
    if (ADDING_FUNCTIONS.has(name)) {
      grow(uses, name, call, entry);
      return;
    }
    if (REMOVING_FUNCTIONS.has(name)) {
      uses.push({ effect: 'shrink', operation: name, node: call });
      return;
    }
    // `list.append(X, value)`, `dict.__setitem__(X, key, value)`
    if (func.kind === 'Attribute' && func.value.kind === 'Name' && BUILTIN_CONTAINERS.has(func.value.id)) {
      if (ADDING_METHODS.has(name)) grow(uses, name, call, entry);
      else if (REMOVING_METHODS.has(name)) uses.push({ effect: 'shrink', operation: name, node: call });
      return;
    }
  }
  if (func.kind === 'Name' && READING_FUNCTIONS.has(name)) return;
  if (position >= 0) uses.push({ effect: 'argument', call, position, entry });
  else if (expr.parent === call) uses.push({ effect: 'argument', call, position: 0, entry });
}

const BUILTIN_CONTAINERS: ReadonlySet<string> = new Set([
  'bytearray',
  'deque',
  'dict',
  'list',
  'object',
  'set',
  'OrderedDict',
]);

/** `queue.get()`, `queue.get(timeout=1)`: a mapping's `get` needs a key. */
function isQueueRead(call: Call): boolean {
  return (
    call.args.length === 0 && call.keywords.every((keyword) => keyword.arg === 'timeout' || keyword.arg === 'block')
  );
}

function defaultOf(expr: Expr, entry: boolean): readonly Use[] {
  const parameters = expr.parent;
  if (parameters?.kind !== 'arguments') return [];
  const positional = [...parameters.posonlyargs, ...parameters.args];
  const at = parameters.defaults.indexOf(expr);
  const keywordAt = parameters.kw_defaults.indexOf(expr);
  const parameter =
    at >= 0 ? positional[positional.length - parameters.defaults.length + at] : parameters.kwonlyargs[keywordAt];
  if (parameter === undefined) return [];
  return [{ effect: 'default', parameter, entry }];
}

function grow(uses: Use[], operation: string, node: Node, entry: boolean): void {
  uses.push({ effect: 'grow', operation, node, entry, unsure: false });
}

function isStored(expr: Expr): boolean {
  return (expr.kind === 'Name' || expr.kind === 'Attribute') && expr.ctx === 'Store';
}
