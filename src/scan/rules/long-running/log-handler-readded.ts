// L01: a new handler is added to a logger, which lives as long as the process, each time a function or `__init__` runs.

import type { Call, Expr, FunctionDef, Node, Stmt } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { FunctionInfo } from '../../../source/source-index.ts';
import { bindingOf, enclosingFunction } from '../../../source/source-index.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart } from '../../edits/edits.ts';
import type { Conditional, Confidence, Edit, Fix } from '../../finding.ts';
import { freshPartOf } from '../../growth/fresh-values.ts';
import { blockWith, isGuardedByOwnFlag } from '../../lifetimes/guards.ts';
import { isInside, isSingleton, perObject } from '../../lifetimes/receivers.ts';
import { isScript, isStartUp } from '../../lifetimes/run-once.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const logHandlerReadded: Rule = {
  name: 'log-handler-readded',
  code: 'L01',
  cause: 'long-running process',
  sameAs: [],
  words: ['addHandler'],
  doc: {
    what: 'A function or `__init__` that makes a handler and adds it to a logger from `logging.getLogger`, without looking whether the logger has one.',
    why: '`getLogger` returns the same logger for the same name, and the logger keeps every handler it is given. Each further call adds one more: records are written twice, three times, and so on, and the handlers, their streams and open files are never freed.',
    evidence:
      'The handler is made in the same function, the logger comes from `getLogger`, and nothing asks for `handlers` or `hasHandlers`, sets a flag, or removes handlers. High where the function or class is known to run again and again, medium for functions that return the logger and for `__init__`, low for functions that by their name run once (`setup_logging`, `main`).',
    fix: 'Configure logging once at the start of the program, or look at `logger.handlers` first. The fix puts the making and adding of the handler below `if not logger.handlers:`.',
    ignore: 'When the function runs once in the life of a process, such as `main`.',
    example: {
      leaks: `
import logging

class Worker:
    def __init__(self, path):
        self.logger = logging.getLogger('worker')
        handler = logging.FileHandler(path)
        self.logger.addHandler(handler)
`,
      fine: `
import logging

class Worker:
    def __init__(self, path):
        self.logger = logging.getLogger('worker')
        if not self.logger.handlers:
            handler = logging.FileHandler(path)
            self.logger.addHandler(handler)
`,
    },
  },
  check(file, report) {
    for (const attribute of file.source.attributes.get('addHandler') ?? []) {
      const call = attribute.parent;
      if (call?.kind !== 'Call' || call.func !== attribute || call.args.length !== 1) continue;
      const around = functionAround(file, call);
      const info = around === undefined ? undefined : file.source.functionOf.get(around);
      if (around === undefined || info === undefined || isCached(around)) continue;
      const made = handlerMade(file, call, around);
      if (made === undefined || !isSharedLogger(file, attribute.value, info) || isLookedAfter(file, call, info))
        continue;
      report({
        node: made,
        ...sureness(file, info),
        message: `every call of \`${nameOf(info)}\` adds another handler to the logger \`${textOf(file, attribute.value)}\``,
        remedy: 'add it once, or only where the logger has no handlers yet',
        evidence: [{ node: call, text: 'is added here' }],
        fix: () => guardFix(file, call, made, around),
      });
    }
  },
};

function nameOf({ node, class: cls }: FunctionInfo): string {
  const name = node.kind === 'Lambda' ? 'lambda' : node.name;
  return cls === undefined ? name : `${cls.node.name}.${name}`;
}

function isCached(around: FunctionDef): boolean {
  return around.decorator_list.some((decorator) => {
    const named = decorator.kind === 'Call' ? decorator.func : decorator;
    return /cache|once/.test(named.kind === 'Attribute' ? named.attr : named.kind === 'Name' ? named.id : '');
  });
}

/** The expression that makes the handler anew in this function; undefined where it comes from elsewhere. */
function handlerMade(file: ScannedFile, call: Call, around: FunctionDef): Expr | undefined {
  const handler = call.args[0]!;
  if (handler.kind === 'Call') return handler;
  if (handler.kind !== 'Name') return undefined;
  const binding = bindingOf(file.source, handler);
  if (binding === undefined || binding.scope.node !== around) return undefined;
  const made = binding.definitions.flatMap((definition) =>
    definition.kind === 'value' && definition.value.kind === 'Call' && definition.node.start < call.start
      ? [definition.value]
      : [],
  );
  return made.at(-1);
}

/** Whether the logger is one that `getLogger` hands out again: its name is not new at every call. */
function isSharedLogger(file: ScannedFile, logger: Expr, { class: cls }: FunctionInfo): boolean {
  const origins = originsOf(file, logger, cls?.node);
  return origins.some((origin) => {
    if (origin.kind !== 'Call') return dottedName(file.source, origin) === 'logging.root';
    const maker = dottedName(file.source, origin.func);
    if (maker === 'multiprocessing.get_logger') return true;
    if (maker !== 'logging.getLogger') return false;
    const [name] = origin.args;
    return name === undefined || (!namesInstance(name) && freshPartOf(file, name) === undefined);
  });
}

