// The one syntax tree of the source analysis: CPython's node and field names, UTF-16 offsets, 1-based lines, parent links.
// Types only: parse.ts makes the trees, ast-walk.ts walks them, scopes.ts gives the names their meaning.

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
  readonly returns: Expr | undefined;
  readonly type_params: readonly TypeParam[];
}
export interface ClassDef extends NodeBase {
  readonly kind: 'ClassDef';
  readonly name: string;
  readonly bases: readonly Expr[];
  readonly keywords: readonly Keyword[];
  readonly body: readonly Stmt[];
  readonly decorator_list: readonly Expr[];
  readonly type_params: readonly TypeParam[];
}
export interface Return extends NodeBase {
  readonly kind: 'Return';
  readonly value: Expr | undefined;
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
  readonly value: Expr | undefined;
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
  readonly exc: Expr | undefined;
  readonly cause: Expr | undefined;
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
  readonly msg: Expr | undefined;
}
export interface Import extends NodeBase {
  readonly kind: 'Import';
  readonly names: readonly Alias[];
  /** `lazy import` (PEP 810). */
  readonly is_lazy: boolean;
}
export interface ImportFrom extends NodeBase {
  readonly kind: 'ImportFrom';
  readonly module: string | undefined;
  readonly names: readonly Alias[];
  /** Leading dots. */
  readonly level: number;
  readonly is_lazy: boolean;
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
  readonly ctx: ExprContext | undefined;
}
export interface ElementComp extends NodeBase {
  readonly kind: 'ListComp' | 'SetComp' | 'GeneratorExp';
  readonly elt: Expr;
  readonly generators: readonly Comprehension[];
}
export interface DictComp extends NodeBase {
  readonly kind: 'DictComp';
  /** With `**mapping for …` (PEP 798) the mapping, and no value. */
  readonly key: Expr;
  readonly value: Expr | undefined;
  readonly generators: readonly Comprehension[];
}
export interface Wrapped extends NodeBase {
  readonly kind: 'Await' | 'YieldFrom';
  readonly value: Expr;
}
export interface Yield extends NodeBase {
  readonly kind: 'Yield';
  readonly value: Expr | undefined;
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
  readonly format_spec: Expr | undefined;
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
  readonly lower: Expr | undefined;
  readonly upper: Expr | undefined;
  readonly step: Expr | undefined;
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
  readonly type: Expr | undefined;
  readonly name: string | undefined;
  readonly body: readonly Stmt[];
}
export interface Arguments extends NodeBase {
  readonly kind: 'arguments';
  readonly posonlyargs: readonly Arg[];
  readonly args: readonly Arg[];
  readonly vararg: Arg | undefined;
  readonly kwonlyargs: readonly Arg[];
  /** Parallel to `kwonlyargs`; undefined where there is no default. */
  readonly kw_defaults: readonly (Expr | undefined)[];
  readonly kwarg: Arg | undefined;
  /** Defaults of the last positional parameters. */
  readonly defaults: readonly Expr[];
}
export interface Arg extends NodeBase {
  readonly kind: 'arg';
  readonly arg: string;
  readonly annotation: Expr | undefined;
}
export interface Keyword extends NodeBase {
  readonly kind: 'keyword';
  /** Absent for `**value`. */
  readonly arg: string | undefined;
  readonly value: Expr;
}
export interface Alias extends NodeBase {
  readonly kind: 'alias';
  readonly name: string;
  readonly asname: string | undefined;
}
export interface WithItem extends NodeBase {
  readonly kind: 'withitem';
  readonly context_expr: Expr;
  readonly optional_vars: Expr | undefined;
}
export interface MatchCase extends NodeBase {
  readonly kind: 'match_case';
  readonly pattern: Pattern;
  readonly guard: Expr | undefined;
  readonly body: readonly Stmt[];
}
export interface MatchValue extends NodeBase {
  readonly kind: 'MatchValue';
  readonly value: Expr;
}
export interface MatchSingleton extends NodeBase {
  readonly kind: 'MatchSingleton';
  readonly value: boolean | null;
}
export interface MatchList extends NodeBase {
  readonly kind: 'MatchSequence' | 'MatchOr';
  readonly patterns: readonly Pattern[];
}
export interface MatchMapping extends NodeBase {
  readonly kind: 'MatchMapping';
  readonly keys: readonly Expr[];
  readonly patterns: readonly Pattern[];
  /** Name bound to the remaining keys. */
  readonly rest: string | undefined;
}
export interface MatchClass extends NodeBase {
  readonly kind: 'MatchClass';
  readonly cls: Expr;
  readonly patterns: readonly Pattern[];
  readonly kwd_attrs: readonly string[];
  readonly kwd_patterns: readonly Pattern[];
}
export interface MatchStar extends NodeBase {
  readonly kind: 'MatchStar';
  /** Undefined for `*_`. */
  readonly name: string | undefined;
}
export interface MatchAs extends NodeBase {
  readonly kind: 'MatchAs';
  readonly pattern: Pattern | undefined;
  /** Undefined for `_`. */
  readonly name: string | undefined;
}

export type Pattern = MatchValue | MatchSingleton | MatchList | MatchMapping | MatchClass | MatchStar | MatchAs;

export interface TypeParam extends NodeBase {
  readonly kind: 'TypeVar' | 'ParamSpec' | 'TypeVarTuple';
  readonly name: string;
  /** Of a TypeVar only. */
  readonly bound: Expr | undefined;
  readonly default_value: Expr | undefined;
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
