// Where a key comes from, and so how many different ones a long run meets: a handful (constants, classes, members of an
// enum), as many as there are users and requests, or a new one every time (an address, a random or counted number).
// Flow-insensitive: every definition of a variable counts, and the one that spreads most decides.

import type { Arg, Call, Expr, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import type { Definition } from '../../source/scopes.ts';
import { bindingOf, type FunctionInfo } from '../../source/source-index.ts';
import { ancestorsOf, inferValues } from '../../source/type-inference.ts';
import { isNamed, oncePerFile, type ScannedFile } from '../scanned-file.ts';

/** In the order of growth. unknown: nothing says either way. fresh: a new one every time. */
export type Spread = 'bounded' | 'unknown' | 'unbounded' | 'fresh';

export interface Provenance {
  readonly spread: Spread;
  /** What makes it so, for messages: "`id()` of an object". Empty for bounded and unknown ones. */
  readonly source: string;
  /** The parameter the key is made from, where it alone decides. */
  readonly parameter: Arg | undefined;
}

const BOUNDED: Provenance = { spread: 'bounded', source: '', parameter: undefined };
const UNKNOWN: Provenance = { spread: 'unknown', source: '', parameter: undefined };
const ORDER: readonly Spread[] = ['bounded', 'unknown', 'unbounded', 'fresh'];

/** Definitions and calls followed from one key. */
const MAX_DEPTH = 14;

const provenances = oncePerFile(() => new Map<Expr, Provenance>());

export function provenanceOf(file: ScannedFile, expr: Expr, depth = 0): Provenance {
  const known = provenances(file).get(expr);
  if (known !== undefined) return known;
  if (depth > MAX_DEPTH) return UNKNOWN;
  provenances(file).set(expr, BOUNDED); // a variable made from itself spreads no further by that
  const found = trace(file, expr, depth);
  provenances(file).set(expr, found);
  return found;
}

function trace(file: ScannedFile, expr: Expr, depth: number): Provenance {
  const of = (part: Expr | undefined) => (part === undefined ? BOUNDED : provenanceOf(file, part, depth + 1));
  switch (expr.kind) {
    case 'Constant':
    case 'Compare':
    case 'Lambda':
      return BOUNDED;
    case 'JoinedStr':
    case 'TemplateStr':
      return widest(expr.values.map(of));
    case 'FormattedValue':
    case 'Interpolation':
      return of(expr.value);
    case 'ListComp':
    case 'SetComp':
    case 'GeneratorExp':
      return of(expr.elt);
    case 'Tuple':
    case 'List':
    case 'Set':
      return widest(expr.elts.map(of));
    case 'BinOp':
      return isSmallIndex(expr) ? BOUNDED : widest([of(expr.left), of(expr.right)]);
    case 'UnaryOp':
      return expr.op === 'Not' ? BOUNDED : of(expr.operand);
    case 'BoolOp':
      return widest(expr.values.map(of));
    case 'IfExp':
      return widest([of(expr.body), of(expr.orelse)]);
    case 'Await':
    case 'Starred':
    case 'NamedExpr':
    case 'Subscript':
      // There are as many modules as the program imports.
      return isNamed(file, expr.value, 'sys.modules') ? BOUNDED : of(expr.value);
    case 'Attribute':
      return ofAttribute(file, expr, depth);
    case 'Call':
      return ofCall(file, expr, depth);
    case 'Name':
      return ofName(file, expr, depth);
    default:
      return UNKNOWN;
  }
}

/** The provenance that spreads most; of several the first. */
export function widest(parts: readonly Provenance[]): Provenance {
  let result = BOUNDED;
  for (const part of parts) {
    if (ORDER.indexOf(part.spread) > ORDER.indexOf(result.spread)) result = part;
  }
  return result;
}

/** Whether the key is a name that programs give to a few things, though nothing limits it: likely, not certain. */
export function isNameOfThing({ spread, parameter }: Provenance): boolean {
  const name = parameter?.arg ?? '';
  return (
    spread === 'unbounded' && THING.test(name) && !/(?:user|host|file|path|client|customer|nick|real)_?name$/.test(name)
  );
}

const THING = /name$|^(?:prefix|label|alias|group|title|topic)$/;

export function isUnbounded({ spread }: Provenance): boolean {
  return spread === 'unbounded' || spread === 'fresh';
}

/** Names whose values come from a short list, whatever the program: kinds, modes, classes, functions, code locations. */
const SHORT_LIST =
  /^(?:cls|klass|tp|typ|kind|func|fn|function|meth|method|module|mod|package|pkg|dtype|encoding|charset|codec|locale|lang|language|level|lvl|mode|flags?|category|severity|status|status_code|scheme|protocol|proto|version|platform|arch|opcode|op|oper|operator|enum|dialect|backend|driver|engine|transport|role|currency|country|timezone|tz|tzinfo|zone|attr|attribute|field|option|opt|setting|feature|plugin|command|cmd|signal|sig|signum|ext|extension|suffix|mimetype|mime|content_type|loop|event_loop|dim|axis|ndim|width|size|order|model|schema|table|column|codes?|tag|callable|callback|factory|decorator|frame|namespace|ns|unit|device|family|style|font|color|colour|theme|template|template_name|property|descriptor|annotation|hint|py_?type|origin|section|qualname|modname|loader|finder|target_type|direction|version_info|dunder|errno|eno|directive|commontype|phase|stage|state|rule|fmt|format)$/;
const SHORT_LIST_PART =
  /(?:^|_)(?:(?:setting|option|param|parameter|arg|argument|config|header|variable|metric|module|class|type|func|function|attr|attribute|field|package|plugin|table|column|model|template|region|env)_?name|(?:language|country|currency|lang)_code|cls|class|type|kind|func|fn|module|mode|level|dtype|encoding|enum|lang|locale|model|method|attr|field|table|column|schema|flag|backend|driver|plugin|package|classes|types|(?:type|kind|op)_(?:num|number|id))$/;
const OF_CODE = /^__(?:name|class|qualname|module|code|func|doc|file|path|package|spec)__$/;

function isShortListName(name: string): boolean {
  const bare = name.replace(/^_+|_+$/g, '').toLowerCase();
  return SHORT_LIST.test(bare) || SHORT_LIST_PART.test(bare) || /^[A-Z][A-Z0-9_]+$/.test(name);
}

/** `n % 16`, `n & 0xff`; on strings `%` formats instead. */
function isSmallIndex(expr: Expr & { readonly kind: 'BinOp' }): boolean {
  if (expr.op === 'BitAnd') return isNumber(expr.left) || isNumber(expr.right);
  return (
    expr.op === 'Mod' && !(expr.left.kind === 'Constant' && typeof expr.left.value === 'string') && isLimit(expr.right)
  );
}

function isLimit(expr: Expr): boolean {
  return (
    isNumber(expr) ||
    (expr.kind === 'Name' && /^[A-Z_]+$/.test(expr.id)) ||
    (expr.kind === 'Call' && expr.func.kind === 'Name' && expr.func.id === 'len')
  );
}

function isNumber(expr: Expr): boolean {
  return expr.kind === 'Constant' && typeof expr.value === 'number';
}

function ofAttribute(file: ScannedFile, expr: Expr & { readonly kind: 'Attribute' }, depth: number): Provenance {
  if (OF_CODE.test(expr.attr) || isShortListName(expr.attr)) return BOUNDED;
  const { value } = expr;
  if (value.kind === 'Name' && isReceiverName(file, value)) {
    // An attribute of the object itself changes as its other objects come.
    return /(?:^|_)(?:id|uuid|key|token|address|addr|path|url|uri|fd)$/.test(expr.attr)
      ? { spread: 'unbounded', source: `\`${value.id}.${expr.attr}\``, parameter: undefined }
      : UNKNOWN;
  }
  return provenanceOf(file, value, depth + 1);
}

/** Whether a name is the first parameter of the method around. */
export function isReceiverName(file: ScannedFile, name: Expr & { readonly kind: 'Name' }): boolean {
  const definition = bindingOf(file.source, name)?.definitions[0];
  if (definition?.kind !== 'parameter') return false;
  const owner = file.source.functionOf.get(definition.scope.node);
  return owner !== undefined && owner.class !== undefined && receiverOf(owner) === definition.node;
}

function receiverOf(callee: FunctionInfo): Arg | undefined {
  if (callee.role === 'static method' || callee.role === 'function') return undefined;
  return callee.node.args.posonlyargs[0] ?? callee.node.args.args[0];
}

/** Calls that give a new value each time, as messages name them. */
const FRESH_CALLS: Readonly<Record<string, string>> = {
  'builtins.id': '`id()` of an object',
  'uuid.uuid1': 'a new UUID',
  'uuid.uuid4': 'a new UUID',
  'time.time': 'the time',
  'time.time_ns': 'the time',
  'time.monotonic': 'the time',
  'time.monotonic_ns': 'the time',
  'time.perf_counter': 'the time',
  'datetime.datetime.now': 'the time',
  'datetime.datetime.utcnow': 'the time',
  'os.urandom': 'a random value',
  'random.random': 'a random value',
  'random.getrandbits': 'a random value',
  'secrets.token_hex': 'a random value',
  'secrets.token_urlsafe': 'a random value',
  'secrets.token_bytes': 'a random value',
};

const FEW_RESULTS: ReadonlySet<string> = new Set([
  'builtins.type',
  'builtins.bool',
  'builtins.isinstance',
  'builtins.issubclass',
  'builtins.callable',
  'builtins.hasattr',
  'os.getpid',
  'os.getcwd',
  'sys.getsizeof',
  'inspect.getmodule',
  'inspect.isclass',
  'asyncio.get_running_loop',
  'asyncio.get_event_loop',
  'threading.get_ident',
  'threading.current_thread',
]);

function ofCall(file: ScannedFile, call: Call, depth: number): Provenance {
  const name = dottedName(file.source, call.func);
  if (name !== undefined && FEW_RESULTS.has(name)) return BOUNDED;
  if (name === 'builtins.getattr' && call.args.length >= 2) return provenanceOf(file, call.args[0]!, depth + 1);
  const parts = [...call.args, ...call.keywords.map((keyword) => keyword.value)].map((argument) =>
    provenanceOf(file, argument, depth + 1),
  );
  if (name !== undefined && Object.hasOwn(FRESH_CALLS, name)) {
    // The address of a class or function is one of few.
    const isOfCode = name === 'builtins.id' && parts.length > 0 && widest(parts).spread === 'bounded';
    return isOfCode ? BOUNDED : { spread: 'fresh', source: FRESH_CALLS[name]!, parameter: undefined };
  }
  if (name === 'builtins.next' && isCounter(file, call.args[0])) {
    return { spread: 'fresh', source: 'a counted number', parameter: undefined };
  }
  if (call.func.kind === 'Attribute' && name === undefined) {
    const { value: receiver, attr } = call.func;
    if (call.args.length === 0 && RECEIVING.test(attr))
      return { spread: 'unbounded', source: 'what arrives', parameter: undefined };
    if (/^(?:get_(?:type|class|model)\w*|mro)$/.test(attr)) return BOUNDED;
    if (receiver.kind !== 'Name' || !isReceiverName(file, receiver))
      parts.push(provenanceOf(file, receiver, depth + 1));
  }
  const result = widest(parts);
  // A function of nothing, or of constants, may return anything.
  const retains = isBuiltinConversion(name) || (call.func.kind === 'Attribute' && OF_TEXT.test(call.func.attr));
  return result.spread === 'bounded' && !retains ? UNKNOWN : result;
}

/** Methods that wait for the next message, connection or job. */
const RECEIVING = /^(?:get|recv|receive\w*|accept|poll|consume|readline|next_message|fetchone)$/;

/** Methods of texts, whose results are as few as the texts. */
const OF_TEXT =
  /^(?:lower|upper|casefold|title|[lr]?strip|replace|encode|decode|join|format|removeprefix|removesuffix)$/;

function isBuiltinConversion(name: string | undefined): boolean {
  return name !== undefined && /^builtins\.(?:str|repr|int|tuple|frozenset|bytes|hash|sorted)$/.test(name);
}

/** `next(itertools.count())`, `next(self._ids)`. */
function isCounter(file: ScannedFile, iterator: Expr | undefined): boolean {
  return (
    iterator !== undefined &&
    inferValues(file.index, file.source, iterator).some(
      (value) => value.kind === 'external' && value.called && value.name === 'itertools.count',
    )
  );
}

function ofName(file: ScannedFile, name: Expr & { readonly kind: 'Name' }, depth: number): Provenance {
  const binding = bindingOf(file.source, name);
  if (binding === undefined) return BOUNDED;
  if (isShortListName(name.id)) return BOUNDED;
  return widest(binding.definitions.map((definition) => ofDefinition(file, definition, name.id, depth)));
}

function ofDefinition(file: ScannedFile, definition: Definition, name: string, depth: number): Provenance {
  switch (definition.kind) {
    case 'import':
    case 'import from':
    case 'function':
    case 'class':
      return BOUNDED;
    case 'parameter':
      return ofParameter(file, definition.node);
    case 'value':
      // `key = prefix + key` adds nothing to what `key` was.
      return provenanceOf(file, definition.value, depth + 1);
    case 'annotation':
      return UNKNOWN;
    case 'other':
      return ofTarget(file, definition.node, name, depth);
  }
}

function ofParameter(file: ScannedFile, parameter: Arg): Provenance {
  if (parameter.annotation !== undefined && isShortListType(file, parameter.annotation)) return BOUNDED;
  const owner = parameter.parent?.parent;
  const callee = owner === undefined ? undefined : file.source.functionOf.get(owner);
  if (callee !== undefined && receiverOf(callee) === parameter) {
    return callee.role === 'class method'
      ? BOUNDED
      : { spread: 'unbounded', source: 'every object of the class', parameter: undefined };
  }
  return { spread: 'unbounded', source: `\`${parameter.arg}\``, parameter };
}

/** `bool`, `type[T]`, `Callable`, `Literal[…]`, an enum of this file. */
function isShortListType(file: ScannedFile, annotation: Expr): boolean {
  const named = annotation.kind === 'Subscript' ? annotation.value : annotation;
  const name = named.kind === 'Name' ? named.id : named.kind === 'Attribute' ? named.attr : '';
  if (/^(?:bool|type|Type|Callable|Literal|LiteralString|ModuleType|FunctionType|MethodType|CodeType)$/.test(name))
    return true;
  if (/(?:Enum|Type|Kind|Mode|Level)$/.test(name)) return true;
  return inferValues(file.index, file.source, named).some(
    (value) =>
      value.kind === 'class' &&
      ancestorsOf(file.index, value.class).some((cls) =>
        cls.node.bases.some((base) =>
          /(?:Enum|Flag)$/.test(base.kind === 'Name' ? base.id : base.kind === 'Attribute' ? base.attr : ''),
        ),
      ),
  );
}

/** Loop targets, unpacked values, caught exceptions, `*args`. */
function ofTarget(file: ScannedFile, node: Node, name: string, depth: number): Provenance {
  if (node.kind === 'ExceptHandler') return { spread: 'unbounded', source: 'an exception', parameter: undefined };
  if (node.kind === 'arg') return { spread: 'unbounded', source: `\`${name}\``, parameter: undefined };
  let target: Node = node;
  while (target.parent?.kind === 'Tuple' || target.parent?.kind === 'List' || target.parent?.kind === 'Starred') {
    target = target.parent;
  }
  const parent = target.parent;
  switch (parent?.kind) {
    case 'For':
    case 'AsyncFor':
    case 'comprehension':
      return target === parent.target ? ofIterated(file, parent.iter, depth) : UNKNOWN;
    case 'Assign':
      return provenanceOf(file, parent.value, depth + 1);
    case 'AugAssign':
      return ofCount(file, parent, target, depth);
    default:
      return UNKNOWN;
  }
}

/** `n += 1` counts on from run to run where `n` outlives the function; a local starts anew. */
function ofCount(
  file: ScannedFile,
  count: Node & { readonly kind: 'AugAssign' },
  target: Node,
  depth: number,
): Provenance {
  if (count.op !== 'Add' || !isNumber(count.value)) return provenanceOf(file, count.value, depth + 1);
  const isLocal = target.kind === 'Name' && bindingOf(file.source, target)?.scope.kind !== 'module';
  return isLocal ? UNKNOWN : { spread: 'fresh', source: 'a counted number', parameter: undefined };
}

function ofIterated(file: ScannedFile, iterable: Expr, depth: number): Provenance {
  if (iterable.kind === 'Call' && iterable.func.kind === 'Name' && /^(?:range|dir|vars)$/.test(iterable.func.id)) {
    return iterable.args.every(isNumber) ? BOUNDED : UNKNOWN;
  }
  return provenanceOf(file, iterable, depth + 1);
}
