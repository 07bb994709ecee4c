// The one syntax tree of the source analysis: CPython's node and field names, UTF-16 offsets, 1-based lines, parent links.
// Types and tree walking only: parse.ts makes the trees, scopes.ts gives the names their meaning.

interface NodeBase {
  /** 1-based line of the first character. */
  readonly line: number;
  readonly endLine: number;
  /** UTF-16 offsets into the text that was parsed, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Undefined for the module only. */
  readonly parent: Node | undefined;
}

export type ExprContext = 'Load' | 'Store' | 'Del';

export interface Module extends NodeBase {
  readonly kind: 'Module';
  readonly body: readonly Stmt[];
}

// Statements

export interface FunctionDef extends NodeBase {
  readonly kind: 'FunctionDef' | 'AsyncFunctionDef';
  readonly name: string;
  readonly args: Arguments;
  readonly body: readonly Stmt[];
  readonly decorator_list: readonly Expr[];
  readonly returns?: Expr;
  readonly type_params?: readonly TypeParam[];
}
export interface ClassDef extends NodeBase {
  readonly kind: 'ClassDef';
  readonly name: string;
  readonly bases: readonly Expr[];
  readonly keywords: readonly Keyword[];
  readonly body: readonly Stmt[];
  readonly decorator_list: readonly Expr[];
  readonly type_params?: readonly TypeParam[];
}
export interface Return extends NodeBase {
  readonly kind: 'Return';
  readonly value?: Expr;
}
export interface Delete extends NodeBase {
  readonly kind: 'Delete';
  readonly targets: readonly Expr[];
}
export interface Assign extends NodeBase {
  readonly kind: 'Assign';
  readonly targets: readonly Expr[];
  readonly value: Expr;
}
export interface TypeAlias extends NodeBase {
  readonly kind: 'TypeAlias';
  readonly name: Expr;
  readonly type_params: readonly TypeParam[];
  readonly value: Expr;
}
export interface AugAssign extends NodeBase {
  readonly kind: 'AugAssign';
  readonly target: Expr;
  /** `Add`, `BitOr`, … */
  readonly op: string;
  readonly value: Expr;
}
export interface AnnAssign extends NodeBase {
  readonly kind: 'AnnAssign';
  readonly target: Expr;
  readonly annotation: Expr;
  readonly value?: Expr;
}
export interface For extends NodeBase {
  readonly kind: 'For' | 'AsyncFor';
  readonly target: Expr;
  readonly iter: Expr;
  readonly body: readonly Stmt[];
  readonly orelse: readonly Stmt[];
}
export interface While extends NodeBase {
  readonly kind: 'While';
  readonly test: Expr;
  readonly body: readonly Stmt[];
  readonly orelse: readonly Stmt[];
}
export interface If extends NodeBase {
  readonly kind: 'If';
  readonly test: Expr;
  readonly body: readonly Stmt[];
  readonly orelse: readonly Stmt[];
}
export interface With extends NodeBase {
  readonly kind: 'With' | 'AsyncWith';
  readonly items: readonly WithItem[];
  readonly body: readonly Stmt[];
}
export interface Match extends NodeBase {
  readonly kind: 'Match';
  readonly subject: Expr;
  readonly cases: readonly MatchCase[];
}
export interface Raise extends NodeBase {
  readonly kind: 'Raise';
  readonly exc?: Expr;
  readonly cause?: Expr;
}
export interface Try extends NodeBase {
  readonly kind: 'Try' | 'TryStar';
  readonly body: readonly Stmt[];
  readonly handlers: readonly ExceptHandler[];
  readonly orelse: readonly Stmt[];
  readonly finalbody: readonly Stmt[];
}
export interface Assert extends NodeBase {
  readonly kind: 'Assert';
  readonly test: Expr;
  readonly msg?: Expr;
}
export interface Import extends NodeBase {
  readonly kind: 'Import';
  readonly names: readonly Alias[];
}
export interface ImportFrom extends NodeBase {
  readonly kind: 'ImportFrom';
  readonly module?: string;
  readonly names: readonly Alias[];
  readonly level?: number;
}
export interface NameDeclaration extends NodeBase {
  readonly kind: 'Global' | 'Nonlocal';
  readonly names: readonly string[];
}
export interface ExprStmt extends NodeBase {
  readonly kind: 'Expr';
  readonly value: Expr;
}
export interface SimpleStmt extends NodeBase {
  readonly kind: 'Pass' | 'Break' | 'Continue';
}

