// L08: entries added whatever the state, but removed only while a flag of the object is set.

import { attributeStores } from '../../../source/class-members.ts';
import { usesOf } from '../../../source/container-operations.ts';
import type { Attribute, Expr, Node } from '../../../source/python-ast.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../../source/source-index.ts';
import { isReceiverName } from '../../growth/key-provenance.ts';
import { type PersistentContainer, persistentContainers } from '../../growth/persistent-containers.ts';
import type { Rule } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

export const addWithoutDiscard: Rule = {
  name: 'add-without-discard',
  code: 'L08',
  cause: 'long-running process',
  sameAs: [],
  words: ['class'],
  doc: {
    what: 'A set, list or dict of an object that entries are added to in any state, but taken out of only while an attribute of the object is set.',
    why: 'While the attribute is not set (no file is open, no client is connected), what is added stays. An object that lives through long such times fills up.',
    evidence:
      'Every removal stands behind a test of one attribute of the same object (`if self.stream:`, or an early return), the attribute changes while the object lives, and at least one method adds a parameter without that test. Likely, never certain: the methods may not be called in that state.',
    fix: 'Test the same attribute before adding, or remove without the test.',
    ignore: 'When nothing is added before the attribute is set.',
    example: {
      leaks: `
class Save:
    def __init__(self):
        self.stream = None
        self.active = set()

    def start(self, path):
        self.stream = open(path, "wb")

    def request(self, flow):
        self.active.add(flow)

    def response(self, flow):
        if self.stream:
            self.stream.write(flow.raw)
            self.active.discard(flow)
`,
      fine: `
class Save:
    def __init__(self):
        self.stream = None
        self.active = set()

    def start(self, path):
        self.stream = open(path, "wb")

    def request(self, flow):
        if self.stream:
            self.active.add(flow)

    def response(self, flow):
        if self.stream:
            self.stream.write(flow.raw)
            self.active.discard(flow)
`,
    },
  },
  check(file, report) {
    for (const container of persistentContainers(file)) {
      if (container.form !== 'instance attribute' || container.kind === 'queue') continue;
      for (const { add, removal, flag } of unevenUses(file, container)) {
        report({
          node: add,
          message: `\`${container.label}\` gains an entry here whatever \`${flag}\` is, but loses entries only while it is set`,
          confidence: 'medium',
          remedy: 'test the same attribute before adding, or remove without the test',
          evidence: [{ node: removal, text: 'removed here only' }],
          conditions: [
            { condition: { kind: 'attribute is not shrunk elsewhere', name: container.name }, otherwise: 'drop' },
          ],
          subject: container.holder,
        });
      }
    }
  },
};

interface Place {
  readonly node: Node;
  readonly method: FunctionInfo;
  readonly flags: ReadonlySet<string>;
}

interface UnevenUse {
  readonly add: Node;
  readonly removal: Node;
  /** `self.stream` */
  readonly flag: string;
}

function unevenUses(file: ScannedFile, container: PersistentContainer): readonly UnevenUse[] {
  const { adds, removals } = placesOf(file, container);
  if (adds.length === 0 || removals.length === 0) return [];
  const common = [...removals[0]!.flags].filter((flag) => removals.every(({ flags }) => flags.has(flag)));
  for (const flag of common) {
    if (!changes(container, flag) || flag.endsWith(`.${container.name}`)) continue;
    const uneven = adds.filter(({ flags, method }) => !flags.has(flag) && !isCalledBehind(file, method, flag));
    if (uneven.length > 0) return uneven.map((add) => ({ add: add.node, removal: removals[0]!.node, flag }));
  }
  return [];
}

