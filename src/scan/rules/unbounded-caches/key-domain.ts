// How many different values the parameters of a function can take, by annotation, default and name: what decides whether
// a cache over them fills up once or goes on growing.

import type { Arg, Expr } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { FunctionInfo } from '../../../source/source-index.ts';
import { inferValues } from '../../../source/type-inference.ts';
import { hasFewInstances } from '../../lifetimes/instance-count.ts';
import type { ScannedFile } from '../../scanned-file.ts';

/** Parameters whose values nothing limits, `self` and `cls` aside. */
export function openParameters(file: ScannedFile, callee: FunctionInfo): readonly Arg[] {
  const { args } = callee.node;
  const positional = [...args.posonlyargs, ...args.args];
  const firstDefault = positional.length - args.defaults.length;
  const found = positional.filter((arg, i) => !isLimited(file, arg, args.defaults[i - firstDefault]));
  if (callee.class !== undefined && callee.role !== 'static method' && found[0] === positional[0]) found.shift();
  found.push(...args.kwonlyargs.filter((arg, i) => !isLimited(file, arg, args.kw_defaults[i])));
  for (const rest of [args.vararg, args.kwarg]) if (rest !== undefined) found.push(rest);
  return found;
}

export function hasUnboundedKeys(file: ScannedFile, callee: FunctionInfo): boolean {
  return openParameters(file, callee).length > 0;
}

/** Names of what comes from outside in endless variety: keys of users, requests, messages, and texts. */
const FROM_OUTSIDE =
  /^(?:\w+_)?(?:str|string|text|line|sentence|expression|sql|content)$|^(?:\w+_)?(?:u?id|uuid|guid|user(?:_?name)?|uid|account|customer|tenant|session|token|request|query|q|url|uri|email|ip|addr(?:ess)?|host(?:name)?|message|msg|payload|prompt|ts|timestamp|now|when)$/i;

export function isFromOutside(parameter: Arg): boolean {
  return FROM_OUTSIDE.test(parameter.arg);
}

/** Names of what a program has only as much of as its text says. */
const OF_THE_PROGRAM =
  /^(?:\w+_)?(?:cls|klass|class_?|typ|type_?|types|model|func|fn|function|callable|method|module|mod|enum|descriptor|field|plugin|backend|lang|language|locale|dtype|version|annotation|hint|tp|debug|verbose|strict|flags?|package|pkg|kind|mode)$/i;

function isLimited(file: ScannedFile, { arg, annotation }: Arg, defaulted: Expr | undefined): boolean {
  if (annotation !== undefined) {
    const ofType = limitOfAnnotation(file, annotation);
    if (ofType !== undefined) return ofType;
  }
  if (defaulted?.kind === 'Constant' && typeof defaulted.value === 'boolean') return true;
  return OF_THE_PROGRAM.test(arg);
}

/** Whether values of the type are few. Undefined where the type says nothing of that, as `str`. */
function limitOfAnnotation(file: ScannedFile, annotation: Expr): boolean | undefined {
  const pending: Expr[] = [annotation];
  let result: boolean | undefined;
  for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
    if (expr.kind === 'BinOp' && expr.op === 'BitOr') pending.push(expr.left, expr.right);
    else if (expr.kind === 'Subscript' && /(?:^|\.)(?:Optional|Union)$/.test(nameOf(file, expr.value))) {
      pending.push(...(expr.slice.kind === 'Tuple' ? expr.slice.elts : [expr.slice]));
    } else if (expr.kind === 'Constant' && expr.value === null) result ??= true;
    else if (isLimitedType(file, expr)) result ??= true;
    else return undefined;
  }
  return result;
}

const LIMITED_TYPES: ReadonlySet<string> = new Set([
  'builtins.bool',
  'builtins.type',
  'typing.Type',
  'typing.Literal',
  'typing_extensions.Literal',
  'typing.Callable',
  'collections.abc.Callable',
  'types.ModuleType',
  'types.FunctionType',
]);

function isLimitedType(file: ScannedFile, expr: Expr): boolean {
  const named = expr.kind === 'Subscript' ? expr.value : expr;
  if (LIMITED_TYPES.has(nameOf(file, named))) return true;
  return inferValues(file.index, file.source, named).some(
    (value) => value.kind === 'class' && hasFewInstances(file, value.class),
  );
}

function nameOf(file: ScannedFile, expr: Expr): string {
  return dottedName(file.source, expr) ?? (expr.kind === 'Name' ? expr.id : '');
}