export type Stmt =
  | FunctionDef
  | ClassDef
  | Return
  | Delete
  | Assign
  | TypeAlias
  | AugAssign
  | AnnAssign
  | For
  | While
  | If
  | With
  | Match
  | Raise
  | Try
  | Assert
  | Import
  | ImportFrom
  | NameDeclaration
  | ExprStmt
  | SimpleStmt;

// Expressions

export interface BoolOp extends NodeBase {
  readonly kind: 'BoolOp';
  readonly op: string;
  readonly values: readonly Expr[];
}
export interface NamedExpr extends NodeBase {
  readonly kind: 'NamedExpr';
  readonly target: Name;
  readonly value: Expr;
}
export interface BinOp extends NodeBase {
  readonly kind: 'BinOp';
  readonly left: Expr;
  readonly op: string;
  readonly right: Expr;
}
export interface UnaryOp extends NodeBase {
  readonly kind: 'UnaryOp';
  readonly op: string;
  readonly operand: Expr;
}
export interface Lambda extends NodeBase {
  readonly kind: 'Lambda';
  readonly args: Arguments;
  readonly body: Expr;
}
export interface IfExp extends NodeBase {
  readonly kind: 'IfExp';
  readonly test: Expr;
  readonly body: Expr;
  readonly orelse: Expr;
}
export interface Dict extends NodeBase {
  readonly kind: 'Dict';
  /** Undefined for `**value`. */
  readonly keys: readonly (Expr | undefined)[];
  readonly values: readonly Expr[];
}
export interface Sequence extends NodeBase {
  readonly kind: 'Set' | 'List' | 'Tuple';
  readonly elts: readonly Expr[];
  readonly ctx?: ExprContext;
}
export interface ElementComp extends NodeBase {
  readonly kind: 'ListComp' | 'SetComp' | 'GeneratorExp';
  readonly elt: Expr;
  readonly generators: readonly Comprehension[];
}
export interface DictComp extends NodeBase {
  readonly kind: 'DictComp';
  readonly key: Expr;
  readonly value: Expr;
  readonly generators: readonly Comprehension[];
}
export interface Wrapped extends NodeBase {
  readonly kind: 'Await' | 'YieldFrom';
  readonly value: Expr;
}
export interface Yield extends NodeBase {
  readonly kind: 'Yield';
  readonly value?: Expr;
}
export interface Compare extends NodeBase {
  readonly kind: 'Compare';
  readonly left: Expr;
  readonly ops: readonly string[];
  readonly comparators: readonly Expr[];
}
export interface Call extends NodeBase {
  readonly kind: 'Call';
  readonly func: Expr;
  readonly args: readonly Expr[];
  readonly keywords: readonly Keyword[];
}
export interface FormattedValue extends NodeBase {
  readonly kind: 'FormattedValue' | 'Interpolation';
  readonly value: Expr;
  readonly format_spec?: Expr;
}
export interface JoinedStr extends NodeBase {
  readonly kind: 'JoinedStr' | 'TemplateStr';
  readonly values: readonly Expr[];
}
export interface Constant extends NodeBase {
  readonly kind: 'Constant';
  /** String, number or bigint, boolean, null for None; other constants (bytes, complex, …) are undefined. */
  readonly value: string | number | bigint | boolean | null | undefined;
}
export interface Attribute extends NodeBase {
  readonly kind: 'Attribute';
  readonly value: Expr;
  readonly attr: string;
  readonly ctx: ExprContext;
}
export interface Subscript extends NodeBase {
  readonly kind: 'Subscript';
  readonly value: Expr;
  readonly slice: Expr;
  readonly ctx: ExprContext;
}
export interface Starred extends NodeBase {
  readonly kind: 'Starred';
  readonly value: Expr;
  readonly ctx: ExprContext;
}
export interface Name extends NodeBase {
  readonly kind: 'Name';
  readonly id: string;
  readonly ctx: ExprContext;
}
export interface Slice extends NodeBase {
  readonly kind: 'Slice';
  readonly lower?: Expr;
  readonly upper?: Expr;
  readonly step?: Expr;
}