function placesOf(file: ScannedFile, { name, cls }: PersistentContainer) {
  const adds: Place[] = [];
  const removals: Place[] = [];
  for (const expr of file.source.attributes.get(name) ?? []) {
    const uses = usesOf(expr);
    const added = uses.find((use) => use.effect === 'grow' && !use.entry && !use.unsure);
    const removed = uses.find((use) => use.effect === 'shrink');
    if (added === undefined && removed === undefined) continue;
    const method = enclosingFunction(file.source, expr);
    if (method?.class === undefined || method.class !== cls) {
      // Elsewhere in the file, and beyond what is compared here.
      if (removed !== undefined) removals.push({ node: expr, method: method!, flags: new Set() });
      continue;
    }
    const place = { node: expr, method, flags: flagsAround(file, expr, method) };
    if (removed !== undefined) removals.push(place);
    else if (method.node.kind !== 'Lambda' && method.node.name !== '__init__' && addsParameter(file, expr)) {
      adds.push({ ...place, node: added!.effect === 'grow' ? added!.node : expr });
    }
  }
  return { adds, removals };
}

/** Whether what is added comes with the call: `add(flow)`, `[flow.id] = …`. */
function addsParameter(file: ScannedFile, expr: Attribute): boolean {
  const { parent } = expr;
  const call = parent?.parent;
  let added: Expr | undefined;
  if (parent?.kind === 'Subscript') added = parent.slice;
  else if (parent?.kind === 'Attribute' && parent.attr !== 'update' && call?.kind === 'Call') added = call.args[0];
  while (added?.kind === 'Attribute') added = added.value;
  if (added?.kind !== 'Name' || isReceiverName(file, added)) return false;
  return bindingOf(file.source, added)?.definitions[0]?.kind === 'parameter';
}

/** Attributes of the object that are set wherever `node` runs: tested around it, or before by an early return. */
function flagsAround(file: ScannedFile, node: Node, method: FunctionInfo): ReadonlySet<string> {
  const flags = new Set<string>();
  const self = method.node.args.posonlyargs[0]?.arg ?? method.node.args.args[0]?.arg;
  const note = (expr: Expr | undefined) => {
    if (expr?.kind === 'Attribute' && expr.value.kind === 'Name' && expr.value.id === self)
      flags.add(textOf(file, expr));
  };
  let child = node;
  for (let outer = node.parent; outer !== undefined && child !== method.node; child = outer, outer = outer.parent) {
    if (outer.kind === 'If' && outer.body.includes(child as never)) setIn(outer.test).forEach(note);
    const body = 'body' in outer && Array.isArray(outer.body) ? (outer.body as readonly Node[]) : [];
    for (const earlier of body) {
      if (earlier === child || earlier.start > child.start) break;
      if (earlier.kind === 'If' && earlier.body.at(-1)?.kind === 'Return') note(unsetIn(earlier.test));
    }
  }
  return flags;
}

/** What `X`, `X is not None`, `X and Y` say is set. */
function setIn(test: Expr): readonly Expr[] {
  switch (test.kind) {
    case 'Attribute':
      return [test];
    case 'Compare':
      return test.ops[0] === 'IsNot' ? [test.left] : [];
    case 'BoolOp':
      return test.op === 'And' ? test.values.flatMap(setIn) : [];
    default:
      return [];
  }
}

/** What `not X`, `X is None` say is not set. */
function unsetIn(test: Expr): Expr | undefined {
  if (test.kind === 'UnaryOp' && test.op === 'Not') return test.operand;
  return test.kind === 'Compare' && test.ops[0] === 'Is' ? test.left : undefined;
}

/** Whether the flag is assigned in more than one place, so that it is not a choice made once. */
function changes({ cls }: PersistentContainer, flag: string): boolean {
  return cls !== undefined && attributeStores(cls, flag.slice(flag.lastIndexOf('.') + 1)).length > 1;
}

/** Whether the class calls the method itself, behind the test. */
function isCalledBehind(file: ScannedFile, method: FunctionInfo, flag: string): boolean {
  if (method.node.kind === 'Lambda') return true;
  return (file.source.attributes.get(method.node.name) ?? []).some((mention) => {
    const caller = enclosingFunction(file.source, mention);
    return caller?.class === method.class && caller !== undefined && flagsAround(file, mention, caller).has(flag);
  });
}
