// R15: an attribute that holds an open resource is given another value, and nothing releases the old one.

import { attributeStores } from '../../../source/class-members.ts';
import type { Attribute, FunctionDef, Node, Stmt } from '../../../source/python-ast.ts';
import { hasOwnLines, linesBefore } from '../../edits/line-edits.ts';
import type { Confidence, Fix } from '../../finding.ts';
import { isGuardedBy } from '../../lifetimes/guards.ts';
import { isInside, receiverAround } from '../../lifetimes/receivers.ts';
import { isScript } from '../../lifetimes/run-once.ts';
import { releaseOf } from '../../resources/field-release-code.ts';
import { endingFunctions, fieldUseOf, isReachedByText } from '../../resources/field-uses.ts';
import { isEmptied, type OwnedField, ownedFieldsOf, soundsLikeEnding } from '../../resources/owned-fields.ts';
import type { Rule } from '../../rule.ts';
import { loopAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const fieldOverwritten: Rule = {
  name: 'field-overwritten',
  code: 'R15',
  cause: 'open resource',
  sameAs: [],
  words: ['class'],
  doc: {
    what: 'An attribute that holds a socket, file or the like is set to `None` or to a new one while the old one is open.',
    why: 'The object forgets the old resource without closing it. A connection then stays open until the collector comes by it, and for good where a traceback or another object refers to it too.',
    evidence:
      'The object opened the resource itself. It is set to `None` by a method that has used or opened it just before; or it is opened again in a loop or by a method that does so repeatedly (`reconnect`, `reload`, `rotate`), without a test of the attribute. Nothing before in the method, and no method that calls it, releases it. High where the resource outlives its last reference; medium otherwise; low for files that are replaced, which CPython closes at once.',
    fix: 'Close it before; the automatic fix adds that.',
    ignore: 'When something else has closed it, or keeps it on purpose.',
    example: {
      leaks: `
import socket

class Client:
    def __init__(self, address):
        self.sock = socket.create_connection(address)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            self.sock = None
            raise
`,
      fine: `
import socket

class Client:
    def __init__(self, address):
        self.sock = socket.create_connection(address)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            self.sock.close()
            self.sock = None
            raise
`,
    },
  },
  check(file, report) {
    for (const field of ownedFieldsOf(file)) {
      if (isReachedByText(file, field.name)) continue;
      for (const store of attributeStores(field.cls, field.name)) {
        const kind = overwriting(file, field, store);
        if (kind === undefined) continue;
        const { model, name } = field;
        const opening = field.openings.find(({ target }) => target !== store) ?? field.openings[0]!;
        report({
          node: store.parent!,
          confidence: confidenceOf(file, field, kind),
          message: `\`self.${name}\` holds ${model.noun} that is still open when it is ${kind === 'forgotten' ? 'set to `None`' : 'given a new one'} here`,
          remedy: `release \`self.${name}\` first`,
          evidence: [{ node: opening.call, text: 'opened here' }],
          fix: () => releaseFirst(file, field, store, kind),
        });
      }
    }
  },
};

type Overwriting = 'forgotten' | 'replaced';

/** What a store makes of the open resource that the field held. */
function overwriting(file: ScannedFile, field: OwnedField, store: Attribute): Overwriting | undefined {
  const receiver = receiverAround(file, store);
  if (receiver?.cls !== field.cls || receiver.method.node.kind === 'Lambda') return undefined;
  const method = receiver.method.node;
  if (ONCE.test(method.name)) return undefined;
  const isReplaced = field.openings.some(({ target }) => target === store);
  if (!isReplaced && (!isEmptied(store) || AFTERWARDS.test(method.name))) return undefined;
  if (isGuardedBy(store, (read) => read === field.name)) return undefined;
  const before = usesBefore(file, field, store, method);
  if (before.some((use) => use.ctx === 'Del' || (use.ctx === 'Load' && fieldUseOf(file, use, field.model) !== 'used')))
    return undefined;
  if (endsBefore(file, store, method) || isReleasedByCallers(file, field, method)) return undefined;
  if (!isReplaced) return before.some((use) => isOpenAfter(field, use, store)) ? 'forgotten' : undefined;
  const isAgain = AGAIN.test(method.name) || loopAround(store) !== undefined;
  return isAgain && !before.some(isStoredNone) ? 'replaced' : undefined;
}

/** Methods that give a field its first value. */
const ONCE = /^(?:__\w+__|_*(?:set_?up|init\w*|start\w*|open\w*)|setUp\w*)$/;
/** Methods that are called when the resource has ended, or belongs to another process. */
const AFTERWARDS = /^_*(?:on_|handle_|after_|.*(?:closed|lost|fork|detach|release|disown|give|take|pop))/;
const AGAIN =
  /^_*(?:re(?:connect|open|load|set|start|fresh|new|create|build|try|init)|rotate|switch|next_|roll|do_rollover)/i;

/** Mentions of the field by the same method, before the store. */
function usesBefore(
  file: ScannedFile,
  { name }: OwnedField,
  store: Attribute,
  method: FunctionDef,
): readonly Attribute[] {
  return (file.source.attributes.get(name) ?? []).filter(
    (use) => isInside(use, method) && use.end <= store.start && textOf(file, use) === textOf(file, store),
  );
}

/** Whether the method calls something that ends things, before the store: `self.close()`. */
function endsBefore(file: ScannedFile, store: Attribute, method: FunctionDef): boolean {
  return file.source.calls.some(({ func, start }) => {
    if (start < method.start || start >= store.start) return false;
    const name = func.kind === 'Attribute' ? func.attr : func.kind === 'Name' ? func.id : '';
    const isOwn = func.kind === 'Name' || (func.kind === 'Attribute' && func.value.kind !== 'Attribute');
    return isOwn && soundsLikeEnding(name);
  });
}

/** Whether a method that calls this one releases the field, as `close` does that ends with `self._reset()`. */
function isReleasedByCallers(file: ScannedFile, { name, model }: OwnedField, method: FunctionDef): boolean {
  const calls = file.source.attributes.get(method.name) ?? [];
  if (calls.length === 0) return false;
  const callers = file.source.functions.filter(({ node }) => calls.some((call) => isInside(call, node)));
  const releases = (file.source.attributes.get(name) ?? []).filter(
    (use) => use.ctx === 'Load' && fieldUseOf(file, use, model) !== 'used',
  );
  return callers.some(
    ({ node }) =>
      releases.some((release) => isInside(release, node)) ||
      (node.kind !== 'Lambda' && endingFunctions(file).has(node.name)),
  );
}

/** Whether the use shows the resource open, on a way that leads to the store: not in the other branch of a condition. */
function isOpenAfter({ openings }: OwnedField, use: Attribute, store: Attribute): boolean {
  if (use.ctx === 'Store' && !openings.some(({ target }) => target === use)) return false;
  if (use.ctx === 'Load' && !isWorkedWith(use)) return false;
  for (let around: Node | undefined = use; around !== undefined; around = around.parent) {
    const { parent } = around;
    if (parent === undefined || isInside(store, parent)) return parent?.kind !== 'If' && parent?.kind !== 'Match';
    // What follows a branch that leaves is reached without it.
    if (parent.kind === 'If' || parent.kind === 'match_case') return false;
  }
  return false;
}

/** A method call on it, not a mere test. */
function isWorkedWith({ parent }: Attribute): boolean {
  return parent?.kind === 'Attribute' && parent.parent?.kind === 'Call' && parent.parent.func === parent;
}

function isStoredNone(use: Attribute): boolean {
  return use.ctx === 'Store' && isEmptied(use);
}

function confidenceOf(file: ScannedFile, { model }: OwnedField, kind: Overwriting): Confidence {
  if (isScript(file)) return 'low';
  if (model.outlivesReferences === 'always') return 'high';
  const isClosedAtOnce = model.family === 'file' || model.family === 'mapping' || model.family === 'directory listing';
  return kind === 'replaced' && isClosedAtOnce ? 'low' : 'medium';
}

function releaseFirst(file: ScannedFile, field: OwnedField, store: Attribute, kind: Overwriting): Fix | undefined {
  const statement = store.parent as Stmt;
  const method = receiverAround(file, store)?.method.node;
  const release = releaseOf(file, field.model, textOf(file, store));
  if (release === undefined || !hasOwnLines(file.source.text, statement) || kind === 'replaced') return undefined;
  if (field.model.isAsync && method?.kind !== 'AsyncFunctionDef') return undefined;
  return {
    title: `Release \`${textOf(file, store)}\` first`,
    safety: 'unsafe',
    edits: [linesBefore(file.source.text, statement, [release.statement]), ...release.edits],
  };
}
