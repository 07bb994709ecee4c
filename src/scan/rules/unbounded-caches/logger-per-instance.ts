// C10: loggers named after an object, a connection or a request, each of which the logging module keeps for good.

import type { Call, Expr } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../../source/source-index.ts';
import type { Condition, Confidence } from '../../finding.ts';
import { hasFewInstances } from '../../lifetimes/instance-count.ts';
import type { Rule } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

export const loggerPerInstance: Rule = {
  name: 'logger-per-instance',
  code: 'C10',
  cause: 'unbounded cache',
  sameAs: [],
  words: ['getLogger', 'getChild'],
  doc: {
    what: '`logging.getLogger` with a name made of an object’s own data, such as the id of a connection.',
    why: 'The logging module keeps every logger that was ever asked for in a dictionary by name, as long as the process lives. A name for each connection, job or request means a logger for each.',
    evidence:
      'The call stands in a function, and its name is formatted from an attribute of `self`, a parameter or a call; module names, class names and constants do not count. High where the varying part is named as an identifier or address and the code runs again and again; medium where one of the two holds, low where neither does.',
    fix: 'Use one logger for the module, and a `logging.LoggerAdapter` (or `extra=`) for what varies: `LoggerAdapter(logger, {"connection": cid})`. There is no automatic fix, because the names of loggers are part of how logging is configured.',
    ignore: 'The names are few: plug-ins, configured sites, worker numbers.',
    example: {
      leaks: `
import logging

class Connection:
    def __init__(self, connection_id):
        self.log = logging.getLogger(f"{__name__}.{connection_id}")
`,
      fine: `
import logging

logger = logging.getLogger(__name__)

class Connection:
    def __init__(self, connection_id):
        self.log = logging.LoggerAdapter(logger, {"connection": connection_id})
`,
    },
  },
  check(file, report) {
    for (const call of file.source.calls) {
      const name = loggerName(file, call);
      const callee = name === undefined ? undefined : enclosingFunction(file.source, call);
      if (name === undefined || callee === undefined) continue;
      const varying = varyingParts(file, callee, name);
      const part = varying.find((expr) => isIdentifier(file, expr)) ?? varying[0];
      if (part === undefined) continue;
      // A name handed through as it is comes from whoever calls: only an identifier tells that it varies.
      if (part === name && !isIdentifier(file, part)) continue;
      report({
        node: call,
        message: `every distinct \`${textOf(file, part)}\` makes another logger, and \`logging\` keeps each for good`,
        remedy: 'use the logger of the module with a `LoggerAdapter` for what varies',
        evidence: [{ node: part, text: 'differs from object to object' }],
        ...gravityOf(file, callee, isIdentifier(file, part)),
      });
    }
  },
};

/** The name a call asks a logger for: the argument of `getLogger` or of a logger's `getChild`. */
function loggerName(file: ScannedFile, call: Call): Expr | undefined {
  const { func } = call;
  if (func.kind === 'Attribute' && func.attr === 'getChild') return call.args[0];
  if (dottedName(file.source, func) !== 'logging.getLogger') return undefined;
  return call.args[0] ?? call.keywords.find(({ arg }) => arg === 'name')?.value;
}

/** The parts of a name that need not be the same on the next call. */
function varyingParts(file: ScannedFile, callee: FunctionInfo, name: Expr): readonly Expr[] {
  const found: Expr[] = [];
  const pending: Expr[] = [name];
  for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
    switch (expr.kind) {
      case 'JoinedStr':
        pending.push(...expr.values);
        break;
      case 'Tuple':
        pending.push(...expr.elts);
        break;
      case 'FormattedValue':
        pending.push(expr.value);
        break;
      case 'BinOp':
        pending.push(expr.left, expr.right);
        break;
      case 'Call':
        if (expr.func.kind === 'Attribute' && (expr.func.attr === 'format' || expr.func.attr === 'join')) {
          pending.push(...expr.args, ...expr.keywords.map(({ value }) => value));
        } else if (isNamed(file, expr, /^builtins\.(?:str|repr|hex)$/) && expr.args[0] !== undefined) {
          pending.push(expr.args[0]);
        } else if (isNamed(file, expr, /^(?:builtins\.id|uuid\.uuid[1-8]|time\.time)$/)) found.push(expr);
        break;
      case 'Attribute':
        if (!/^__|^[A-Z]/.test(expr.attr) && isOfCall(file, callee, expr)) found.push(expr);
        break;
      case 'Name':
        if (isOfCall(file, callee, expr)) found.push(expr);
        break;
      default:
    }
  }
  return found;
}

function isNamed(file: ScannedFile, call: Call, pattern: RegExp): boolean {
  return pattern.test(dottedName(file.source, call.func) ?? '');
}

/** Whether the root of an expression is a parameter or a variable of the function: `self.id`, `peer`. */
function isOfCall(file: ScannedFile, { class: cls, role }: FunctionInfo, expr: Expr): boolean {
  let root = expr;
  while (root.kind === 'Attribute') {
    if (/^__/.test(root.attr)) return false;
    root = root.value;
  }
  if (root.kind !== 'Name' || root.id === 'cls' || role === 'class method') return false;
  const binding = bindingOf(file.source, root);
  if (binding === undefined || (binding.scope.kind !== 'function' && binding.scope.kind !== 'lambda')) return false;
  // What the class body sets is the same for all objects.
  if (expr.kind === 'Attribute' && expr.value === root && cls?.scope.bindings.has(expr.attr) === true) return false;
  return !binding.definitions.some((definition) => definition.kind === 'value' && isClassName(definition.value));
}

/** `self.__class__.__name__`, `type(self).__qualname__`: one for each class. */
function isClassName(value: Expr): boolean {
  return (value.kind === 'Attribute' && /^__\w+__$/.test(value.attr)) || value.kind === 'Constant';
}

const IDENTIFIER =
  /^(?:\w+_)?(?:id|uuid|guid|uid|sid|cid|addr|address|peer|peername|ip|port|fd|fileno|session|conn|connection|request|token|email|username|user|timestamp)$|[a-z]Id$/;

function isIdentifier(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind === 'Call') return isNamed(file, expr, /^(?:builtins\.id|uuid\.uuid[1-8]|time\.time)$/);
  return IDENTIFIER.test(expr.kind === 'Name' ? expr.id : expr.kind === 'Attribute' ? expr.attr : '');
}

function gravityOf(file: ScannedFile, callee: FunctionInfo, isIdentified: boolean) {
  const { module } = file.source;
  const { class: cls, node, qualname } = callee;
  const isConstructor = cls !== undefined && node.kind !== 'Lambda' && /^__(?:init|post_init|new)__$/.test(node.name);
  const condition: Condition = isConstructor
    ? { kind: 'is made repeatedly', module, className: cls.qualname }
    : { kind: 'runs repeatedly', module, qualname };
  const confidence: Confidence = isConstructor && hasFewInstances(file, cls) ? 'low' : isIdentified ? 'high' : 'medium';
  return { confidence, conditions: [{ condition, otherwise: isIdentified ? 'medium' : 'low' }] } as const;
}
