// R14: an object whose own `close()` forgets a resource that the object opened itself.

import { attributeStores } from '../../../source/class-members.ts';
import type { Attribute, FunctionDef, Node, Stmt } from '../../../source/python-ast.ts';
import type { ClassInfo, FunctionInfo } from '../../../source/source-index.ts';
import { indentationUnit } from '../../edits/edits.ts';
import { hasOwnLines, linesAfter } from '../../edits/line-edits.ts';
import type { Confidence, Fix } from '../../finding.ts';
import { isInside, perObject } from '../../lifetimes/receivers.ts';
import { isScript } from '../../lifetimes/run-once.ts';
import { releaseOf } from '../../resources/field-release-code.ts';
import { fieldUseOf, isReachedByText } from '../../resources/field-uses.ts';
import {
  closersOf,
  familyOf,
  hasUnknownBase,
  isEmptied,
  isWithin,
  nameOf,
  type OwnedField,
  ownedFieldsOf,
  soundsLikeEnding,
} from '../../resources/owned-fields.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile } from '../../scanned-file.ts';

export const fieldNotReleased: Rule = {
  name: 'field-not-released',
  code: 'R14',
  cause: 'open resource',
  sameAs: [],
  words: ['class'],
  doc: {
    what: 'A class with a `close()` of its own that releases nothing of a resource its objects opened.',
    why: 'Whoever calls `close()` trusts that the object gives back all it holds. A forgotten descriptor, connection or pool stays for as long as anything refers to the object, and some stay even after that.',
    evidence:
      'The object opens the resource itself and keeps it in an attribute; the class has `close`, `stop`, `shutdown`, `__exit__` or the like; and nothing in the file releases the attribute, hands it on or enters it. What is passed to the constructor is not looked at. High where the resource outlives its last reference (a descriptor, a worker pool, a temporary directory) and the method does release something else; medium otherwise; low where a base class from elsewhere may do it.',
    fix: 'Release the attribute in the method too; the automatic fix adds that at its end.',
    ignore: 'When something outside the file releases it, or the object is meant to share it.',
    example: {
      leaks: `
import mmap

class Store:
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)

    def close(self):
        self.file.close()
`,
      fine: `
import mmap

class Store:
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)

    def close(self):
        self.map.close()
        self.file.close()
`,
    },
  },
  check(file, report) {
    for (const field of ownedFieldsOf(file)) {
      const closer = isReleased(file, field) ? undefined : mainCloser(file, field.cls);
      if (closer === undefined) continue;
      const { cls, name, model, openings } = field;
      const method = closer.node as FunctionDef;
      report({
        node: lastEnding(method) ?? method,
        confidence: confidenceOf(file, field, method),
        message: `\`${closer.qualname}\` leaves \`self.${name}\` open, ${model.noun} that the object opened itself`,
        remedy: `release \`self.${name}\` in \`${method.name}\` too`,
        evidence: [{ node: openings[0]!.call, text: 'opened here' }],
        conditions: perObject(file, cls).filter(({ condition }) => condition.kind === 'is not a singleton'),
        subject: { form: 'instance attribute', module: file.source.module, className: cls.qualname, name },
        fix: () => releaseFix(file, field, method),
      });
    }
  },
};

/** The method of the class that its users call in the end: of those that call one another, the outermost. */
function mainCloser(file: ScannedFile, cls: ClassInfo): FunctionInfo | undefined {
  const closers = closersOf(file, cls);
  const called = new Set(
    closers.flatMap(({ node }) =>
      file.source.calls.flatMap((call) =>
        isInside(call, node) && call.func.kind === 'Attribute' && isOnSelf(call.func) ? [call.func.attr] : [],
      ),
    ),
  );
  const plain = closers.filter((closer) => !nameOf(closer).startsWith('__'));
  const outermost = plain.filter((closer) => !called.has(nameOf(closer)));
  return outermost.at(-1) ?? plain.at(-1) ?? closers[0];
}

function isOnSelf({ value }: Attribute): boolean {
  return value.kind === 'Name' && value.id === 'self';
}

/** Whether anything in the file releases the field or may do so, or drops it at the end of an object. */
function isReleased(file: ScannedFile, { name, model, cls }: OwnedField): boolean {
  if (isReachedByText(file, name)) return true;
  const closers = familyOf(file, cls).flatMap((each) => closersOf(file, each));
  return (file.source.attributes.get(name) ?? []).some((mention) => {
    if (mention.ctx === 'Load') return fieldUseOf(file, mention, model) !== 'used';
    // What nothing refers to any more is closed, unless it stays by itself.
    if (model.outlivesReferences === 'always') return false;
    return mention.ctx === 'Del' || (isEmptied(mention) && isEnding(file, mention, closers));
  });
}

function isEnding(file: ScannedFile, node: Node, closers: readonly FunctionInfo[]): boolean {
  return isWithin(node, closers) || soundsLikeEnding(functionAround(file, node)?.name ?? '');
}

function confidenceOf(file: ScannedFile, { cls, model }: OwnedField, closer: FunctionDef): Confidence {
  const endsOthers = lastEnding(closer) !== undefined;
  if (isScript(file) || (hasUnknownBase(file, cls) && !endsOthers)) return 'low';
  return model.outlivesReferences === 'always' && endsOthers && !hasUnknownBase(file, cls) ? 'high' : 'medium';
}

/** The last statement of the method that ends something: where one more belongs. */
function lastEnding({ body }: FunctionDef): Stmt | undefined {
  return [...body].reverse().find((statement) => endsSomething(statement));
}

function endsSomething(statement: Node): boolean {
  const pending: Node[] = [statement];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    switch (node.kind) {
      case 'Call': {
        const { func } = node;
        if (func.kind === 'Attribute' && ENDING_CALL.test(func.attr)) return true;
        if (func.kind === 'Name' && ENDING_CALL.test(func.id)) return true;
        break;
      }
      case 'Expr':
      case 'Await':
        pending.push(node.value);
        break;
      case 'If':
      case 'For':
      case 'While':
      case 'With':
      case 'AsyncWith':
        pending.push(...node.body);
        break;
      case 'Try':
        pending.push(...node.body, ...node.finalbody);
        break;
      default:
    }
  }
  return false;
}

const ENDING_CALL =
  /^_*(?:a?close|shut_?down|disconnect|stop|terminate|clean_?up|dispose|destroy|rmtree|unlink|remove|kill|join|cancel)/i;

/** Adds the release at the end of the method. */
function releaseFix(file: ScannedFile, field: OwnedField, closer: FunctionDef): Fix | undefined {
  const { cls, name, model } = field;
  const last = closer.body.at(-1)!;
  if (last.kind === 'Return' || last.kind === 'Raise') return undefined;
  if (model.isAsync && closer.kind !== 'AsyncFunctionDef') return undefined;
  const stores = attributeStores(cls, name);
  if (!stores.some((store) => functionAround(file, store)?.name === '__init__')) return undefined;
  const { text } = file.source;
  const self = closer.args.args[0]?.arg ?? 'self';
  const release = releaseOf(file, model, `${self}.${name}`);
  if (release === undefined || !hasOwnLines(text, last)) return undefined;
  const lines = stores.some(isEmptied)
    ? [`if ${self}.${name} is not None:`, `${indentationUnit(text)}${release.statement}`]
    : [release.statement];
  return {
    title: `Release \`${self}.${name}\` in \`${closer.name}\``,
    safety: 'unsafe',
    edits: [linesAfter(text, last, lines), ...release.edits],
  };
}