export type ComprehensionExpr = ElementComp | DictComp;

export type Expr =
  | BoolOp
  | NamedExpr
  | BinOp
  | UnaryOp
  | Lambda
  | IfExp
  | Dict
  | Sequence
  | ElementComp
  | DictComp
  | Wrapped
  | Yield
  | Compare
  | Call
  | FormattedValue
  | JoinedStr
  | Constant
  | Attribute
  | Subscript
  | Starred
  | Name
  | Slice;

// Parts of statements and expressions

export interface Comprehension extends NodeBase {
  readonly kind: 'comprehension';
  readonly target: Expr;
  readonly iter: Expr;
  readonly ifs: readonly Expr[];
}
export interface ExceptHandler extends NodeBase {
  readonly kind: 'ExceptHandler';
  readonly type?: Expr;
  readonly name?: string;
  readonly body: readonly Stmt[];
}
export interface Arguments extends NodeBase {
  readonly kind: 'arguments';
  readonly posonlyargs: readonly Arg[];
  readonly args: readonly Arg[];
  readonly vararg?: Arg;
  readonly kwonlyargs: readonly Arg[];
  /** Parallel to `kwonlyargs`; undefined where there is no default. */
  readonly kw_defaults: readonly (Expr | undefined)[];
  readonly kwarg?: Arg;
  /** Defaults of the last positional parameters. */
  readonly defaults: readonly Expr[];
}
export interface Arg extends NodeBase {
  readonly kind: 'arg';
  readonly arg: string;
  readonly annotation?: Expr;
}
export interface Keyword extends NodeBase {
  readonly kind: 'keyword';
  /** Absent for `**value`. */
  readonly arg?: string;
  readonly value: Expr;
}
export interface Alias extends NodeBase {
  readonly kind: 'alias';
  readonly name: string;
  readonly asname?: string;
}
export interface WithItem extends NodeBase {
  readonly kind: 'withitem';
  readonly context_expr: Expr;
  readonly optional_vars?: Expr;
}
export interface MatchCase extends NodeBase {
  readonly kind: 'match_case';
  readonly pattern: Pattern;
  readonly guard?: Expr;
  readonly body: readonly Stmt[];
}
export interface Pattern extends NodeBase {
  readonly kind:
    | 'MatchValue'
    | 'MatchSingleton'
    | 'MatchSequence'
    | 'MatchMapping'
    | 'MatchClass'
    | 'MatchStar'
    | 'MatchAs'
    | 'MatchOr';
  /** Name bound by `MatchStar` and `MatchAs`. */
  readonly name?: string;
  /** Name bound to the remaining keys by `MatchMapping`. */
  readonly rest?: string;
}
export interface TypeParam extends NodeBase {
  readonly kind: 'TypeVar' | 'ParamSpec' | 'TypeVarTuple';
  readonly name: string;
}

export type Node =
  | Module
  | Stmt
  | Expr
  | Comprehension
  | ExceptHandler
  | Arguments
  | Arg
  | Keyword
  | Alias
  | WithItem
  | MatchCase
  | Pattern
  | TypeParam;

export type NodeKind = Node['kind'];

