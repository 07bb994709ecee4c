// Where a value comes from, as far as it decides how many different ones there are: the raw path of a request, the text
// of an exception, an identifier. Follows local variables, formatting and string methods within one function.

import type { Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf } from '../../../source/source-index.ts';
import type { ScannedFile } from '../../scanned-file.ts';

export interface ValueOrigin {
  readonly kind: 'request path' | 'exception text' | 'identifier';
  readonly node: Expr;
}

/** Assignments and operations followed from the value: what people write in one function stays below. */
const MAX_DEPTH = 5;

/** The first source of endless variety in the value; undefined where none is seen. */
export function originOf(file: ScannedFile, expr: Expr, depth = 0): ValueOrigin | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const next = (inner: Expr | undefined) => (inner === undefined ? undefined : originOf(file, inner, depth + 1));
  switch (expr.kind) {
    case 'Name':
      return originOfName(file, expr, depth);
    case 'Attribute':
      if (isRequestPath(expr)) return { kind: 'request path', node: expr };
      if (isExceptionName(file, expr.value) && /^(?:args|message|detail|msg|reason)$/.test(expr.attr)) {
        return { kind: 'exception text', node: expr };
      }
      return IDENTIFIER.test(expr.attr) ? { kind: 'identifier', node: expr } : undefined;
    case 'Subscript':
      if (isRequestPathKey(expr)) return { kind: 'request path', node: expr };
      return next(expr.value);
    case 'JoinedStr':
      return first(expr.values, next);
    case 'FormattedValue':
      return isExceptionName(file, expr.value) ? { kind: 'exception text', node: expr.value } : next(expr.value);
    case 'BinOp':
      return next(expr.left) ?? next(expr.right);
    case 'BoolOp':
      return first(expr.values, next);
    case 'IfExp':
      // `path if path in KNOWN else "other"` lets only known ones through.
      return expr.test.kind === 'Compare' && /^(?:Not)?In$/.test(expr.test.ops[0] ?? '')
        ? undefined
        : (next(expr.body) ?? next(expr.orelse));
    case 'Tuple':
      return first(expr.elts, next);
    case 'Call':
      return originOfCall(file, expr, next);
    default:
      return undefined;
  }
}

type Follow = (expr: Expr | undefined) => ValueOrigin | undefined;

function originOfCall(
  file: ScannedFile,
  call: Expr & { readonly kind: 'Call' },
  next: Follow,
): ValueOrigin | undefined {
  const { func, args } = call;
  const name = dottedName(file.source, func);
  if (name === 'builtins.str' || name === 'builtins.repr') {
    const [argument] = args;
    if (argument !== undefined && isExceptionName(file, argument)) return { kind: 'exception text', node: call };
    return next(argument);
  }
  if (name !== undefined && /^(?:uuid\.uuid[1-8]|builtins\.id|time\.(?:time|time_ns|monotonic))$/.test(name)) {
    return { kind: 'identifier', node: call };
  }
  if (func.kind !== 'Attribute') return undefined;
  if (func.attr === 'format') return first([...args, ...call.keywords.map(({ value }) => value)], next);
  // `request.get_full_path()`, `request.path.strip("/")`
  if (/^(?:get_full_path|build_absolute_uri|full_url)$/.test(func.attr)) return { kind: 'request path', node: call };
  return STRING_METHODS.has(func.attr) ? next(func.value) : undefined;
}

const STRING_METHODS: ReadonlySet<string> = new Set([
  'decode',
  'encode',
  'lower',
  'lstrip',
  'partition',
  'removeprefix',
  'removesuffix',
  'rpartition',
  'rsplit',
  'rstrip',
  'split',
  'strip',
  'title',
  'upper',
]);

function originOfName(file: ScannedFile, name: Expr & { readonly kind: 'Name' }, depth: number) {
  const binding = bindingOf(file.source, name);
  const definitions = binding?.definitions ?? [];
  for (const definition of definitions) {
    if (definition.kind !== 'value' || definition.value === name) continue;
    const origin = originOf(file, definition.value, depth + 1);
    if (origin !== undefined) return origin;
  }
  const isAssigned = definitions.some(({ kind }) => kind === 'value');
  return !isAssigned && IDENTIFIER.test(name.id) ? { kind: 'identifier' as const, node: name } : undefined;
}

/** Names of what differs for every user, request or connection. */
const IDENTIFIER =
  /^(?:\w+_)?(?:uuid|guid|(?:user|customer|account|tenant|session|request|trace|span|order|task|job|message|transaction|client|device|connection|conn)_?id|email|token|remote_addr|client_ip|ip_address|peername|remote_address)$/i;

function first(values: readonly Expr[], next: Follow): ValueOrigin | undefined {
  for (const value of values) {
    const origin = next(value);
    if (origin !== undefined) return origin;
  }
  return undefined;
}

const PATH_ATTRIBUTES: ReadonlySet<string> = new Set([
  'full_path',
  'path',
  'path_info',
  'path_qs',
  'query_string',
  'raw_path',
  'raw_url',
  'rel_url',
  'request_uri',
  'uri',
  'url',
]);

/** `request.path`, `self.request.url.path`, `str(request.url)`; not `request.scope["route"].path`. */
function isRequestPath(expr: Expr & { readonly kind: 'Attribute' }): boolean {
  if (!PATH_ATTRIBUTES.has(expr.attr)) return false;
  let inner = expr.value;
  while (inner.kind === 'Attribute' && !REQUEST.test(inner.attr)) {
    if (!PATH_ATTRIBUTES.has(inner.attr)) return false;
    inner = inner.value;
  }
  if (inner.kind === 'Attribute') return true;
  if (inner.kind !== 'Name') return false;
  return REQUEST.test(inner.id) || (inner.id === 'self' && isInRequestHandler(expr));
}

const REQUEST = /^_?(?:request|req|http_request|flask_request)$/;

function isInRequestHandler(node: Node): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind !== 'ClassDef') continue;
    return outer.bases.some((base) => {
      const name = base.kind === 'Name' ? base.id : base.kind === 'Attribute' ? base.attr : '';
      return /HTTPRequestHandler$/.test(name);
    });
  }
  return false;
}

/** `scope["path"]`, `environ["PATH_INFO"]`. */
function isRequestPathKey(expr: Expr & { readonly kind: 'Subscript' }): boolean {
  const { value, slice } = expr;
  const holder = value.kind === 'Name' ? value.id : value.kind === 'Attribute' ? value.attr : '';
  if (slice.kind !== 'Constant' || typeof slice.value !== 'string') return false;
  return (
    /^(?:scope|environ|request)$/.test(holder) && /^(?:path|raw_path|PATH_INFO|REQUEST_URI|RAW_URI)$/.test(slice.value)
  );
}

/** `e` of `except Exception as e`. */
function isExceptionName(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind !== 'Name') return false;
  return (bindingOf(file.source, expr)?.definitions ?? []).some(({ node }) => node.kind === 'ExceptHandler');
}