function originsOf(file: ScannedFile, logger: Expr, cls: Node | undefined): readonly Expr[] {
  switch (logger.kind) {
    case 'Name':
      return (bindingOf(file.source, logger)?.definitions ?? []).flatMap((definition) =>
        definition.kind === 'value' ? [definition.value] : [],
      );
    case 'Attribute': {
      if (dottedName(file.source, logger) !== undefined || cls === undefined) return [logger];
      const stores = (file.source.attributes.get(logger.attr) ?? []).filter(
        (store) => store.ctx === 'Store' && isInside(store, cls) && store.parent?.kind === 'Assign',
      );
      return stores.flatMap(({ parent }) =>
        parent?.kind === 'Assign' ? originsOf(file, parent.value, undefined) : [],
      );
    }
    default:
      return [logger];
  }
}

/** `f'{name}-{self.id}'`: one logger for each object, which is C10's case. */
function namesInstance(name: Expr): boolean {
  const parts = name.kind === 'JoinedStr' ? name.values : [name];
  return parts.some((part) => {
    const value = part.kind === 'FormattedValue' ? part.value : part;
    return value.kind === 'Attribute' && value.value.kind === 'Name' && value.value.id === 'self';
  });
}

/** Whether the function, its class or its file looks at the logger's handlers, removes one, or sets a flag. */
function isLookedAfter(file: ScannedFile, call: Call, info: FunctionInfo): boolean {
  const region = info.class?.node ?? info.node;
  const within = (name: string, around: Node) =>
    (file.source.attributes.get(name) ?? []).some((attribute) => isInside(attribute, around));
  return (
    (file.source.attributes.get('removeHandler') ?? []).length > 0 ||
    within('handlers', region) ||
    within('hasHandlers', region) ||
    isGuardedByOwnFlag(file, call)
  );
}

function sureness(
  file: ScannedFile,
  info: FunctionInfo,
): { readonly confidence: Confidence; readonly conditions: readonly Conditional[] } {
  const { class: cls, node, qualname } = info;
  if (isScript(file)) return { confidence: 'low', conditions: [] };
  if (cls !== undefined && node.kind !== 'Lambda' && /^__(?:init|post_init)__$/.test(node.name)) {
    return { confidence: isSingleton(cls) ? 'low' : 'high', conditions: perObject(file, cls) };
  }
  const once = node.kind === 'Lambda' || (isStartUp(node.name) && !returnsLogger(file, node));
  return {
    confidence: 'high',
    conditions: [
      {
        condition: { kind: 'runs repeatedly', module: file.source.module, qualname },
        otherwise: once || cls !== undefined ? 'low' : 'medium',
      },
    ],
  };
}

/** Whether the function hands out a logger: then every module that logs calls it. */
function returnsLogger(file: ScannedFile, around: FunctionDef): boolean {
  const calls = file.source.calls.filter(
    (call) =>
      isInside(call, around) &&
      /^(?:logging\.getLogger|multiprocessing\.get_logger)$/.test(dottedName(file.source, call.func) ?? ''),
  );
  return calls.some(({ parent }) => {
    if (parent?.kind === 'Return') return true;
    const target = parent?.kind === 'Assign' ? parent.targets[0] : undefined;
    if (target?.kind !== 'Name') return false;
    return (file.source.names.get(target.id) ?? []).some(
      (name) => name.parent?.kind === 'Return' && enclosingFunction(file.source, name)?.node === around,
    );
  });
}

/** Puts everything from the making to the adding of the handler below a test, where that is all there is in between. */
function guardFix(file: ScannedFile, call: Call, made: Expr, around: FunctionDef): Fix | undefined {
  const last = call.parent;
  const logger = call.func.kind === 'Attribute' ? call.func.value : undefined;
  if (last?.kind !== 'Expr' || logger === undefined || last.parent === undefined) return undefined;
  const adding = (file.source.attributes.get('addHandler') ?? []).filter((attribute) => isInside(attribute, around));
  const block = blockWith(last.parent, last);
  const first = block.findIndex((statement) => isInside(made, statement));
  if (first < 0 || adding.length > 1) return undefined;
  const moved = block.slice(first, block.indexOf(last) + 1);
  if (!moved.every((statement) => isOneLine(file, statement)) || isUsedLater(file, moved, around)) return undefined;
  return {
    title: `Add the handler only where \`${textOf(file, logger)}\` has none`,
    safety: 'unsafe',
    edits: indented(file, moved, `if not ${textOf(file, logger)}.handlers:`),
  };
}

function isOneLine(file: ScannedFile, statement: Stmt): boolean {
  const { text } = file.source;
  const startsLine = lineStart(text, statement.start) + indentationAt(text, statement.start).length === statement.start;
  return statement.line === statement.endLine && startsLine;
}

/** Whether a name that the statements bind is read after them. */
function isUsedLater(file: ScannedFile, moved: readonly Stmt[], around: FunctionDef): boolean {
  const end = moved.at(-1)!.end;
  return moved.some((statement) => {
    const targets = statement.kind === 'Assign' ? statement.targets : [];
    return targets.some(
      (target) =>
        target.kind !== 'Name' ||
        (file.source.names.get(target.id) ?? []).some((name) => name.start > end && isInside(name, around)),
    );
  });
}

function indented(file: ScannedFile, statements: readonly Stmt[], header: string): readonly Edit[] {
  const { text } = file.source;
  const unit = indentationUnit(text);
  return statements.map(({ start }, i) => ({
    start,
    end: start,
    text: i === 0 ? `${header}${lineEndOf(text)}${indentationAt(text, start)}${unit}` : unit,
  }));
}