/** Fields that hold child nodes, in source order as CPython's `_fields` has them. */
export const CHILD_FIELDS: Readonly<Record<NodeKind, readonly string[]>> = {
  Module: ['body'],
  FunctionDef: ['decorator_list', 'type_params', 'args', 'returns', 'body'],
  AsyncFunctionDef: ['decorator_list', 'type_params', 'args', 'returns', 'body'],
  ClassDef: ['decorator_list', 'type_params', 'bases', 'keywords', 'body'],
  Return: ['value'],
  Delete: ['targets'],
  Assign: ['targets', 'value'],
  TypeAlias: ['name', 'type_params', 'value'],
  AugAssign: ['target', 'value'],
  AnnAssign: ['target', 'annotation', 'value'],
  For: ['target', 'iter', 'body', 'orelse'],
  AsyncFor: ['target', 'iter', 'body', 'orelse'],
  While: ['test', 'body', 'orelse'],
  If: ['test', 'body', 'orelse'],
  With: ['items', 'body'],
  AsyncWith: ['items', 'body'],
  Match: ['subject', 'cases'],
  Raise: ['exc', 'cause'],
  Try: ['body', 'handlers', 'orelse', 'finalbody'],
  TryStar: ['body', 'handlers', 'orelse', 'finalbody'],
  Assert: ['test', 'msg'],
  Import: ['names'],
  ImportFrom: ['names'],
  Global: [],
  Nonlocal: [],
  Expr: ['value'],
  Pass: [],
  Break: [],
  Continue: [],
  BoolOp: ['values'],
  NamedExpr: ['target', 'value'],
  BinOp: ['left', 'right'],
  UnaryOp: ['operand'],
  Lambda: ['args', 'body'],
  IfExp: ['test', 'body', 'orelse'],
  Dict: ['keys', 'values'],
  Set: ['elts'],
  List: ['elts'],
  Tuple: ['elts'],
  ListComp: ['elt', 'generators'],
  SetComp: ['elt', 'generators'],
  GeneratorExp: ['elt', 'generators'],
  DictComp: ['key', 'value', 'generators'],
  Await: ['value'],
  Yield: ['value'],
  YieldFrom: ['value'],
  Compare: ['left', 'comparators'],
  Call: ['func', 'args', 'keywords'],
  FormattedValue: ['value', 'format_spec'],
  Interpolation: ['value', 'format_spec'],
  JoinedStr: ['values'],
  TemplateStr: ['values'],
  Constant: [],
  Attribute: ['value'],
  Subscript: ['value', 'slice'],
  Starred: ['value'],
  Name: [],
  Slice: ['lower', 'upper', 'step'],
  comprehension: ['target', 'iter', 'ifs'],
  ExceptHandler: ['type', 'body'],
  arguments: ['posonlyargs', 'args', 'vararg', 'kwonlyargs', 'kw_defaults', 'kwarg', 'defaults'],
  arg: ['annotation'],
  keyword: ['value'],
  alias: [],
  withitem: ['context_expr', 'optional_vars'],
  match_case: ['pattern', 'guard', 'body'],
  MatchValue: ['value'],
  MatchSingleton: [],
  MatchSequence: ['patterns'],
  MatchMapping: ['keys', 'patterns'],
  MatchClass: ['cls', 'patterns', 'kwd_patterns'],
  MatchStar: [],
  MatchAs: ['pattern'],
  MatchOr: ['patterns'],
  TypeVar: ['bound', 'default_value'],
  ParamSpec: ['default_value'],
  TypeVarTuple: ['default_value'],
};

/** Calls `visit` for every node below `root`, parents first, siblings in order; no recursion, whatever the depth. */
export function walk(root: Node, visit: (node: Node) => void): void {
  const pending: Node[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    visit(node);
    pushChildren(node, pending);
  }
}

/** Pushes the children of `node` so that popping gives them in order. */
export function pushChildren(node: Node, pending: Node[]): void {
  const fields = CHILD_FIELDS[node.kind];
  const record = node as unknown as Readonly<Record<string, Node | readonly (Node | undefined)[] | undefined>>;
  for (let f = fields.length - 1; f >= 0; f--) {
    const value = record[fields[f]!];
    if (value === undefined) continue;
    if (!Array.isArray(value)) {
      pending.push(value as Node);
      continue;
    }
    for (let i = value.length - 1; i >= 0; i--) {
      const child = value[i];
      if (child !== undefined) pending.push(child);
    }
  }
}

export function isStatement(node: Node): node is Stmt {
  return STATEMENT_KINDS.has(node.kind);
}

const STATEMENT_KINDS: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'FunctionDef',
  'AsyncFunctionDef',
  'ClassDef',
  'Return',
  'Delete',
  'Assign',
  'TypeAlias',
  'AugAssign',
  'AnnAssign',
  'For',
  'AsyncFor',
  'While',
  'If',
  'With',
  'AsyncWith',
  'Match',
  'Raise',
  'Try',
  'TryStar',
  'Assert',
  'Import',
  'ImportFrom',
  'Global',
  'Nonlocal',
  'Expr',
  'Pass',
  'Break',
  'Continue',
]);

/** The statement `node` belongs to: itself, or the nearest around it. */
export function statementOf(node: Node): Node {
  let current: Node = node;
  while (current.parent !== undefined && !isStatement(current)) current = current.parent;
  return current;
}
